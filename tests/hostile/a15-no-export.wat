;; case: A15
;; does: exports nothing
;; says: is not exported
;; refused: export-mismatch

(component
)
