;; case: A05
;; does: is uploaded as text: these very bytes
;; as: text
;; refused: text-refused

(component)
