;; case: A18
;; does: uses pages of one byte
;; refused: feature-disabled

(component
  (core module
    (memory 1 (pagesize 1))))
