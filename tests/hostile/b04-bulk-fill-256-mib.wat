;; case: B04
;; does: fills 256 MiB again and again; one fill cannot be interrupted
;; limits: {"fuel": 100000000000, "guest-time-ms": 50, "memory-bytes": 268435456}
;; expect: deadline

(module
  (memory (export "memory") 4096)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (loop $forever
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 268435455))
      (br $forever))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
