;; case: A09
;; does: imports a function that the interface does not have
;; says: `quell:demo/things@0.1.0#erase`
;; refused: unknown-import

(component
  (import "quell:demo/things@0.1.0" (instance (export "erase" (func)))))
