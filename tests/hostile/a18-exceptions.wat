;; case: A18
;; does: uses exceptions
;; refused: feature-disabled

(component
  (core module
    (tag)))
