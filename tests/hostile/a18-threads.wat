;; case: A18
;; does: uses shared memory
;; refused: feature-disabled

(component
  (core module
    (memory 1 1 shared)))
