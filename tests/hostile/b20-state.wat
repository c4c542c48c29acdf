;; case: B20
;; does: keeps a count in its memory, which the next invocation does not see
;; runs: 3
;; output: 1

(module
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (i32.store8 (i32.const 10) (i32.add (i32.const 48) (i32.load (i32.const 0))))
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const 10))
    (i32.store (i32.const 1032) (i32.const 1))
    (i32.const 1024))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
