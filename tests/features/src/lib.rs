//! No code: see the dependencies in `Cargo.toml`.
