;; case: B22
;; does: imports the exit of WASI
;; says: `wasi:cli/exit@0.2.0`
;; refused: wasi-not-allowed

(component
  (import "wasi:cli/exit@0.2.0" (instance)))
