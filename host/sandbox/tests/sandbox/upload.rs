//! What is refused at upload (cases A of the list of faults), and what is not.

use cases::case;
use sandbox::{Contents, Limits, MAX_UPLOAD_BYTES, Refused};
use wit_component::StringEncoding;

use crate::support::{DEMO_WIT, ECHO, PLUGIN_WIT, SANDBOX, WIT, encode, invoke, running};

fn refused(bytes: &[u8]) -> Refused {
    let refused = SANDBOX.inspect(bytes).unwrap_err();
    assert!(!refused.help().is_empty());
    assert_eq!(SANDBOX.compile(bytes).unwrap_err(), refused);
    refused
}

#[track_caller]
fn check(bytes: &[u8], code: &str, message: &str) {
    let refused = refused(bytes);
    assert_eq!(refused.code(), code, "{refused}");
    assert!(refused.to_string().contains(message), "{refused}");
}

fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).unwrap()
}

#[test]
fn a_plugin_is_inspected_without_running_it() {
    let component = running("(call $note (local.get $in) (local.get $len)) (unreachable)").component();
    let inspection = SANDBOX.inspect(&component).unwrap();
    assert_eq!(inspection.size, component.len());
    assert_eq!(inspection.imports, ["quell:demo/things@0.1.0#note"], "only what is called");
    assert_eq!(inspection.exports, ["quell:plugin/remediation@0.1.0"]);
    assert_eq!(inspection.digest.len(), 64);
    let Contents { core_functions, core_modules, core_instances, memory_pages, memory_pages_maximum, .. } =
        inspection.contents;
    assert_eq!((core_modules, core_instances), (3, 3), "the plugin's, and two of the encoder");
    assert_eq!((memory_pages, memory_pages_maximum), (16, None));
    assert!(core_functions > 7);
    assert_eq!(SANDBOX.compile(&component).unwrap().inspection(), &inspection);
    assert_ne!(SANDBOX.inspect(&ECHO.component()).unwrap().digest, inspection.digest);
}

#[test]
fn what_is_in_a_component_is_counted() {
    let inside =
        ECHO.text().replace("(memory (export \"memory\") 16)", "(memory (export \"memory\") 16 32) (table 7 funcref)");
    let contents = SANDBOX.inspect(&encode(&WIT, "plain", &inside, StringEncoding::UTF8)).unwrap().contents;
    let expected = Contents {
        nested_components: 1,
        core_modules: 1,
        core_instances: 1,
        core_functions: 8,
        core_exports: 4,
        code_bytes: contents.code_bytes,
        memory_pages: 16,
        memory_pages_maximum: Some(32),
        table_elements: 7,
        data_bytes: 27,
        custom_bytes: contents.custom_bytes,
    };
    assert_eq!(contents, expected);
    assert!((100..400).contains(&contents.code_bytes) && contents.custom_bytes > 0, "{contents:?}");
}

#[test]
fn a01_a02_what_is_not_wasm() {
    check(b"", "empty", "the upload is empty");
    for bytes in [&b"\0"[..], b"\0asm\x0d\0\x01", &[0xff; 100]] {
        check(bytes, "not-wasm", "not WebAssembly");
    }
}

