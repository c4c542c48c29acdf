//! `docs/pictures`: a picture of each workflow in `workflows`, up to date.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use picture::{Picture, svg};
use workflow::{Surroundings, load};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &str, extension: &str) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == extension));
    paths.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path)).collect()
}

fn pictures() -> BTreeMap<String, String> {
    let pictures = files("workflows", "yaml").into_iter().map(|(name, path)| {
        let source = fs::read_to_string(path).unwrap();
        let workflow = load(&name, &source, &Surroundings::default());
        let workflow = workflow.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        (name, svg(&Picture::of(&workflow)))
    });
    pictures.collect()
}

#[test]
fn pictures_of_the_shipped_workflows_are_up_to_date() {
    let pictures = pictures();
    let folder = repository().join("docs/pictures");
    if std::env::var("QUELL_PICTURES").is_ok_and(|what| what == "write") {
        fs::create_dir_all(&folder).unwrap();
        files("docs/pictures", "svg").values().for_each(|path| fs::remove_file(path).unwrap());
        for (name, svg) in &pictures {
            fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
        }
    }
    let stored = files("docs/pictures", "svg").into_iter();
    let stored: BTreeMap<String, String> =
        stored.map(|(name, path)| (name, fs::read_to_string(path).unwrap())).collect();
    assert!(stored == pictures, "`QUELL_PICTURES=write cargo test -p picture` draws them anew");
}
