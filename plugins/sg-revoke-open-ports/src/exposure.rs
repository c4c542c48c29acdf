//! Which sources of a group open watched ports to the internet.

use crate::WatchedPort;
use crate::internet::{Block, contain_internet, widest};
use crate::sources::Source;

/// A source, and the addresses that it stands for.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The source.
    pub source: Source,
    /// Its blocks: one, or those of its prefix list.
    pub blocks: Vec<Block>,
}

/// The sources that open at least one of the ports to the internet, in the order that they were given in, each with the
/// names of those ports.
pub fn find<'a>(reaches: &'a [Reach], ports: &[WatchedPort]) -> Vec<(&'a Source, Vec<String>)> {
    let by_port: Vec<(&str, Vec<bool>)> =
        ports.iter().map(|watched| (watched.name.as_str(), open(reaches, watched.port))).collect();
    reaches
        .iter()
        .enumerate()
        .map(|(index, reach)| {
            let opens = by_port.iter().filter(|(_, open)| open.get(index).copied().unwrap_or(false));
            (&reach.source, opens.map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>())
        })
        .filter(|(_, names)| !names.is_empty())
        .collect()
}

/// For each source, whether it has to go so that the port is not open to the internet.
///
/// A source that is the internet by itself goes first. Others go only when what is left is the internet together.
fn open(reaches: &[Reach], port: u16) -> Vec<bool> {
    let mut goes: Vec<bool> =
        reaches.iter().map(|reach| reach.source.opens(port) && contain_internet(&reach.blocks)).collect();
    loop {
        let left: Vec<Block> = (reaches.iter().zip(&goes))
            .filter(|(reach, goes)| !**goes && reach.source.opens(port))
            .flat_map(|(reach, _)| reach.blocks.iter().copied())
            .collect();
        let widest = widest(&left);
        if widest.is_empty() {
            return goes;
        }
        for (reach, goes) in reaches.iter().zip(&mut goes) {
            *goes |= reach.source.opens(port) && reach.blocks.iter().any(|block| widest.contains(block));
        }
    }
}
