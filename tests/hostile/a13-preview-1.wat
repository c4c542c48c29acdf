;; case: A13
;; does: is a core module that imports the first version of WASI
;; as: core
;; refused: core-module-not-component

(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))
