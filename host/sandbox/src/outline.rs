//! The first look at an upload: what kind of bytes it is, how large its parts are, what it imports and exports by name.
//!
//! It runs before validation and costs one pass, so that what is absurdly large is refused in milliseconds. Whether the
//! parts are valid is for `inspect`. The limits of wasmparser (a GiB, a million functions) are no policy; these are.

use serde::{Deserialize, Serialize};
use wasmparser::{
    CanonicalFunction, CanonicalOption, Encoding, Instance, InstanceSectionReader, MemorySectionReader, Parser,
    Payload, TableSectionReader,
};

use crate::refused::Refused;

/// How many bytes an upload may have. The plugins that come with Quell have some 60 KB.
pub const MAX_UPLOAD_BYTES: usize = 16 << 20;

/// A component made by the usual tools nests one component for each interface that it exports; a plugin exports one.
pub(crate) const MAX_NESTED_COMPONENTS: usize = 4;
/// The plugin's own module, and two small ones that the component encoder adds.
pub(crate) const MAX_CORE_MODULES: usize = 8;
/// Each core module is instantiated once.
pub(crate) const MAX_CORE_INSTANCES: usize = 16;
/// All core functions, imported ones included; compiling takes time for each.
pub(crate) const MAX_FUNCTIONS: usize = 20_000;
/// One core function; the compiler's time grows faster than the function.
pub(crate) const MAX_FUNCTION_BYTES: usize = 256 << 10;
/// Names and producers. Debug information is larger, and nothing here reads it.
pub(crate) const MAX_CUSTOM_BYTES: usize = 1 << 20;
/// The interfaces that a component imports.
pub(crate) const MAX_IMPORTS: usize = 200;
/// A plugin exports one interface.
pub(crate) const MAX_EXPORTS: usize = 16;
/// The exports of all core modules.
pub(crate) const MAX_CORE_EXPORTS: usize = 20_000;

/// The names of the imports and the exports of a component, and what is in it.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) contents: Contents,
}

/// How much there is of what in a component: what helps to judge an upload before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contents {
    /// Components inside of the component.
    pub nested_components: usize,
    /// Core modules.
    pub core_modules: usize,
    /// Instances of core modules.
    pub core_instances: usize,
    /// Functions of all core modules, imported ones included.
    pub core_functions: usize,
    /// Exports of all core modules.
    pub core_exports: usize,
    /// The bodies of all core functions.
    pub code_bytes: usize,
    /// The pages, of 64 KiB, that all linear memories have at first.
    pub memory_pages: u64,
    /// The pages that they may grow to. `None` where one has no maximum of its own; the limit of memory then is.
    pub memory_pages_maximum: Option<u64>,
    /// The elements that all tables have at first.
    pub table_elements: u64,
    /// What is copied into memories at first.
    pub data_bytes: usize,
    /// Names, producers, debug information: what is not run.
    pub custom_bytes: usize,
}

/// Takes the first look.
pub(crate) fn read(bytes: &[u8]) -> Result<Outline, Refused> {
    sniff(bytes)?;
    let mut scan = Scan::default();
    scan.outline.contents.memory_pages_maximum = Some(0);
    for payload in Parser::new(0).parse_all(bytes) {
        scan.payload(&payload.map_err(malformed)?)?;
    }
    Ok(scan.outline)
}

/// What a broken component is refused with.
pub(crate) fn malformed(error: wasmparser::BinaryReaderError) -> Refused {
    Refused::Malformed { problem: error.to_string() }
}

/// What an archive begins with, where, and what it is called.
const ARCHIVES: [(usize, &[u8], &str); 10] = [
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"BZh", "bzip2"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"!<arch>\n", "ar"),
    (257, b"ustar", "tar"),
];

/// Decides by the first bytes what the upload is. It takes no time, and nothing of the upload is read in earnest.
pub(crate) fn sniff(bytes: &[u8]) -> Result<(), Refused> {
    if bytes.is_empty() {
        return Err(Refused::Empty);
    }
    if bytes.len() > MAX_UPLOAD_BYTES {
        return Err(Refused::TooLarge { bytes: bytes.len(), limit: MAX_UPLOAD_BYTES });
    }
    // wasmtime's precompiled code is an ELF file, whichever version wrote it.
    if bytes.starts_with(b"\x7fELF") {
        return Err(Refused::Precompiled);
    }
    let Some(version) = bytes.strip_prefix(b"\0asm") else {
        let is = |at: &usize, magic: &[u8]| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic));
        if let Some((_, _, kind)) = ARCHIVES.iter().find(|(at, magic, _)| is(at, magic)) {
            return Err(Refused::Archive { kind: (*kind).to_owned() });
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        return Err(if text.starts_with(b"(") || text.starts_with(b";;") { Refused::Text } else { Refused::NotWasm });
    };
    match version.first_chunk() {
        Some([_, _, 0, 0]) => Err(Refused::CoreModule),
        Some(_) => Ok(()),
        None => Err(Refused::NotWasm),
    }
}

/// What was counted so far.
#[derive(Default)]
struct Scan {
    outline: Outline,
    /// How many components and modules the reader is inside of; the outermost component is at 1.
    depth: usize,
}

