;; case: B05
;; does: asks for 1 GiB more, again and again, and is refused each time
;; limits: {"fuel": 1000000}
;; expect: fuel-exhausted

(module
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (loop $forever
      (drop (memory.grow (i32.const 16384)))
      (br $forever))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
