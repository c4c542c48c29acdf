//! Links a plugin's imports to the host, for every function of the contract alike: its arguments become a message, the
//! answer becomes its result.
//!
//! No function is implemented here, and none is known by name. What is not in the contract is not linked.

use std::sync::Arc;

use wasmtime::{
    Engine, StoreContextMut,
    component::{Linker, Val},
};

use crate::{contract::Contract, ended::Ended, error::Error, invoke::Invocation, value, wit_type::FunctionType};

/// One importable function.
struct Import {
    name: String,
    ty: FunctionType,
}

/// The linker of all plugins. It is built once and never cloned.
pub(crate) fn linker(engine: &Engine, contract: &Contract) -> Result<Linker<Invocation>, Error> {
    let mut linker = Linker::new(engine);
    for (interface, functions) in contract.interfaces() {
        let mut instance = linker.instance(interface).map_err(not_linked)?;
        for (function, ty) in functions {
            let import = Arc::new(Import { name: format!("{interface}#{function}"), ty: ty.clone() });
            let linked = instance.func_new_async(
                function,
                move |mut store: StoreContextMut<'_, Invocation>, _, params, results| {
                    let import = Arc::clone(&import);
                    Box::new(async move {
                        let call = import.call(store.data_mut(), params, results);
                        call.await.map_err(wasmtime::Error::new)
                    })
                },
            );
            linked.map_err(not_linked)?;
        }
    }
    Ok(linker)
}

fn not_linked(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
}

impl Import {
    async fn call(&self, invocation: &mut Invocation, params: &[Val], results: &mut [Val]) -> Result<(), Ended> {
        let arguments = value::arguments(&self.ty, params)
            .map_err(|problem| Ended::ArgumentInvalid { function: self.name.clone(), problem: problem.to_string() })?;
        let answer = invocation.exchange.call(&self.name, arguments).await?;
        let invalid = |problem: String| Ended::AnswerInvalid { function: self.name.clone(), problem };
        match (value::result_from_json(&self.ty, &answer), results) {
            (Ok(Some(result)), [place]) => *place = result,
            (Ok(None), []) => {}
            (Ok(_), _) => {
                return Err(invalid("the function has another number of results".to_owned()));
            }
            (Err(problem), _) => return Err(invalid(problem.to_string())),
        }
        Ok(())
    }
}
