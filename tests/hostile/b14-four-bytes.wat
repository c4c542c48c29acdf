;; case: B14
;; does: passes a character of four bytes
;; calls: 1
;; output: {}

(module
  (import "quell:demo/things@0.1.0" "note" (func $note (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (call $note (i32.const 0) (i32.const 4))
    ;; ok(the input)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (local.get $input))
    (i32.store (i32.const 1032) (local.get $length))
    (i32.const 1024))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable))
  (data (i32.const 0) "\f0\9f\94\91"))
