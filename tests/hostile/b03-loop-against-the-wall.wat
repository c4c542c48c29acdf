;; case: B03
;; does: loops without end, with all the fuel and time that there can be
;; limits: {"fuel": 100000000000, "guest-time-ms": 300000, "wall-time-ms": 100}
;; expect: timeout

(module
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (loop $forever (br $forever))
    (unreachable))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable)))
