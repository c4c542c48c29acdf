//! The form of values: written down by example, and held by random values of random types.

mod fuzz;

use proptest::{collection::vec, option, prelude::*, sample::subsequence, strategy::Union};
use serde_json::{Value, json};
use wasmtime::component::Val;

use super::{arguments, read, result_from_json, result_to_json, write};
use crate::{
    contract::Contract,
    wit_type::{FunctionType, Type},
};

const EVERY_TYPE: &str = "
    package test:every@1.0.0;
    interface types {
        enum colour { red, dark-green }
        flags rights { read, write, run }
        variant shape { none, circle(f64), named(string) }
        record point { x: s32, label: option<string>, twice: option<option<u8>> }
        all: func(
            a: bool, b: s8, c: u8, d: s16, e: u16, f: s32, g: u32, h: s64, i: u64, j: f32, k: f64, l: char, m: string,
            n: list<point>, o: tuple<u8, shape>, p: colour, q: rights, r: option<shape>, s: list<option<string>>,
        ) -> result<list<shape>, option<colour>>;
        nothing: func();
        bare: func() -> result;
    }";

const REMEDIATION: &str = "
    package quell:plugin@0.1.0;
    interface remediation {
        record failure { code: string, message: string }
        record description { name: string, version: string, summary: string, input-schema: string, output-schema: string }
        run: func(input: string) -> result<string, failure>;
        describe: func() -> description;
    }";

fn function(name: &str) -> FunctionType {
    let contract = Contract::parse([("world.wit", REMEDIATION), ("deps/every/every.wit", EVERY_TYPE)]).unwrap();
    contract.function(&format!("test:every/types@1.0.0#{name}")).unwrap().clone()
}

