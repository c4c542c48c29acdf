//! Makes a component of a core module that was built with the SDK: `quell-encode <module.wasm> <component.wasm>`.
//!
//! The module carries its WIT types in custom sections; `wit-component` wraps it and drops every import that the module
//! does not call. What is left is printed: the capabilities that the plugin asks for. Whether they are acceptable is
//! the host's to say, at upload.

use std::{env, ffi::OsString, fs};

use anyhow::{Context, Result, bail};
use wit_component::{ComponentEncoder, DecodedWasm, decode};
use wit_parser::WorldItem;

fn main() -> Result<()> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let [module, component] = arguments.as_slice() else {
        bail!("usage: quell-encode <module.wasm> <component.wasm>");
    };
    let bytes = fs::read(module).with_context(|| format!("reading `{}`", module.display()))?;
    let encoded = encode(&bytes).with_context(|| format!("encoding `{}`", module.display()))?;
    fs::write(component, &encoded).with_context(|| format!("writing `{}`", component.display()))?;
    println!("  {:>6.1} KiB  {}", kibibytes(encoded.len()), component.display());
    for import in imports(&encoded)? {
        println!("              {import}");
    }
    Ok(())
}

fn encode(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default().validate(true).module(module)?.encode()
}

/// The functions that a component imports, as `package/interface@version.function`, sorted.
fn imports(component: &[u8]) -> Result<Vec<String>> {
    let DecodedWasm::Component(resolve, world) = decode(component)? else {
        bail!("the encoder made a WIT package instead of a component");
    };
    let world = resolve.worlds.get(world).context("the component has no world")?;
    let mut functions = Vec::new();
    for (key, item) in &world.imports {
        let name = resolve.name_world_key(key);
        match item {
            WorldItem::Interface { id, .. } => {
                let interface = resolve.interfaces.get(*id).context("an import has no interface")?;
                functions.extend(interface.functions.keys().map(|function| format!("{name}.{function}")));
            }
            WorldItem::Function(_) => functions.push(name),
            WorldItem::Type { .. } => {}
        }
    }
    functions.sort();
    Ok(functions)
}

#[expect(clippy::cast_precision_loss, reason = "a size for people to read, in tenths of a KiB")]
fn kibibytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

#[cfg(test)]
mod tests;
