;; case: A12
;; does: imports `wasi:sockets/tcp`
;; says: `wasi:sockets/tcp@0.2.0`
;; refused: wasi-not-allowed

(component
  (import "wasi:sockets/tcp@0.2.0" (instance)))
