;; case: A18
;; does: uses a type that is collected
;; refused: feature-disabled

(component
  (core module
    (type (struct))))