impl Scan {
    fn payload(&mut self, payload: &Payload<'_>) -> Result<(), Refused> {
        let contents = &mut self.outline.contents;
        match payload {
            Payload::Version { encoding, .. } => {
                self.depth += 1;
                match encoding {
                    Encoding::Component if self.depth == 1 => Ok(()),
                    Encoding::Component => {
                        count(&mut contents.nested_components, 1, MAX_NESTED_COMPONENTS, "nested components")
                    }
                    Encoding::Module => count(&mut contents.core_modules, 1, MAX_CORE_MODULES, "core modules"),
                }
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::InstanceSection(section) => core_instances(contents, section.clone()),
            Payload::ImportSection(section) => functions(contents, section.count()),
            Payload::FunctionSection(section) => functions(contents, section.count()),
            Payload::MemorySection(section) => memories(contents, section.clone()),
            Payload::TableSection(section) => tables(contents, section.clone()),
            Payload::DataSection(section) => section.clone().into_iter().try_for_each(|data| {
                contents.data_bytes = contents.data_bytes.saturating_add(data.map_err(malformed)?.data.len());
                Ok(())
            }),
            Payload::ExportSection(section) => {
                count(&mut contents.core_exports, size(section.count()), MAX_CORE_EXPORTS, "exports of core modules")
            }
            Payload::CodeSectionEntry(body) => {
                let bytes = body.as_bytes().len();
                contents.code_bytes = contents.code_bytes.saturating_add(bytes);
                if bytes > MAX_FUNCTION_BYTES {
                    Err(too_complex("bytes in one function", MAX_FUNCTION_BYTES))
                } else {
                    Ok(())
                }
            }
            Payload::CustomSection(section) => {
                count(&mut contents.custom_bytes, section.data().len(), MAX_CUSTOM_BYTES, "bytes in custom sections")
            }
            Payload::ComponentCanonicalSection(section) => {
                section.clone().into_iter().try_for_each(|function| options(&function.map_err(malformed)?))
            }
            Payload::ComponentImportSection(section) if self.depth == 1 => {
                section.clone().into_iter().try_for_each(|item| {
                    let name = item.map_err(malformed)?.name.name;
                    remember(&mut self.outline.imports, name, MAX_IMPORTS, "imports")
                })
            }
            Payload::ComponentExportSection(section) if self.depth == 1 => {
                section.clone().into_iter().try_for_each(|item| {
                    let name = item.map_err(malformed)?.name.name;
                    remember(&mut self.outline.exports, name, MAX_EXPORTS, "exports")
                })
            }
            _ => Ok(()),
        }
    }
}

/// Counts what wasmtime instantiates. Bundles of items that are already there cost nothing, and there is one for each
/// interface that a plugin imports.
fn core_instances(contents: &mut Contents, section: InstanceSectionReader<'_>) -> Result<(), Refused> {
    section.into_iter().try_for_each(|instance| match instance.map_err(malformed)? {
        Instance::Instantiate { .. } => count(&mut contents.core_instances, 1, MAX_CORE_INSTANCES, "core instances"),
        Instance::FromExports(_) => Ok(()),
    })
}

fn functions(contents: &mut Contents, more: u32) -> Result<(), Refused> {
    count(&mut contents.core_functions, size(more), MAX_FUNCTIONS, "core functions")
}

fn memories(contents: &mut Contents, section: MemorySectionReader<'_>) -> Result<(), Refused> {
    section.into_iter().try_for_each(|memory| {
        let memory = memory.map_err(malformed)?;
        contents.memory_pages = contents.memory_pages.saturating_add(memory.initial);
        let maxima = contents.memory_pages_maximum.zip(memory.maximum);
        contents.memory_pages_maximum = maxima.map(|(others, maximum)| others.saturating_add(maximum));
        Ok(())
    })
}

fn tables(contents: &mut Contents, section: TableSectionReader<'_>) -> Result<(), Refused> {
    section.into_iter().try_for_each(|table| {
        let initial = table.map_err(malformed)?.ty.initial;
        contents.table_elements = contents.table_elements.saturating_add(initial);
        Ok(())
    })
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn count(so_far: &mut usize, more: usize, limit: usize, what: &str) -> Result<(), Refused> {
    *so_far = so_far.saturating_add(more);
    if *so_far > limit { Err(too_complex(what, limit)) } else { Ok(()) }
}

fn remember(names: &mut Vec<String>, name: &str, limit: usize, what: &str) -> Result<(), Refused> {
    names.push(name.to_owned());
    if names.len() > limit { Err(too_complex(what, limit)) } else { Ok(()) }
}

fn too_complex(what: &str, limit: usize) -> Refused {
    Refused::TooComplex { what: what.to_owned(), limit }
}

/// UTF-8 only: wasmtime's transcoders between other encodings had three advisories in 2026 (GHSA for RUSTSEC-2026-0091 to
/// -0093). Nothing asynchronous: the host does not offer it.
fn options(function: &CanonicalFunction) -> Result<(), Refused> {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) = function else {
        return Ok(());
    };
    options.iter().try_for_each(|option| {
        let refused = match option {
            CanonicalOption::UTF8
            | CanonicalOption::Memory(_)
            | CanonicalOption::Realloc(_)
            | CanonicalOption::PostReturn(_) => return Ok(()),
            CanonicalOption::UTF16 => "utf16",
            CanonicalOption::CompactUTF16 => "latin1+utf16",
            CanonicalOption::Async => "async",
            CanonicalOption::Callback(_) => "callback",
            CanonicalOption::CoreType(_) => "core-type",
            CanonicalOption::Gc => "gc",
        };
        Err(Refused::OptionRefused { option: refused.to_owned() })
    })
}
