;; case: A12
;; does: imports `wasi:filesystem/types`
;; says: `wasi:filesystem/types@0.2.0`
;; refused: wasi-not-allowed

(component
  (import "wasi:filesystem/types@0.2.0" (instance)))
