;; case: B23
;; does: passes NaN to the host
;; calls: 0
;; expect: argument-invalid

(module
  (import "quell:demo/things@0.1.0" "weigh" (func $weigh (param f64)))
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (call $weigh (f64.const nan))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
