;; case: A09
;; does: imports a resource: a call is data
;; refused: unknown-import

(component
  (import "quell:demo/things@0.1.0" (instance (export "r" (type (sub resource))))))
