;; case: B19
;; does: uses a handle as one of another type
;; says: handle
;; expect: trap

(component
  (type $thing (resource (rep i32)))
  (type $other (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (core func $rep (canon resource.rep $thing))
  (core func $other-rep (canon resource.rep $other))
  (core module $m
    (import "things" "new" (func $new (param i32) (result i32)))
    (import "things" "drop" (func $drop (param i32)))
    (import "things" "rep" (func $rep (param i32) (result i32)))
    (import "things" "other-rep" (func $other-rep (param i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $other-rep (call $new (i32.const 7))))
    (func (export "describe") (result i32)
      (unreachable)))
  (core instance $m (instantiate $m
    (with "things" (instance
      (export "new" (func $new))
      (export "drop" (func $drop))
      (export "rep" (func $rep))
      (export "other-rep" (func $other-rep))))))
  (type $failure (record (field "code" string) (field "message" string)))
  (type $description (record
    (field "name" string) (field "version" string) (field "summary" string)
    (field "input-schema" string) (field "output-schema" string)))
  (alias core export $m "memory" (core memory $memory))
  (func $run (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $m "run") (memory $memory) (realloc (core func $m "realloc"))))
  (func $describe (result $description)
    (canon lift (core func $m "describe") (memory $memory)))
  (component $interface
    (type $failure (record (field "code" string) (field "message" string)))
    (import "failure" (type $f (eq $failure)))
    (type $description (record
      (field "name" string) (field "version" string) (field "summary" string)
      (field "input-schema" string) (field "output-schema" string)))
    (import "description" (type $d (eq $description)))
    (import "run" (func $run (param "input" string) (result (result string (error $f)))))
    (import "describe" (func $describe (result $d)))
    (export $f2 "failure" (type $f))
    (export $d2 "description" (type $d))
    (export "run" (func $run) (func (param "input" string) (result (result string (error $f2)))))
    (export "describe" (func $describe) (func (result $d2))))
  (instance $interface (instantiate $interface
    (with "failure" (type $failure))
    (with "description" (type $description))
    (with "run" (func $run))
    (with "describe" (func $describe))))
  (export "quell:plugin/remediation@0.1.0" (instance $interface)))
