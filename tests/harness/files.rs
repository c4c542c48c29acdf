//! Where things are: the checkout, and what was built from it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The root of the checkout that is tested. Asked when the test runs: a target folder may serve several checkouts.
pub fn repository() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let tests =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        tests.parent().expect("the tests are a folder of the repository").to_owned()
    });
    &ROOT
}

/// The binary `quell`: `QUELL_BIN`, or the one of the target folder that this test was built in.
pub fn binary() -> PathBuf {
    let binary = std::env::var_os("QUELL_BIN").map_or_else(|| profile().join("quell"), PathBuf::from);
    assert!(binary.is_file(), "`{}` is missing: run `cargo build -p app`, or `make test`", binary.display());
    binary
}

/// The component of a shipped plugin.
pub fn component(plugin: &str) -> PathBuf {
    built("plugins", plugin)
}

/// The component of a plugin that means harm.
pub fn hostile(plugin: &str) -> PathBuf {
    built("hostile", plugin)
}

fn built(folder: &str, plugin: &str) -> PathBuf {
    let target = profile().parent().expect("a profile's folder is in the target folder").to_owned();
    let component = target.join(folder).join(format!("{plugin}.wasm"));
    assert!(component.is_file(), "`{}` is missing: run `scripts/build-plugins`, or `make test`", component.display());
    component
}

/// `<target>/<profile>`, whose `deps` this test is in.
fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let deps = test.parent().expect("a file is in a folder");
    deps.parent().expect("`deps` is in the profile's folder").to_owned()
}