/// Checks one value both ways.
fn check(ty: &Type, value: Val, json: Value) {
    assert_eq!(write::value(ty, &value), Ok(json.clone()));
    assert_eq!(read::value(ty, &json), Ok(value));
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

#[test]
fn arguments_are_an_object() {
    let function = function("all");
    let point = Val::Record(vec![
        ("x".to_owned(), Val::S32(-1)),
        ("label".to_owned(), Val::Option(None)),
        ("twice".to_owned(), some(Val::Option(None))),
    ]);
    let values = [
        Val::Bool(true),
        Val::S8(-128),
        Val::U8(255),
        Val::S16(-32768),
        Val::U16(65535),
        Val::S32(i32::MIN),
        Val::U32(u32::MAX),
        Val::S64(i64::MIN),
        Val::U64(u64::MAX),
        Val::Float32(0.5),
        Val::Float64(-1.5e300),
        Val::Char('é'),
        Val::String("a\0b".to_owned()),
        Val::List(vec![point]),
        Val::Tuple(vec![Val::U8(1), Val::Variant("none".to_owned(), None)]),
        Val::Enum("dark-green".to_owned()),
        Val::Flags(vec!["read".to_owned(), "run".to_owned()]),
        some(Val::Variant("circle".to_owned(), Some(Box::new(Val::Float64(2.0))))),
        Val::List(vec![some(Val::String("x".to_owned())), Val::Option(None)]),
    ];
    let expected = json!({
        "a": true, "b": -128, "c": 255, "d": -32768, "e": 65535, "f": i32::MIN, "g": u32::MAX, "h": i64::MIN, "i": u64::MAX,
        "j": 0.5, "k": -1.5e300, "l": "é", "m": "a\0b",
        "n": [{"x": -1, "twice": {"none": {}}}],
        "o": [1, {"none": {}}],
        "p": "dark-green",
        "q": ["read", "run"],
        "r": {"circle": 2.0},
        "s": [{"some": "x"}, {"none": {}}],
    });
    let written = arguments(&function, &values).unwrap();
    assert_eq!(written, expected);
    // The order is the WIT's: the text is what is hashed.
    assert_eq!(written.to_string(), expected.to_string());
}

#[test]
fn results() {
    let all = function("all");
    let ty = all.result.clone().unwrap();
    check(&ty, Val::Result(Ok(Some(Box::new(Val::List(Vec::new()))))), json!({"ok": []}));
    let red = some(Val::Enum("red".to_owned()));
    check(&ty, Val::Result(Err(Some(Box::new(red)))), json!({"err": {"some": "red"}}));
    let bare = function("bare").result.unwrap();
    check(&bare, Val::Result(Ok(None)), json!({"ok": {}}));
    check(&bare, Val::Result(Err(None)), json!({"err": {}}));
    let nothing = function("nothing");
    assert_eq!(result_to_json(&nothing, None), Ok(json!({})));
    assert_eq!(result_from_json(&nothing, &json!({})), Ok(None));
    assert!(result_from_json(&nothing, &json!(null)).is_err());
}

#[test]
fn reading_is_strict() {
    let point = Type::Record(vec![
        ("x".to_owned(), Type::S32),
        ("tags".to_owned(), Type::List(Box::new(Type::Option(Box::new(Type::U8))))),
        ("label".to_owned(), Type::Option(Box::new(Type::String))),
    ]);
    let rights = Type::Flags(vec!["read".to_owned(), "write".to_owned()]);
    let cases = [
        (&point, json!({"x": 1, "tags": [], "y": 2}), "unknown field `y`"),
        (&point, json!({"x": 1}), "missing field `tags`"),
        (&point, json!({"x": 1, "tags": [], "label": null}), "at `label`: expected string, found null"),
        (&point, json!({"x": 2_147_483_648_i64, "tags": []}), "at `x`: 2147483648 is out of the range of s32"),
        (&point, json!({"x": 1.0, "tags": []}), "at `x`: expected s32, found a number"),
        (
            &point,
            json!({"x": 1, "tags": [{"some": 1}, {"some": 256}]}),
            "at `tags[1].some`: 256 is out of the range of u8",
        ),
        (&point, json!({"x": 1, "tags": [1]}), "at `tags[0]`: expected option<u8>, found a number"),
        (&point, json!([]), "expected an object, found an array"),
        (&rights, json!(["write", "write"]), "repeated flag `write`"),
        (&rights, json!(["read", "own"]), "at `[1]`: unknown name `own`"),
        (&Type::Char, json!("ab"), "expected char, found a string"),
        (&Type::F32, json!(1e39), "1e+39 is out of the range of f32"),
        (&Type::F64, json!(9_007_199_254_740_993_u64), "expected f64, found a number"),
        (&Type::Result { ok: None, err: None }, json!({"ok": {}, "err": {}}), "expected result, found an object"),
        (&Type::Result { ok: None, err: None }, json!({"ok": null}), "at `ok`: expected {}, found null"),
    ];
    for (ty, json, problem) in cases {
        let error = read::value(ty, &json).expect_err(&json.to_string()).to_string();
        assert!(error.starts_with(problem), "{json}: {error}");
    }
}

#[test]
fn floats_are_finite() {
    for value in [Val::Float64(f64::NAN), Val::Float64(f64::INFINITY)] {
        let error = write::value(&Type::F64, &value).unwrap_err();
        assert_eq!(error.to_string(), "a float must be finite");
    }
}

fn names(prefix: &'static str) -> impl Strategy<Value = Vec<String>> {
    (1_usize..4).prop_map(move |count| (0..count).map(|index| format!("{prefix}-{index}")).collect())
}

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::S8),
        Just(Type::U8),
        Just(Type::S16),
        Just(Type::U16),
        Just(Type::S32),
        Just(Type::U32),
        Just(Type::S64),
        Just(Type::U64),
        Just(Type::F32),
        Just(Type::F64),
        Just(Type::Char),
        Just(Type::String),
        names("case").prop_map(Type::Enum),
        names("flag").prop_map(Type::Flags),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let boxed = option::of(inner.clone().prop_map(Box::new));
        let named = |prefix| {
            vec(inner.clone(), 1..4).prop_map(move |types| {
                types.into_iter().enumerate().map(|(index, ty)| (format!("{prefix}-{index}"), ty)).collect::<Vec<_>>()
            })
        };
        prop_oneof![
            inner.clone().prop_map(|ty| Type::List(Box::new(ty))),
            inner.clone().prop_map(|ty| Type::Option(Box::new(ty))),
            vec(inner.clone(), 1..4).prop_map(Type::Tuple),
            named("field").prop_map(Type::Record),
            (named("case"), any::<bool>()).prop_map(|(cases, bare)| {
                let cases = cases.into_iter().enumerate();
                Type::Variant(
                    cases.map(|(index, (name, ty))| (name, Some(ty).filter(|_| !bare || index > 0))).collect(),
                )
            }),
            (boxed.clone(), boxed).prop_map(|(ok, err)| Type::Result { ok, err }),
        ]
    })
}

