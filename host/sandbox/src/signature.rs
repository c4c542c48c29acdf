//! Reads the types of a component into [`Type`], from what wasmparser validated.
//!
//! The component is not trusted: its types may be a graph that unfolds to a tree of any size, so what is read is
//! bounded. What the types must be is for `inspect`.

use wasmparser::{
    PrimitiveValType,
    component_types::{ComponentDefinedType, ComponentFuncTypeId, ComponentValType},
    types::TypesRef,
};

use crate::wit_type::{FunctionType, NotData, Type};

/// How many types one function may be made of. The largest of the host's WIT have some fifty.
const MAX_TYPES: usize = 4_096;

/// Reads the type of a function.
pub(crate) fn function(types: TypesRef<'_>, id: ComponentFuncTypeId) -> Result<FunctionType, NotData> {
    let function = types.get(id).ok_or("a type that is not defined")?;
    if function.async_ {
        return Err("an `async` function");
    }
    let mut reader = Reader { types, left: MAX_TYPES };
    let params = function.params.iter();
    Ok(FunctionType {
        params: params.map(|(name, ty)| Ok((name.to_string(), reader.value(ty)?))).collect::<Result<_, NotData>>()?,
        result: function.result.as_ref().map(|ty| reader.value(ty)).transpose()?,
    })
}

struct Reader<'t> {
    types: TypesRef<'t>,
    left: usize,
}

impl Reader<'_> {
    fn value(&mut self, ty: &ComponentValType) -> Result<Type, NotData> {
        self.left = self.left.checked_sub(1).ok_or("a function whose types are too large")?;
        match ty {
            ComponentValType::Primitive(primitive) => self::primitive(*primitive),
            ComponentValType::Type(id) => {
                let defined = self.types.get(*id).ok_or("a type that is not defined")?;
                self.defined(defined)
            }
        }
    }

    fn defined(&mut self, ty: &ComponentDefinedType) -> Result<Type, NotData> {
        Ok(match ty {
            ComponentDefinedType::Primitive(ty) => primitive(*ty)?,
            ComponentDefinedType::List { element, .. } => Type::List(Box::new(self.value(element)?)),
            ComponentDefinedType::Option { ty, .. } => Type::Option(Box::new(self.value(ty)?)),
            ComponentDefinedType::Result { ok, err, .. } => Type::Result { ok: self.boxed(ok)?, err: self.boxed(err)? },
            ComponentDefinedType::Tuple(tuple) => {
                Type::Tuple(tuple.types.iter().map(|ty| self.value(ty)).collect::<Result<_, NotData>>()?)
            }
            ComponentDefinedType::Record(record) => {
                let fields = record.fields.iter();
                Type::Record(
                    fields.map(|(name, ty)| Ok((name.to_string(), self.value(ty)?))).collect::<Result<_, NotData>>()?,
                )
            }
            ComponentDefinedType::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases = cases.map(|(name, case)| {
                    let payload = case.ty.as_ref().map(|ty| self.value(ty)).transpose()?;
                    Ok((name.to_string(), payload))
                });
                Type::Variant(cases.collect::<Result<_, NotData>>()?)
            }
            ComponentDefinedType::Enum(names) => Type::Enum(names.iter().map(ToString::to_string).collect()),
            ComponentDefinedType::Flags(names) => Type::Flags(names.iter().map(ToString::to_string).collect()),
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => {
                return Err("a function with a resource");
            }
            ComponentDefinedType::Future { .. } | ComponentDefinedType::Stream { .. } => {
                return Err("a function with a future or stream");
            }
            ComponentDefinedType::Map { .. } => return Err("a function with a map"),
            ComponentDefinedType::FixedLengthList { .. } => {
                return Err("a function with a list of fixed length");
            }
        })
    }

    fn boxed(&mut self, ty: &Option<ComponentValType>) -> Result<Option<Box<Type>>, NotData> {
        ty.as_ref().map(|ty| self.value(ty).map(Box::new)).transpose()
    }
}

fn primitive(ty: PrimitiveValType) -> Result<Type, NotData> {
    Ok(match ty {
        PrimitiveValType::Bool => Type::Bool,
        PrimitiveValType::S8 => Type::S8,
        PrimitiveValType::U8 => Type::U8,
        PrimitiveValType::S16 => Type::S16,
        PrimitiveValType::U16 => Type::U16,
        PrimitiveValType::S32 => Type::S32,
        PrimitiveValType::U32 => Type::U32,
        PrimitiveValType::S64 => Type::S64,
        PrimitiveValType::U64 => Type::U64,
        PrimitiveValType::F32 => Type::F32,
        PrimitiveValType::F64 => Type::F64,
        PrimitiveValType::Char => Type::Char,
        PrimitiveValType::String => Type::String,
        PrimitiveValType::ErrorContext => return Err("a function with an `error-context`"),
    })
}
