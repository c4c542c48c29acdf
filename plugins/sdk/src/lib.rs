//! What the author of a plugin depends on.
//!
//! A plugin is a type that implements [`Plugin`] and is handed to [`export!`]:
//!
//! ```
//! use quell_sdk::{Failure, JsonSchema, Plugin, ec2, paginate};
//! use serde::{Deserialize, Serialize};
//!
//! /// Counts the instances in the region.
//! struct CountInstances;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! #[schemars(crate = "quell_sdk::schemars")]
//! struct Input {}
//!
//! #[derive(Serialize, JsonSchema)]
//! #[schemars(crate = "quell_sdk::schemars")]
//! struct Output {
//!     instances: usize,
//! }
//!
//! impl Plugin for CountInstances {
//!     type Input = Input;
//!     type Output = Output;
//!
//!     fn run(_input: Input) -> Result<Output, Failure> {
//!         let instances = paginate(|token| ec2::instances::describe_instances(&[], &[], token))
//!             .collect::<Result<Vec<_>, _>>()?;
//!         Ok(Output { instances: instances.len() })
//!     }
//! }
//!
//! quell_sdk::export!(CountInstances);
//! # fn main() {}
//! ```
//!
//! The crate binds every capability that Quell has. A component nevertheless imports just the functions that the plugin
//! calls, because the encoder prunes the others: what a plugin asks for follows from its code, and is declared nowhere
//! else.
//!
//! What a call means, which IAM action it needs and how it may fail is written where the call is defined, in the WIT of
//! its service. What a plugin may really do is decided by its grant, in the host; nothing here enforces anything.

#[doc(hidden)]
pub mod bindings;
mod context;
mod error;
mod failure;
pub mod finding;
pub mod log;
pub mod members;
mod pages;
mod plugin;
mod secret;

pub use bindings::quell::cloudtrail;
pub use bindings::quell::ec2;
pub use bindings::quell::errors::errors::{Detail, Error};
pub use bindings::quell::http;
pub use bindings::quell::iam;
pub use bindings::quell::s3;
pub use bindings::quell::sns;
pub use context::{Context, context};
pub use failure::{During, Failure};
pub use pages::{Page, paginate};
pub use plugin::Plugin;
pub use schemars::JsonSchema;
pub use secret::without_secrets;

#[doc(hidden)]
pub use plugin::{describe, run};
/// For the code that `#[derive(JsonSchema)]` writes: name it with `#[schemars(crate = "quell_sdk::schemars")]`.
pub use schemars;
