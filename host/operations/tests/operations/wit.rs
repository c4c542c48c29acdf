//! The contract with plugins, read from `wit/`: its functions, arguments that are right, arguments that are not, and
//! whether an output has its type.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use wit_parser::{Resolve, Type, TypeDefKind};

/// Functions that the host answers without an operation.
const LOCAL: [&str; 2] = ["quell:log/log@0.1.0#write", "quell:plugin/context@0.1.0#get"];
/// What a plugin exports.
const EXPORTED: &str = "quell:plugin/remediation@0.1.0#";

/// The parsed WIT.
pub struct Contract(Resolve);

/// The parameters and the result of a function.
struct Signature {
    params: Vec<(String, Type)>,
    result: Type,
}

/// A change to an object at one of the fields of its type; `false` means that it does not apply there.
type Change<'a> = dyn Fn(&mut Map<String, Value>, &(String, Type)) -> bool + 'a;

impl Contract {
    /// Reads `wit/`.
    pub fn load() -> Contract {
        let mut resolve = Resolve::default();
        resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
        Contract(resolve)
    }

    /// The names of the functions that must be operations.
    pub fn functions(&self) -> Vec<String> {
        let mut names: Vec<String> = self.signatures().into_keys().collect();
        for local in LOCAL {
            assert!(names.iter().any(|name| name == local), "there is no `{local}` any more");
        }
        names.retain(|name| !LOCAL.contains(&name.as_str()) && !name.starts_with(EXPORTED));
        names
    }

    /// Arguments of the function that have every option.
    pub fn arguments(&self, function: &str) -> Value {
        self.object(&self.signature(function).params)
    }

    /// Arguments that lack one option each, which is right.
    pub fn without_options(&self, function: &str) -> Vec<Value> {
        let params = self.signature(function).params;
        self.removals(&params, &self.object(&params), true)
    }

    /// Arguments that have another case of an enum or variant each, which is right.
    pub fn with_other_cases(&self, function: &str) -> Vec<Value> {
        let params = self.signature(function).params;
        let right = self.object(&params);
        let nth = |n: usize| {
            self.changes(&params, &right, &|object, (name, ty)| {
                let cases = self.cases(ty);
                cases.get(n).map(|case| object.insert(name.clone(), case.clone())).is_some()
            })
        };
        (1..).map(nth).take_while(|changed| !changed.is_empty()).flatten().collect()
    }

    /// Arguments that are not of the function's type: they lack something, have something more, or have a case that there
    /// is not.
    pub fn wrong_arguments(&self, function: &str) -> Vec<Value> {
        let params = self.signature(function).params;
        let right = self.object(&params);
        let mut wrong = self.removals(&params, &right, false);
        wrong.extend(self.additions(&params, &right));
        wrong.extend(self.changes(&params, &right, &|object, (name, ty)| {
            let unknown = match self.cases(ty).first() {
                Some(Value::Object(_)) => json!({ "surplus": {} }),
                Some(_) => json!("surplus"),
                None => return false,
            };
            object.insert(name.clone(), unknown).is_some()
        }));
        wrong
    }

    /// Asserts that `output` is what a successful call of the function answers.
    pub fn check_output(&self, function: &str, output: &Value) {
        let result = self.signature(function).result;
        let Some(TypeDefKind::Result(result)) = self.kind(&result) else { panic!("`{function}` cannot fail") };
        match &result.ok {
            Some(ok) => self.check_type(ok, output, function),
            None => assert_eq!(output, &json!({}), "{function}"),
        }
    }

    fn signatures(&self) -> BTreeMap<String, Signature> {
        let mut all = BTreeMap::new();
        for (id, interface) in self.0.interfaces.iter() {
            let name = self.0.id_of(id).unwrap();
            for (function, definition) in &interface.functions {
                let params = definition.params.iter().map(|param| (param.name.clone(), param.ty)).collect();
                let result = definition.result.unwrap_or(Type::Bool);
                all.insert(format!("{name}#{function}"), Signature { params, result });
            }
        }
        all
    }

    fn signature(&self, function: &str) -> Signature {
        self.signatures().remove(function).unwrap_or_else(|| panic!("`{function}` is not in the WIT"))
    }

