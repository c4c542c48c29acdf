//! The types of the WIT as one small structure: what the host's WIT and a plugin's component are both read into, so that
//! they can be compared, shown, and used to turn values into JSON.
//!
//! Where the types come from is for `contract` (the host's WIT) and `signature` (a component). Resources, streams and
//! futures are deliberately absent: a call is data.

use std::fmt;

use wit_parser::{Resolve, TypeDefKind};

/// What a function has instead of data, to be put into a sentence.
pub(crate) type NotData = &'static str;

/// A type of the component model, without the names of the types that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the primitive types are those of WIT")]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// `list<t>`
    List(Box<Type>),
    /// `tuple<a, b>`
    Tuple(Vec<Type>),
    /// The fields by name, in the order of the WIT.
    Record(Vec<(String, Type)>),
    /// The cases by name, each with its payload where it has one.
    Variant(Vec<(String, Option<Type>)>),
    /// The names of the cases.
    Enum(Vec<String>),
    /// The names of the flags.
    Flags(Vec<String>),
    /// `option<t>`
    Option(Box<Type>),
    /// `result<ok, err>`, where either may carry nothing.
    Result {
        ok: Option<Box<Type>>,
        err: Option<Box<Type>>,
    },
}

/// The parameters and the result of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionType {
    /// The parameters by name, in the order of the WIT.
    pub params: Vec<(String, Type)>,
    /// The result, where there is one.
    pub result: Option<Type>,
}

impl FunctionType {
    /// Reads the type of a function of the host's WIT; fails with the kind of a type that plugins cannot be given.
    pub(crate) fn from_wit(resolve: &Resolve, function: &wit_parser::Function) -> Result<Self, NotData> {
        if !matches!(function.kind, wit_parser::FunctionKind::Freestanding) {
            return Err("a resource or `async`");
        }
        let params = function.params.iter();
        Ok(Self {
            params: params
                .map(|param| Ok((param.name.clone(), Type::from_wit(resolve, &param.ty)?)))
                .collect::<Result<_, NotData>>()?,
            result: function.result.as_ref().map(|ty| Type::from_wit(resolve, ty)).transpose()?,
        })
    }
}

impl Type {
    fn from_wit(resolve: &Resolve, ty: &wit_parser::Type) -> Result<Self, NotData> {
        Ok(match ty {
            wit_parser::Type::Bool => Self::Bool,
            wit_parser::Type::S8 => Self::S8,
            wit_parser::Type::U8 => Self::U8,
            wit_parser::Type::S16 => Self::S16,
            wit_parser::Type::U16 => Self::U16,
            wit_parser::Type::S32 => Self::S32,
            wit_parser::Type::U32 => Self::U32,
            wit_parser::Type::S64 => Self::S64,
            wit_parser::Type::U64 => Self::U64,
            wit_parser::Type::F32 => Self::F32,
            wit_parser::Type::F64 => Self::F64,
            wit_parser::Type::Char => Self::Char,
            wit_parser::Type::String => Self::String,
            wit_parser::Type::ErrorContext => return Err("an `error-context`"),
            wit_parser::Type::Id(id) => {
                let definition = resolve.types.get(*id).ok_or("a type that is not defined")?;
                return Self::from_definition(resolve, &definition.kind);
            }
        })
    }

    fn from_definition(resolve: &Resolve, kind: &TypeDefKind) -> Result<Self, NotData> {
        let read = |ty: &wit_parser::Type| Self::from_wit(resolve, ty);
        let boxed = |ty: &Option<wit_parser::Type>| ty.as_ref().map(|ty| read(ty).map(Box::new)).transpose();
        Ok(match kind {
            TypeDefKind::Type(ty) => read(ty)?,
            TypeDefKind::List(element) => Self::List(Box::new(read(element)?)),
            TypeDefKind::Option(some) => Self::Option(Box::new(read(some)?)),
            TypeDefKind::Result(result) => Self::Result { ok: boxed(&result.ok)?, err: boxed(&result.err)? },
            TypeDefKind::Tuple(tuple) => Self::Tuple(tuple.types.iter().map(read).collect::<Result<_, NotData>>()?),
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                Self::Record(
                    fields.map(|field| Ok((field.name.clone(), read(&field.ty)?))).collect::<Result<_, NotData>>()?,
                )
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases = cases.map(|case| Ok((case.name.clone(), case.ty.as_ref().map(read).transpose()?)));
                Self::Variant(cases.collect::<Result<_, NotData>>()?)
            }
            TypeDefKind::Enum(cases) => Self::Enum(cases.cases.iter().map(|case| case.name.clone()).collect()),
            TypeDefKind::Flags(flags) => Self::Flags(flags.flags.iter().map(|flag| flag.name.clone()).collect()),
            TypeDefKind::Resource | TypeDefKind::Handle(_) => return Err("a resource"),
            TypeDefKind::Future(_) | TypeDefKind::Stream(_) => return Err("a future or stream"),
            TypeDefKind::Map(..) => return Err("a map"),
            TypeDefKind::FixedLengthList(..) => return Err("a list of fixed length"),
            TypeDefKind::Unknown => return Err("a type that is not defined"),
        })
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        named(f, self.params.iter().map(|(name, ty)| (name, Some(ty))), ": ", "")?;
        f.write_str(")")?;
        match &self.result {
            Some(ty) => write!(f, " -> {ty}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::S8 => f.write_str("s8"),
            Self::U8 => f.write_str("u8"),
            Self::S16 => f.write_str("s16"),
            Self::U16 => f.write_str("u16"),
            Self::S32 => f.write_str("s32"),
            Self::U32 => f.write_str("u32"),
            Self::S64 => f.write_str("s64"),
            Self::U64 => f.write_str("u64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Tuple(types) => {
                f.write_str("tuple<")?;
                separated(f, types, |f, ty| ty.fmt(f))?;
                f.write_str(">")
            }
            Self::Record(fields) => {
                f.write_str("record { ")?;
                named(f, fields.iter().map(|(name, ty)| (name, Some(ty))), ": ", "")?;
                f.write_str(" }")
            }
            Self::Variant(cases) => {
                f.write_str("variant { ")?;
                named(f, cases.iter().map(|(name, ty)| (name, ty.as_ref())), "(", ")")?;
                f.write_str(" }")
            }
            Self::Enum(names) => write!(f, "enum {{ {} }}", names.join(", ")),
            Self::Flags(names) => write!(f, "flags {{ {} }}", names.join(", ")),
            Self::Result { ok: None, err: None } => f.write_str("result"),
            Self::Result { ok: Some(ok), err: None } => write!(f, "result<{ok}>"),
            Self::Result { ok: None, err: Some(err) } => write!(f, "result<_, {err}>"),
            Self::Result { ok: Some(ok), err: Some(err) } => write!(f, "result<{ok}, {err}>"),
        }
    }
}

fn named<'t>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = (&'t String, Option<&'t Type>)>,
    before: &str,
    after: &str,
) -> fmt::Result {
    separated(f, items, |f, (name, ty)| match ty {
        Some(ty) => write!(f, "{name}{before}{ty}{after}"),
        None => f.write_str(name),
    })
}

fn separated<I: IntoIterator>(
    f: &mut fmt::Formatter<'_>,
    items: I,
    write: impl Fn(&mut fmt::Formatter<'_>, I::Item) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}
