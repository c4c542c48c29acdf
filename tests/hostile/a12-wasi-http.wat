;; case: A12
;; does: imports `wasi:http/outgoing-handler`
;; says: `wasi:http/outgoing-handler@0.2.0`
;; refused: wasi-not-allowed

(component
  (import "wasi:http/outgoing-handler@0.2.0" (instance)))
