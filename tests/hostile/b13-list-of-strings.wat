;; case: B13
;; does: passes a list of 1,000,000 strings
;; calls: 0
;; expect: hostcall-limit

(module
  (import "quell:demo/things@0.1.0" "label" (func $label (param i32 i32)))
  (memory (export "memory") 600)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (call $label (i32.const 8192) (i32.const 1000000))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
