//! Pictures of workflows and runs. What is in them is the crate `picture`'s.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which picture is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PictureQuery {
    /// How it is drawn.
    #[serde(default)]
    #[param(inline)]
    pub format: PictureFormat,
}

/// How a picture is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PictureFormat {
    /// As it is to be seen.
    #[default]
    Svg,
    /// As the text of a Mermaid flowchart.
    Mermaid,
}
