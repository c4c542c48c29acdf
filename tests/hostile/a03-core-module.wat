;; case: A03
;; does: is a core module, which has neither types nor an interface
;; as: core
;; refused: core-module-not-component

(module)
