;; case: A15
;; does: exports an empty interface
;; says: there is no function `describe`
;; refused: export-mismatch

(component
  (component $empty)
  (instance $nothing (instantiate $empty))
  (export "quell:plugin/remediation@0.1.0" (instance $nothing)))
