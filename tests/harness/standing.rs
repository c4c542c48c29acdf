//! Plugins that stand for others: real components that export the contract, import nothing and answer what they are given.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::files::repository;

/// The component of a plugin of this name that answers what it is given: `tests/standing/plugin.wat`.
pub fn standing_in(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(repository().join("tests/standing/plugin.wat")).expect("the module can be read");
    let module = wat::parse_str(text.replace("NAME", name).replace("LENGTH", &name.len().to_string()));
    let mut module = module.expect("the module is valid");
    let mut resolve = Resolve::new();
    let (package, _) = resolve.push_dir(repository().join("wit")).expect("the WIT is valid");
    let world = resolve.select_world(&[package], Some("plugin")).expect("there is a world for plugins");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the world fits");
    ComponentEncoder::default().module(&module).expect("the module fits").encode().expect("it makes a component")
}
