//! What is refused at upload (cases A of the list of faults), and what is not.

use std::collections::BTreeSet;

use cases::case;
use sandbox::{Contents, Limits, MAX_UPLOAD_BYTES, Refused};
use wit_component::StringEncoding;

use crate::{
    support::{DEMO_WIT, ECHO, PLUGIN_WIT, SANDBOX, WIT, encode, invoke, running},
    worst,
};

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
    case("A01", "an empty body", "empty", refused(b"").code());
    for (input, bytes) in [("1 byte", &b"\0"[..]), ("7 bytes", b"\0asm\x0d\0\x01"), ("100 bytes of 255", &[0xff; 100])]
    {
        case("A02", input, "not-wasm", refused(bytes).code());
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
fn a04_precompiled_code() {
    let engine = wasmtime::Engine::default();
    let native = engine.precompile_component(&ECHO.component()).unwrap();
    case("A04", "a plugin that wasmtime compiled", "precompiled-refused", refused(&native).code());
    case("A04", "the first 16 bytes of it", "precompiled-refused", refused(&native[..16]).code());
}

#[test]
fn text_is_known_by_its_beginning() {
    for text in ["(component)", "  \n(module)", "\u{feff}(component)", ";; a comment\n(component)"] {
        check(text.as_bytes(), "text-refused", "text");
    }
}

#[test]
fn a06_a08_truncated_and_trailing() {
    let whole = ECHO.component();
    let mut codes = BTreeSet::new();
    for part in 1..=64 {
        let bytes = &whole[..whole.len() * (part - 1) / 64 + 9];
        codes.insert(refused(bytes).code());
    }
    // A cut between two sections leaves a component that is valid and exports nothing.
    codes.remove("export-mismatch");
    case("A06", "a plugin cut off at 64 places", "malformed", codes.into_iter().collect::<Vec<_>>().join(", "));
    let trailing = [&whole[..], b"garbage"].concat();
    case("A08", "a plugin with bytes behind its end", "malformed", refused(&trailing).code());
    let twice = [&whole[..], &whole].concat();
    case("A08", "a plugin twice", "malformed", refused(&twice).code());
}

#[tokio::test]
async fn a07_flipped_bits() {
    let whole = running("(call $note (local.get $in) (local.get $len)) (call $ok (local.get $in) (local.get $len))")
        .component();
    let limits = Limits { fuel: 1_000_000, ..Limits::default() };
    let next = ECHO.plugin();
    // A step that is prime to the number of bits reaches all parts of the component.
    for flip in 0..2_000 {
        let bit = flip * 7919 % (whole.len() * 8);
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(plugin) = SANDBOX.compile(&bytes) else {
            continue;
        };
        // Whatever it does now, it ends.
        let (_, calls) = invoke(&plugin, "{}", &limits, |_| sandbox::Answer::Return(serde_json::json!({}))).await;
        assert!(calls.len() <= limits.host_calls);
        let (result, _) = invoke(&next, "[1]", &Limits::default(), |_| unreachable!()).await;
        assert_eq!(result, Ok("[1]".to_owned()), "after flip {flip}");
    }
    case("A07", "a plugin with 1 bit flipped, 2,000 times", "refused, or it ends, each", "refused, or it ends, each");
}

#[test]
fn all_unknown_imports_are_named() {
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
fn the_types_of_another_wit_are_shown() {
    let wit = DEMO_WIT.replace("note: func(line: string)", "note: func(line: option<string>)");
    let wit = [WIT[0], ("deps/demo/demo.wit", wit.as_str())];
    let module = running("(call $note (i32.const 0) (i32.const 0) (i32.const 0)) (unreachable)").text();
    let module = module.replace("$note (param i32 i32)", "$note (param i32 i32 i32)");
    let component = encode(&wit, "demo", &module, StringEncoding::UTF8);
    let message = "`quell:demo/things@0.1.0#note` is `func(line: option<string>)` in the plugin and `func(line: string)` in the host";
    check(&component, "import-type-mismatch", message);
}

#[test]
fn all_of_wasi_is_named() {
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
    let modules = |count: usize| text(&format!("(component {})", "(core module)".repeat(count)));
    let instances = "(core instance (instantiate $m))".repeat(17);
    let functions = "(func)".repeat(20_001);
    let custom = format!("(component (@custom \"x\" \"{}\"))", "x".repeat((1 << 20) + 1));
    let cases = [
        ("A14", "1,000,000 imports", worst::many_imports(1_000_000), "200 imports"),
        ("A14", "100,000 exports", worst::many_exports(100_000), "16 exports"),
        (
            "A16",
            "1,000 components beside each other",
            text(&format!("(component {})", "(component)".repeat(1_000))),
            "4 nested components",
        ),
        ("A16", "100 components inside of each other", worst::nested(100), "4 nested components"),
        ("A16", "9 core modules", modules(9), "8 core modules"),
        ("A16", "17 core instances", text(&format!("(component (core module $m) {instances})")), "16 core instances"),
        (
            "A16",
            "20,001 core functions",
            text(&format!("(component (core module {functions}))")),
            "20000 core functions",
        ),
        ("A16", "a function of 300 KiB", worst::long_function(300 << 10), "bytes in one function"),
        ("A16", "a custom section of more than 1 MiB", text(&custom), "bytes in custom sections"),
    ];
    for (number, input, component, message) in cases {
        check(&component, "too-complex", message);
        case(number, input, "too-complex", refused(&component).code());
    }
}

#[test]
fn the_export_of_another_wit_is_shown() {
    let wit = PLUGIN_WIT.replace("message: string }", "text: string }");
    let component = encode(&[("world.wit", wit.as_str()), WIT[1]], "plain", &ECHO.text(), StringEncoding::UTF8);
    check(
        &component,
        "export-mismatch",
        "`run` is `func(input: string) -> result<string, record { code: string, text: string }>`",
    );
}

#[test]
fn the_strings_of_a_built_plugin_are_utf_8() {
    for (encoding, option) in [(StringEncoding::UTF16, "`utf16`"), (StringEncoding::CompactUTF16, "`latin1+utf16`")] {
        check(&encode(&WIT, "plain", &ECHO.text(), encoding), "option-refused", option);
    }
}

/// The kinds of type that can be made of two of another, given as `$t`.
pub const TWICE: [(&str, &str); 3] = [
    ("tuples", "(tuple $t $t)"),
    ("records", r#"(record (field "a" $t) (field "b" $t))"#),
    ("variants", r#"(variant (case "a" $t) (case "b" $t))"#),
];

/// A component whose type is small and unfolds to a large one: each level is twice the one before.
pub fn unfolding(twice: &str, levels: usize) -> String {
    let twice = |level: usize| twice.replace("$t", &format!("$t{}", level - 1));
    let types: String = (1..levels).map(|level| format!("(type $t{level} {})", twice(level))).collect();
    let last = levels - 1;
    format!(
        r#"(component (type $t0 (tuple u8 u8)) {types}
            (import "quell:demo/things@0.1.0" (instance (export "note" (func (param "line" $t{last}))))))"#
    )
}

#[test]
fn a21_types_that_unfold_without_end() {
    for (kind, twice) in TWICE {
        for levels in [14, 60] {
            let refused = refused(&text(&unfolding(twice, levels)));
            assert!(
                ["import-type-mismatch", "malformed"].contains(&refused.code()),
                "{levels} levels of {kind}: {refused}"
            );
        }
    }
}

#[test]
fn a22_one_byte_too_many() {
    let mut bytes = ECHO.component();
    bytes.resize(MAX_UPLOAD_BYTES + 1, 0);
    let large = Refused::TooLarge { bytes: MAX_UPLOAD_BYTES + 1, limit: MAX_UPLOAD_BYTES };
    assert_eq!(refused(&bytes), large);
    case("A22", "16 MiB and 1 byte", "too-large", refused(&bytes).code());
    bytes.resize(200 << 20, 0);
    case("A22", "200 MiB", "too-large", refused(&bytes).code());
}
