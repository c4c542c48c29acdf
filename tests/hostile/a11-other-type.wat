;; case: A11
;; does: imports a function with another type of a parameter
;; says: `func(line: option<string>)` in the plugin and `func(line: string)` in the host
;; refused: import-type-mismatch

(component
  (import "quell:demo/things@0.1.0" (instance (export "note" (func (param "line" (option string)))))))