#[test]
fn d34_archives() {
    let tar = [&[b'x'; 257][..], b"ustar\x0000"].concat();
    let archives: [(&str, &[u8]); 7] = [
        ("zip", b"PK\x03\x04\x14"),
        ("gzip", b"\x1f\x8b\x08"),
        ("tar", &tar),
        ("xz", b"\xfd7zXZ\0"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("bzip2", b"BZh9"),
        ("7z", b"7z\xbc\xaf\x27\x1c"),
    ];
    for (kind, bytes) in archives {
        check(bytes, "archive-refused", &format!("an archive: {kind}"));
        case("D34", &format!("a {kind} archive instead of a component"), "archive-refused", refused(bytes).code());
    }
}

#[test]
fn a03_a13_core_modules() {
    check(&text("(module)"), "core-module-not-component", "core WebAssembly module");
    let preview1 = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#;
    check(&text(preview1), "core-module-not-component", "core WebAssembly module");
}

#[test]
fn a04_precompiled_code() {
    let engine = wasmtime::Engine::default();
    let native = engine.precompile_component(&ECHO.component()).unwrap();
    check(&native, "precompiled-refused", "native code");
}

#[test]
fn a05_text() {
    for text in ["(component)", "  \n(module)", "\u{feff}(component)", ";; a comment\n(component)"] {
        check(text.as_bytes(), "text-refused", "text");
    }
}

#[test]
fn a06_a08_truncated_and_trailing() {
    let whole = ECHO.component();
    for part in 1..64 {
        let bytes = &whole[..whole.len() * part / 64];
        let refused = refused(bytes);
        // A cut between two sections leaves a component that is valid and exports nothing.
        let codes = if bytes.len() < 8 { ["not-wasm", "not-wasm"] } else { ["malformed", "export-mismatch"] };
        assert!(codes.contains(&refused.code()), "{} bytes: {refused}", bytes.len());
    }
    check(&[&whole[..], b"garbage"].concat(), "malformed", "");
}

#[tokio::test]
async fn a07_flipped_bits() {
    let whole = running("(call $note (local.get $in) (local.get $len)) (call $ok (local.get $in) (local.get $len))")
        .component();
    let limits = Limits { fuel: 1_000_000, ..Limits::default() };
    // A step that is prime to the number of bits reaches all parts of the component.
    for flip in 0..200 {
        let bit = flip * 7919 % (whole.len() * 8);
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(plugin) = SANDBOX.compile(&bytes) else {
            continue;
        };
        // Whatever it does now, it ends.
        let (_, calls) = invoke(&plugin, "{}", &limits, |_| sandbox::Answer::Return(serde_json::json!({}))).await;
        assert!(calls.len() <= limits.host_calls);
    }
}

#[test]
fn a09_unknown_imports_are_named() {
    let component = text(
        r#"(component
            (import "evil:x/y" (instance))
            (import "quell:demo/things@0.1.0" (instance (export "erase" (func))))
            (import "quell:plugin/remediation@0.1.0" (instance))
            (import "plain" (func)))"#,
    );
    let imports = ["evil:x/y", "quell:demo/things@0.1.0#erase", "quell:plugin/remediation@0.1.0", "plain"];
    assert_eq!(refused(&component), Refused::UnknownImport { imports: imports.map(str::to_owned).to_vec() });
}