fn payloads(ty: Option<&Type>) -> BoxedStrategy<Option<Box<Val>>> {
    match ty {
        Some(ty) => values(ty).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    }
}

fn values(ty: &Type) -> BoxedStrategy<Val> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Type::S8 => any::<i8>().prop_map(Val::S8).boxed(),
        Type::U8 => any::<u8>().prop_map(Val::U8).boxed(),
        Type::S16 => any::<i16>().prop_map(Val::S16).boxed(),
        Type::U16 => any::<u16>().prop_map(Val::U16).boxed(),
        Type::S32 => any::<i32>().prop_map(Val::S32).boxed(),
        Type::U32 => any::<u32>().prop_map(Val::U32).boxed(),
        Type::S64 => any::<i64>().prop_map(Val::S64).boxed(),
        Type::U64 => any::<u64>().prop_map(Val::U64).boxed(),
        Type::F32 => any::<f32>().prop_map(Val::Float32).boxed(),
        Type::F64 => any::<f64>().prop_map(Val::Float64).boxed(),
        Type::Char => any::<char>().prop_map(Val::Char).boxed(),
        Type::String => any::<String>().prop_map(Val::String).boxed(),
        Type::List(element) => vec(values(element), 0..4).prop_map(Val::List).boxed(),
        Type::Option(some) => option::of(values(some).prop_map(Box::new)).prop_map(Val::Option).boxed(),
        Type::Tuple(types) => types.iter().map(values).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Type::Record(fields) => {
            let fields = fields.iter().map(|(name, ty)| (Just(name.clone()), values(ty)));
            fields.collect::<Vec<_>>().prop_map(Val::Record).boxed()
        }
        Type::Variant(cases) => {
            let cases = cases.iter().map(|(name, ty)| {
                let name = name.clone();
                payloads(ty.as_ref()).prop_map(move |payload| Val::Variant(name.clone(), payload)).boxed()
            });
            Union::new(cases).boxed()
        }
        Type::Enum(cases) => Union::new(cases.iter().map(|case| Just(Val::Enum(case.clone())))).boxed(),
        Type::Flags(names) => subsequence(names.clone(), 0..=names.len()).prop_map(Val::Flags).boxed(),
        Type::Result { ok, err } => {
            let ok = payloads(ok.as_deref()).prop_map(|payload| Val::Result(Ok(payload)));
            let err = payloads(err.as_deref()).prop_map(|payload| Val::Result(Err(payload)));
            prop_oneof![ok, err].boxed()
        }
    }
}

fn typed() -> impl Strategy<Value = (Type, Val)> {
    types().prop_flat_map(|ty| {
        let value = values(&ty);
        (Just(ty), value)
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("ok"),
        Just("err"),
        Just("some"),
        Just("none"),
        Just("case-0"),
        Just("field-0"),
        Just("flag-0")
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let object = vec((word.clone().prop_map(str::to_owned), inner.clone()), 0..3);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn values_come_back((ty, value) in typed()) {
        let json = write::value(&ty, &value).unwrap();
        // By way of the text, since that is what is recorded and crosses processes.
        let text: Value = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(&text, &json);
        prop_assert_eq!(read::value(&ty, &text), Ok(value));
    }

    #[test]
    fn reading_is_total((ty, json) in (types(), any_json())) {
        if let Ok(value) = read::value(&ty, &json) {
            let again = write::value(&ty, &value).unwrap();
            prop_assert_eq!(read::value(&ty, &again), Ok(value));
        }
    }

    #[test]
    fn writing_is_total((ty, (_, value)) in (types(), typed())) {
        if let Ok(json) = write::value(&ty, &value) {
            prop_assert!(read::value(&ty, &json).is_ok());
        }
    }
}
