;; case: A09
;; does: imports an interface that no host has
;; says: `evil:x/y`
;; refused: unknown-import

(component
  (import "evil:x/y" (instance)))
