;; case: B22
;; does: fails with a code of 200 bytes and a message of 1 MiB less those: the text is cut
;; expect: failed

(module
  (memory (export "memory") 32)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 1))
    (i32.store (i32.const 1028) (i32.const 8192))
    (i32.store (i32.const 1032) (i32.const 200))
    (i32.store (i32.const 1036) (i32.const 8192))
    (i32.store (i32.const 1040) (i32.const 1048176))
    (i32.const 1024))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
