//! What a plugin is in Rust, and how it becomes the JSON functions of `quell:plugin/remediation`.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};

use crate::Failure;
use crate::bindings::exports::quell::plugin::remediation as wit;

/// What a plugin does: typed input to typed output.
pub trait Plugin {
    /// What a workflow gives to the step. Put `#[serde(deny_unknown_fields)]` on it, so that a misspelt field is an
    /// error.
    type Input: DeserializeOwned + JsonSchema;
    /// What a workflow reads of the step, as `steps.<id>.output`.
    type Output: Serialize + JsonSchema;

    /// Does the work.
    ///
    /// It may run again after it did part of its work, so it must leave alone what is already as it should be.
    ///
    /// # Errors
    /// Why it did not do what it was asked for; the code is what a workflow can catch.
    fn run(input: Self::Input) -> Result<Self::Output, Failure>;
}

/// Exports a [`Plugin`] from the component. Its name, version and summary are those of the crate: `name`, `version` and
/// `description` in `Cargo.toml`.
///
/// Outside wasm it exports nothing, so that a plugin's tests run natively.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            use $crate::bindings::exports::quell::plugin::remediation;

            struct Exported;

            impl remediation::Guest for Exported {
                fn run(
                    input: ::std::string::String,
                ) -> ::std::result::Result<::std::string::String, remediation::Failure> {
                    $crate::run::<$plugin>(&input)
                }

                fn describe() -> remediation::Description {
                    $crate::describe::<$plugin>(
                        env!("CARGO_PKG_NAME"),
                        env!("CARGO_PKG_VERSION"),
                        env!("CARGO_PKG_DESCRIPTION"),
                    )
                }
            }

            // A native library cannot have exports with these names. What is exported in wasm is compiled all the same.
            #[cfg(not(target_family = "wasm"))]
            const _: (
                fn(::std::string::String) -> ::std::result::Result<::std::string::String, remediation::Failure>,
                fn() -> remediation::Description,
            ) = (<Exported as remediation::Guest>::run, <Exported as remediation::Guest>::describe);
            #[cfg(target_family = "wasm")]
    $crate::bindings::export_bindings!(Exported with_types_in $crate::bindings);
        };
    };
}

/// `run` of `quell:plugin/remediation`, for [`export!`](crate::export).
#[doc(hidden)]
pub fn run<P: Plugin>(input: &str) -> Result<String, wit::Failure> {
    let input = serde_json::from_str(input).map_err(|error| Failure::new(Failure::INVALID_INPUT, error.to_string()))?;
    let output = P::run(input)?;
    let output = serde_json::to_string(&output).map_err(|error| Failure::new("invalid-output", error.to_string()))?;
    Ok(output)
}

/// `describe` of `quell:plugin/remediation`, for [`export!`](crate::export).
#[doc(hidden)]
#[must_use]
pub fn describe<P: Plugin>(name: &str, version: &str, summary: &str) -> wit::Description {
    let settings = SchemaSettings::draft2020_12;
    wit::Description {
        name: name.to_owned(),
        version: version.to_owned(),
        summary: summary.to_owned(),
        input_schema: text(settings().for_deserialize().into_generator().into_root_schema_for::<P::Input>()),
        output_schema: text(settings().for_serialize().into_generator().into_root_schema_for::<P::Output>()),
    }
}

fn text(schema: Schema) -> String {
    schema.to_value().to_string()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    struct Halve;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Input {
        /// An even number.
        number: u32,
    }

    #[derive(Serialize, JsonSchema)]
    struct Output {
        half: u32,
    }

    impl Plugin for Halve {
        type Input = Input;
        type Output = Output;

        fn run(input: Input) -> Result<Output, Failure> {
            if input.number % 2 == 1 {
                return Err(Failure::new("odd", format!("`{}` is odd", input.number)));
            }
            Ok(Output { half: input.number / 2 })
        }
    }

    #[test]
    fn input_and_output_are_json() {
        assert_eq!(run::<Halve>(r#"{"number": 6}"#).unwrap(), r#"{"half":3}"#);
    }

    #[test]
    fn a_failure_keeps_its_code_and_message() {
        let failure = run::<Halve>(r#"{"number": 7}"#).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("odd", "`7` is odd"));
    }

    #[test]
    fn input_of_another_shape_is_a_failure() {
        for input in ["", "[]", "{}", r#"{"number": -2}"#, r#"{"number": 6, "nubmer": 6}"#] {
            assert_eq!(run::<Halve>(input).unwrap_err().code, "invalid-input", "{input}");
        }
    }

    #[test]
    fn the_description_has_both_schemas() {
        let description = describe::<Halve>("halve", "1.2.3", "Halves.");
        assert_eq!(description.name, "halve");
        assert_eq!(description.version, "1.2.3");
        assert_eq!(description.summary, "Halves.");
        let input: serde_json::Value = serde_json::from_str(&description.input_schema).unwrap();
        assert_eq!(input["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(input["properties"]["number"]["description"], "An even number.");
        assert_eq!(input["required"], serde_json::json!(["number"]));
        assert_eq!(input["additionalProperties"], false);
        let output: serde_json::Value = serde_json::from_str(&description.output_schema).unwrap();
        assert_eq!(output["properties"]["half"]["type"], "integer");
    }
}
