;; case: A10
;; does: imports a known interface in a version that there is not
;; says: the host has `quell:demo/things@0.1.0`
;; refused: unsupported-version

(component
  (import "quell:demo/things@9.0.0" (instance)))
