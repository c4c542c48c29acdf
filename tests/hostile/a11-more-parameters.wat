;; case: A11
;; does: imports a function with one parameter more
;; refused: import-type-mismatch

(component
  (import "quell:demo/things@0.1.0" (instance (export "note" (func (param "line" string) (param "more" u8))))))
