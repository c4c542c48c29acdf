;; case: B09
;; does: has two functions that call each other through a table
;; expect: stack-overflow

(module
  (memory (export "memory") 16)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "quell:plugin/remediation@0.1.0#run") (param $input i32) (param $length i32) (result i32)
    (call $ping))
  (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
    (unreachable))
  (type $function (func (result i32)))
  (table funcref (elem $ping $pong))
  (func $ping (type $function)
    (i32.add (i32.const 1) (call_indirect (type $function) (i32.const 1))))
  (func $pong (type $function)
    (i32.add (i32.const 1) (call_indirect (type $function) (i32.const 0)))))