    /// What a type is, behind its names; `None` for a primitive one.
    fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        let Type::Id(id) = ty else { return None };
        match &self.0.types[*id].kind {
            TypeDefKind::Type(named) => self.kind(named),
            kind => Some(kind),
        }
    }

    fn fields(&self, ty: &Type) -> Option<Vec<(String, Type)>> {
        match self.kind(ty)? {
            TypeDefKind::Record(record) => {
                Some(record.fields.iter().map(|field| (field.name.clone(), field.ty)).collect())
            }
            TypeDefKind::List(item) | TypeDefKind::Option(item) => self.fields(item),
            _ => None,
        }
    }

    fn object(&self, fields: &[(String, Type)]) -> Value {
        Value::Object(fields.iter().map(|(name, ty)| (name.clone(), self.value(name, ty))).collect())
    }

    fn value(&self, name: &str, ty: &Type) -> Value {
        match self.kind(ty) {
            Some(TypeDefKind::Record(_)) => self.object(&self.fields(ty).unwrap()),
            Some(TypeDefKind::List(item)) => json!([self.value(name.strip_suffix('s').unwrap_or(name), item)]),
            Some(TypeDefKind::Option(some)) => self.value(name, some),
            Some(TypeDefKind::Enum(_) | TypeDefKind::Variant(_)) => self.cases(ty).swap_remove(0),
            Some(other) => panic!("no sample of a {} yet", other.as_str()),
            None => match ty {
                Type::Bool => json!(true),
                Type::String => json!(text(name)),
                _ => json!(7),
            },
        }
    }

    /// A value of each case of an enum or variant, and of an option of one.
    fn cases(&self, ty: &Type) -> Vec<Value> {
        let payload = |case: &str, ty: &Option<Type>| match ty {
            Some(ty) => self.value(case, ty),
            None => json!({}),
        };
        match self.kind(ty) {
            Some(TypeDefKind::Option(some)) => self.cases(some),
            Some(TypeDefKind::Enum(cases)) => cases.cases.iter().map(|case| json!(case.name)).collect(),
            Some(TypeDefKind::Variant(variant)) => {
                variant.cases.iter().map(|case| json!({ &case.name: payload(&case.name, &case.ty) })).collect()
            }
            _ => vec![],
        }
    }

    /// Every way to take one field out of `value`: of those that are options, or of the others.
    fn removals(&self, fields: &[(String, Type)], value: &Value, options: bool) -> Vec<Value> {
        self.changes(fields, value, &|object, (name, ty)| {
            let option = matches!(self.kind(ty), Some(TypeDefKind::Option(_)));
            (option == options).then(|| object.remove(name)).is_some()
        })
    }

    /// Every way to put one more field into an object of `value`.
    fn additions(&self, fields: &[(String, Type)], value: &Value) -> Vec<Value> {
        self.changes(fields, value, &|object, _| object.insert("surplus".into(), json!("x")).is_none())
    }

    /// `change` made at each field of `value` and of the objects in it, one at a time.
    fn changes(&self, fields: &[(String, Type)], value: &Value, change: &Change) -> Vec<Value> {
        let mut all = vec![];
        for field in fields {
            let mut changed = value.as_object().unwrap().clone();
            if change(&mut changed, field) {
                all.push(Value::Object(changed));
            }
            let Some(inner) = self.fields(&field.1) else { continue };
            let (list, object) = match &value[&field.0] {
                Value::Array(items) => (true, &items[0]),
                object => (false, object),
            };
            for changed in self.changes(&inner, object, change) {
                let mut outer = value.clone();
                outer[&field.0] = if list { json!([changed]) } else { changed };
                all.push(outer);
            }
        }
        all
    }

    fn check_type(&self, ty: &Type, value: &Value, place: &str) {
        match self.kind(ty) {
            Some(TypeDefKind::Record(_)) => {
                let mut rest = value.as_object().unwrap_or_else(|| panic!("{place} is no object")).clone();
                for (name, ty) in self.fields(ty).unwrap() {
                    let place = format!("{place}.{name}");
                    match (rest.remove(&name), self.kind(&ty)) {
                        (Some(value), Some(TypeDefKind::Option(some))) => self.check_type(some, &value, &place),
                        (Some(value), _) => self.check_type(&ty, &value, &place),
                        (None, Some(TypeDefKind::Option(_))) => {}
                        (None, _) => panic!("{place} is missing"),
                    }
                }
                assert!(rest.is_empty(), "{place} has more than its type: {rest:?}");
            }
            Some(TypeDefKind::List(item)) => {
                let items = value.as_array().unwrap_or_else(|| panic!("{place} is no list"));
                items.iter().for_each(|value| self.check_type(item, value, place));
            }
            Some(TypeDefKind::Enum(cases)) => {
                let case = value.as_str().unwrap_or_else(|| panic!("{place} is no case"));
                assert!(cases.cases.iter().any(|known| known.name == case), "{place} has no case `{case}`");
            }
            Some(TypeDefKind::Variant(variant)) => {
                let object = value.as_object().filter(|object| object.len() == 1);
                let (name, payload) =
                    object.and_then(|object| object.iter().next()).unwrap_or_else(|| panic!("{place}"));
                let case = variant.cases.iter().find(|case| case.name == *name);
                match &case.unwrap_or_else(|| panic!("{place} has no case `{name}`")).ty {
                    Some(ty) => self.check_type(ty, payload, &format!("{place}.{name}")),
                    None => assert_eq!(payload, &json!({}), "{place}.{name}"),
                }
            }
            Some(other) => panic!("{place}: a {} cannot be checked yet", other.as_str()),
            None => assert!(
                match ty {
                    Type::Bool => value.is_boolean(),
                    Type::String => value.is_string(),
                    _ => value.is_i64() || value.is_u64(),
                },
                "{place}: {value}"
            ),
        }
    }
}

/// A text that a parameter or field of this name may have.
fn text(name: &str) -> &'static str {
    match name {
        "group-id" | "group" => "sg-1",
        "instance-id" | "resource" => "i-1",
        "instance-initiated-shutdown-behavior" => "stop",
        "network-interface-id" => "eni-1",
        "volume-id" => "vol-1",
        "snapshot-id" => "snap-1",
        "prefix-list-id" => "pl-1",
        "vpc-id" => "vpc-1",
        "url" => "https://h.test/x",
        "found" => "/x",
        "key" => "x-key",
        "bucket" => "acme-data",
        "topic-arn" => "arn:aws:sns:eu-central-1:123456789012:alerts",
        "cidr-ip" => "10.0.0.0/8",
        "cidr-ipv6" => "2001:db8::/32",
        "ip-protocol" => "tcp",
        "policy" | "policy-document" => r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#,
        "access-key-id" => "AKIAIOSFODNN7EXAMPLE",
        "status" => "Inactive",
        "attribute-key" => "EventName",
        "start-time" | "end-time" => "2026-01-02T03:04:05Z",
        "sse-algorithm" => "aws:kms",
        "type" => "CanonicalUser",
        "permission" => "READ",
        _ => "text",
    }
}
