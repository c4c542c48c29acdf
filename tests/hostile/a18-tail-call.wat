;; case: A18
;; does: uses a tail call
;; refused: feature-disabled

(component
  (core module
    (func $f
      (return_call $f))))
