;; case: A09
;; does: imports what plugins export
;; refused: unknown-import

(component
  (import "quell:plugin/remediation@0.1.0" (instance)))
