;; case: A18
;; does: uses references to what the host has
;; refused: feature-disabled

(component
  (core module
    (func (param externref))))