#[test]
fn a09_resources_and_modules_cannot_be_imported() {
    for import in [r#"(instance (export "r" (type (sub resource))))"#, "(func)", "(component)"] {
        let component = text(&format!(r#"(component (import "quell:demo/things@0.1.0" {import}))"#));
        assert_eq!(refused(&component).code(), "unknown-import", "{import}");
    }
}

#[test]
fn a10_unsupported_versions_are_listed() {
    let component = text(r#"(component (import "quell:demo/things@9.0.0" (instance)))"#);
    check(&component, "unsupported-version", "`quell:demo/things@9.0.0`, and the host has `quell:demo/things@0.1.0`");
    let component = text(r#"(component (import "quell:demo/things@0.1.1" (instance)))"#);
    check(&component, "unsupported-version", "`quell:demo/things@0.1.1`");
}

#[test]
fn a11_types_must_be_equal() {
    let wit = DEMO_WIT.replace("note: func(line: string)", "note: func(line: option<string>)");
    let wit = [WIT[0], ("deps/demo/demo.wit", wit.as_str())];
    let module = running("(call $note (i32.const 0) (i32.const 0) (i32.const 0)) (unreachable)").text();
    let module = module.replace("$note (param i32 i32)", "$note (param i32 i32 i32)");
    let component = encode(&wit, "demo", &module, StringEncoding::UTF8);
    let message = "`quell:demo/things@0.1.0#note` is `func(line: option<string>)` in the plugin and `func(line: string)` in the host";
    check(&component, "import-type-mismatch", message);
}

#[test]
fn a11_names_are_part_of_a_type() {
    for (function, host) in [("note", "func(line: string)"), ("label", "func(names: list<string>)")] {
        let import = format!(r#"(instance (export "{function}" (func (param "other" string))))"#);
        let component = text(&format!(r#"(component (import "quell:demo/things@0.1.0" {import}))"#));
        check(&component, "import-type-mismatch", &format!("and `{host}` in the host"));
    }
}

#[test]
fn a12_wasi_is_refused_by_name() {
    let component = text(
        r#"(component
            (import "wasi:filesystem/types@0.2.0" (instance))
            (import "wasi:sockets/tcp@0.2.0" (instance))
            (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#,
    );
    check(
        &component,
        "wasi-not-allowed",
        "`wasi:filesystem/types@0.2.0`, `wasi:sockets/tcp@0.2.0`, `wasi:http/outgoing-handler@0.2.0`",
    );
}

#[test]
fn a14_a16_too_much_of_anything() {
    let imports: String = (0..5_000).map(|index| format!("(import \"a:b/c{index}\" (instance))")).collect();
    let exports: String = (0..5_000).map(|index| format!("(export \"e{index}\" (instance $i))")).collect();
    let functions = "(func)".repeat(20_001);
    let large = "(nop)".repeat(300 << 10);
    let cases = [
        (format!("(component {imports})"), "200 imports"),
        (format!("(component (instance $i) {exports})"), "16 exports"),
        (format!("(component {})", "(component)".repeat(1_000)), "4 nested components"),
        (format!("(component {})", "(core module)".repeat(9)), "8 core modules"),
        (
            format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(17)),
            "16 core instances",
        ),
        (format!("(component (core module {functions}))"), "20000 core functions"),
        (format!("(component (core module (func {large})))"), "bytes in one function"),
    ];
    for (component, message) in cases {
        check(&text(&component), "too-complex", message);
    }
    check(&nested(100), "too-complex", "4 nested components");
}

/// Components inside of each other, deeper than the text format goes.
fn nested(depth: usize) -> Vec<u8> {
    const COMPONENT_SECTION: u8 = 4;
    let mut bytes = text("(component)");
    let header = bytes.clone();
    for _ in 0..depth {
        // The size in LEB128, two bytes of which are enough here.
        let (low, high) = (bytes.len() % 128, bytes.len() / 128);
        let size = [u8::try_from(low).unwrap() | 0x80, u8::try_from(high).unwrap()];
        bytes = [&header[..], &[COMPONENT_SECTION], &size, &bytes].concat();
    }
    bytes
}

#[test]
fn a15_exports_must_be_those_of_a_plugin() {
    check(&text("(component)"), "export-mismatch", "`quell:plugin/remediation@0.1.0` is not exported");
    let other = r#"(component (component $c) (instance $i (instantiate $c)) (export "quell:plugin/remediation@0.1.0" (instance $i)))"#;
    check(&text(other), "export-mismatch", "there is no function `describe`");
    let more = r#"(component (component $c) (instance $i (instantiate $c)) (export "also" (instance $i)))"#;
    check(&text(more), "export-mismatch", "`also` is exported besides");
    let wit = PLUGIN_WIT.replace("message: string }", "text: string }");
    let component = encode(&[("world.wit", wit.as_str()), WIT[1]], "plain", &ECHO.text(), StringEncoding::UTF8);
    check(
        &component,
        "export-mismatch",
        "`run` is `func(input: string) -> result<string, record { code: string, text: string }>`",
    );
}

#[test]
fn a17_canonical_options() {
    let utf16 = encode(&WIT, "plain", &ECHO.text(), StringEncoding::UTF16);
    check(&utf16, "option-refused", "`utf16`");
    let compact = encode(&WIT, "plain", &ECHO.text(), StringEncoding::CompactUTF16);
    check(&compact, "option-refused", "`latin1+utf16`");
}

#[test]
fn a18_features_that_are_off() {
    let modules = [
        "(memory 1 1 shared)",
        "(memory i64 1)",
        "(memory 1) (memory 1)",
        "(type (struct))",
        "(tag)",
        "(func (result v128) (v128.const i32x4 0 0 0 0))",
        "(func $f (return_call $f))",
        "(func (param externref))",
        "(memory 1 (pagesize 1))",
    ];
    for module in modules {
        let component = text(&format!("(component (core module {module}))"));
        assert_eq!(refused(&component).code(), "feature-disabled", "{module}");
    }
}

/// A component whose type is small and unfolds to a large one.
pub fn unfolding(levels: usize) -> String {
    let types: String = (1..levels).map(|level| format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1)).collect();
    let last = levels - 1;
    format!(
        r#"(component (type $t0 (tuple u8 u8)) {types}
            (import "quell:demo/things@0.1.0" (instance (export "note" (func (param "line" $t{last}))))))"#
    )
}

#[test]
fn a21_types_that_unfold_without_end() {
    for (levels, code) in [(14, "import-type-mismatch"), (60, "malformed")] {
        assert_eq!(refused(&text(&unfolding(levels))).code(), code, "{levels} levels");
    }
}

#[test]
fn a22_one_byte_too_many() {
    let mut bytes = ECHO.component();
    bytes.resize(MAX_UPLOAD_BYTES + 1, 0);
    let large = Refused::TooLarge { bytes: MAX_UPLOAD_BYTES + 1, limit: MAX_UPLOAD_BYTES };
    assert_eq!(refused(&bytes), large);
}
