;; case: B14
;; does: passes bytes that are no UTF-8
;; calls: 0
;; expect: trap

(module
  (import "quell:demo/things@0.1.0" "note" (func $note (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 5000) (i32.const 255))
    (call $note (i32.const 5000) (i32.const 1))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
