;; case: B09
;; does: calls itself without end when the host asks for memory
;; expect: stack-overflow

(module
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (call $deep (i32.const 0)))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable))
  (func $deep (param i32) (result i32)
    (i32.add (i32.const 1) (call $deep (local.get 0)))))
