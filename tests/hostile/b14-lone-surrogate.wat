;; case: B14
;; does: passes half of a pair of surrogates
;; calls: 0
;; expect: trap

(module
  (import "quell:demo/things@0.1.0" "note" (func $note (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (call $note (i32.const 0) (i32.const 3))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable))
  (data (i32.const 0) "\ed\a0\80"))
