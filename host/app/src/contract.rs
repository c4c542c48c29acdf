//! The WIT that this build of the host was made with.

use include_dir::{Dir, include_dir};

static WIT: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// Every file of `wit/`: its path there, and its text.
pub fn wit() -> Vec<(&'static str, &'static str)> {
    let mut files = vec![];
    collect(&WIT, &mut files);
    files
}

fn collect<'a>(folder: &'a Dir<'a>, files: &mut Vec<(&'a str, &'a str)>) {
    for file in folder.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            files.push((path, text));
        }
    }
    folder.dirs().for_each(|folder| collect(folder, files));
}
