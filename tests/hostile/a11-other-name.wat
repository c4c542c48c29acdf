;; case: A11
;; does: imports a function with another name of a parameter
;; refused: import-type-mismatch

(component
  (import "quell:demo/things@0.1.0" (instance (export "note" (func (param "other" string))))))
