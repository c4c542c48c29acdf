;; case: A15
;; does: exports an interface besides
;; says: `also` is exported besides
;; refused: export-mismatch

(component
  (component $empty)
  (instance $nothing (instantiate $empty))
  (export "also" (instance $nothing)))
