//! The same for the types that there are: every function of this repository's WIT, with values and JSON of bolero's making.
//!
//! `QUELL_FUZZ` says how many inputs there are for each target; each input is tried on every function.

use std::{env, fs, path::Path, sync::LazyLock};

use bolero::check;
use serde_json::{Map, Value, json};
use wasmtime::component::Val;

use super::super::{arguments, read, result_from_json, result_to_json};
use crate::{
    contract::Contract,
    wit_type::{FunctionType, Type},
};

/// How many inputs there are in every run of the tests.
const USUAL: usize = 300;
/// How many items a random list has at most.
const MAX_ITEMS: usize = 3;

fn how_many() -> usize {
    env::var("QUELL_FUZZ").map_or(USUAL, |count| count.parse().expect("QUELL_FUZZ is a number"))
}

/// Every function that a plugin can import.
static FUNCTIONS: LazyLock<Vec<(String, FunctionType)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"), &mut files);
    let contract = Contract::parse(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap();
    let functions: Vec<_> =
        contract.functions().map(|name| (name.clone(), contract.function(&name).unwrap().clone())).collect();
    assert!(!functions.is_empty());
    functions
});

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Chance, as long as there is any; then zeros.
struct Chance<'b>(&'b [u8]);

impl Chance<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn float(&mut self) -> f64 {
        Some(f64::from_bits(self.number())).filter(|float| float.is_finite()).unwrap_or(-0.0)
    }

    fn text(&mut self) -> String {
        let length = self.below(12);
        let bytes: Vec<u8> = (0..length).map(|_| self.byte()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn value(&mut self, ty: &Type) -> Val {
        let number = self.number();
        let bytes = number.to_le_bytes();
        match ty {
            Type::Bool => Val::Bool(number % 2 == 1),
            Type::S8 => Val::S8(i8::from_le_bytes([bytes[0]])),
            Type::U8 => Val::U8(bytes[0]),
            Type::S16 => Val::S16(i16::from_le_bytes([bytes[0], bytes[1]])),
            Type::U16 => Val::U16(u16::from_le_bytes([bytes[0], bytes[1]])),
            Type::S32 => Val::S32(i32::from_le_bytes(std::array::from_fn(|index| bytes[index]))),
            Type::U32 => Val::U32(u32::from_le_bytes(std::array::from_fn(|index| bytes[index]))),
            Type::S64 => Val::S64(i64::from_le_bytes(bytes)),
            Type::U64 => Val::U64(number),
            Type::F32 => {
                let float = f32::from_le_bytes(std::array::from_fn(|index| bytes[index]));
                Val::Float32(if float.is_finite() { float } else { 0.5 })
            }
            Type::F64 => Val::Float64(self.float()),
            Type::Char => {
                Val::Char(char::from_u32(u32::from(bytes[0]) << 8 | u32::from(bytes[1])).unwrap_or('\u{10ffff}'))
            }
            Type::String => Val::String(self.text()),
            Type::List(element) => {
                let length = self.below(MAX_ITEMS + 1);
                Val::List((0..length).map(|_| self.value(element)).collect())
            }
            Type::Tuple(types) => Val::Tuple(types.iter().map(|ty| self.value(ty)).collect()),
            Type::Record(fields) => Val::Record(self.fields(fields)),
            Type::Variant(cases) => {
                let (name, ty) = &cases[self.below(cases.len())];
                Val::Variant(name.clone(), self.payload(ty.as_ref()))
            }
            Type::Enum(cases) => Val::Enum(cases[self.below(cases.len())].clone()),
            Type::Flags(names) => Val::Flags(names.iter().filter(|_| self.byte() % 2 == 1).cloned().collect()),
            Type::Option(some) => Val::Option((number % 2 == 1).then(|| Box::new(self.value(some)))),
            Type::Result { ok, .. } if number % 2 == 1 => Val::Result(Ok(self.payload(ok.as_deref()))),
            Type::Result { err, .. } => Val::Result(Err(self.payload(err.as_deref()))),
        }
    }

    fn fields(&mut self, fields: &[(String, Type)]) -> Vec<(String, Val)> {
        fields.iter().map(|(name, ty)| (name.clone(), self.value(ty))).collect()
    }

    fn payload(&mut self, ty: Option<&Type>) -> Option<Box<Val>> {
        ty.map(|ty| Box::new(self.value(ty)))
    }

    fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => self.number().into(),
            3 => i64::from_le_bytes(self.number().to_le_bytes()).into(),
            4 => self.float().into(),
            5 => self.text().into(),
            6 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => {
                const KEYS: [&str; 6] = ["ok", "err", "some", "none", "access-denied", "key"];
                (0..self.below(3)).map(|_| (KEYS[self.below(KEYS.len())].to_owned(), self.json(depth - 1))).collect()
            }
        }
    }
}

