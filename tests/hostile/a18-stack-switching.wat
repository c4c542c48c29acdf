;; case: A18
;; does: uses a continuation
;; refused: feature-disabled

(component
  (core module
    (type $function (func))
    (type (cont $function))))
