;; case: A18
;; does: uses two memories
;; refused: feature-disabled

(component
  (core module
    (memory 1)
    (memory 1)))
