;; case: B02
;; does: loops when the host asks for memory for the input
;; limits: {"fuel": 1000000}
;; expect: fuel-exhausted

(module
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (loop $forever (br $forever))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
