;; case: A15
;; does: exports a `describe` that returns nothing
;; says: `describe` is `func()`
;; refused: export-mismatch

(component
  (core module $m (func (export "f")))
  (core instance $m (instantiate $m))
  (func $f (canon lift (core func $m "f")))
  (component $interface
    (import "f" (func $f))
    (export "describe" (func $f))
    (export "run" (func $f)))
  (instance $interface (instantiate $interface (with "f" (func $f))))
  (export "quell:plugin/remediation@0.1.0" (instance $interface)))
