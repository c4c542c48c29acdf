;; case: B15
;; does: writes large lines
;; limits: {"argument-bytes": 1000000}
;; calls: 16
;; expect: argument-limit

(module
  (import "quell:demo/things@0.1.0" "note" (func $note (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (loop $forever
      (call $note (i32.const 65536) (i32.const 10000))
      (br $forever))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
