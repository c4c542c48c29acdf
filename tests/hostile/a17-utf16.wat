;; case: A17
;; does: passes strings as UTF-16
;; says: `utf16`
;; refused: option-refused

(component
  (import "quell:demo/things@0.1.0" (instance $things (export "note" (func (param "line" string)))))
  (core module $m (memory (export "memory") 1))
  (core instance $m (instantiate $m))
  (core func (canon lower (func $things "note") (memory (core memory $m "memory")) string-encoding=utf16)))
