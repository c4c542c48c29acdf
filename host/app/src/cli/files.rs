//! Files that a person names: read whole, with `-` for standard input.

use std::io::Read as _;
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::error::Error;

/// The bytes of the file.
pub fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    if file != Path::new("-") {
        return std::fs::read(file).map_err(Error::file(file));
    }
    let mut bytes = vec![];
    std::io::stdin().read_to_end(&mut bytes).map_err(Error::file(file))?;
    Ok(bytes)
}

/// The text of the file.
pub fn text(file: &Path) -> Result<String, Error> {
    String::from_utf8(bytes(file)?).map_err(|_| Error::usage(format!("`{}` is not UTF-8 text", file.display())))
}

/// The JSON document in the file.
pub fn json(file: &Path) -> Result<Value, Error> {
    let text = text(file)?;
    serde_json::from_str(&text).map_err(|error| not_json(file, &error))
}

/// Whether the text of the file is JSON. What is sent is the text itself, so that no number changes on the way.
pub fn check_json(file: &Path, text: &str) -> Result<(), Error> {
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|error| not_json(file, &error))
}

fn not_json(file: &Path, error: &serde_json::Error) -> Error {
    Error::usage(format!("`{}` is not valid JSON: {error}", file.display()))
}