/// By way of the text, since that is what is recorded and crosses processes.
fn through_text(json: &Value) -> Value {
    let text: Value = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(text, *json);
    text
}

/// What the arguments of a function are read back as.
fn record(function: &FunctionType) -> Type {
    Type::Record(function.params.clone())
}

#[test]
fn values_of_every_function_come_back() {
    check!().with_iterations(how_many()).with_max_len(2_048).for_each(|bytes: &[u8]| {
        let mut chance = Chance(bytes);
        for (name, function) in FUNCTIONS.iter() {
            let fields = chance.fields(&function.params);
            let values: Vec<Val> = fields.iter().map(|(_, value)| value.clone()).collect();
            let json = through_text(&arguments(function, &values).unwrap());
            assert_eq!(read::value(&record(function), &json), Ok(Val::Record(fields)), "{name}: {json}");
            let result = function.result.as_ref().map(|ty| chance.value(ty));
            let json = through_text(&result_to_json(function, result.as_ref()).unwrap());
            assert_eq!(result_from_json(function, &json), Ok(result), "{name}: {json}");
        }
    });
}

#[test]
fn any_json_is_refused_or_comes_back() {
    check!().with_iterations(how_many()).with_max_len(2_048).for_each(|bytes: &[u8]| {
        let mut chance = Chance(bytes);
        for (name, function) in FUNCTIONS.iter() {
            let json = chance.json(4);
            match result_from_json(function, &json) {
                Ok(value) => {
                    let again = result_to_json(function, value.as_ref()).unwrap();
                    assert_eq!(result_from_json(function, &again), Ok(value), "{name}: {json}");
                }
                Err(problem) => assert!(!problem.to_string().is_empty(), "{name}: {json}"),
            }
        }
    });
}

#[test]
fn a_changed_answer_is_refused_with_its_place() {
    check!().with_iterations(how_many()).with_max_len(2_048).for_each(|bytes: &[u8]| {
        let mut chance = Chance(bytes);
        for (name, function) in FUNCTIONS.iter() {
            let fields = chance.fields(&function.params);
            let values: Vec<Val> = fields.into_iter().map(|(_, value)| value).collect();
            let whole = arguments(function, &values).unwrap();
            let (mut changed, mut depth) = (whole.clone(), 0);
            spoil(&mut changed, &mut chance, &mut depth);
            let problem = read::value(&record(function), &changed).expect_err(name).to_string();
            assert_eq!(problem.starts_with("at `"), depth > 0, "{name}: {problem}: {whole} became {changed}");
        }
    });
}

/// Puts something in the place of a random part that is of no type: an array with an object in it that has two names.
fn spoil(json: &mut Value, chance: &mut Chance<'_>, depth: &mut usize) {
    let inner: Option<&mut Value> = match json {
        Value::Array(items) if !items.is_empty() => {
            let index = chance.below(items.len());
            items.get_mut(index)
        }
        Value::Object(fields) if !fields.is_empty() => {
            let index = chance.below(fields.len());
            fields.values_mut().nth(index)
        }
        _ => None,
    };
    match inner {
        Some(inner) if chance.below(4) != 0 => {
            *depth += 1;
            spoil(inner, chance, depth);
        }
        _ => {
            *json = Value::Array(vec![Value::Object(Map::from_iter([
                ("a".to_owned(), json!(1)),
                ("b".to_owned(), json!(2)),
            ]))])
        }
    }
}
