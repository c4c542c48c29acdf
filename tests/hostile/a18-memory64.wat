;; case: A18
;; does: uses a memory of 64 bits
;; refused: feature-disabled

(component
  (core module
    (memory i64 1)))
