//! `docs/limits.md` says what the code does.

#[test]
fn limits_page_is_up_to_date() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
    let page = sandbox::limits_page(&[]);
    if std::env::var_os("QUELL_LIMITS").is_some_and(|value| value == "write") {
        std::fs::write(&file, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), page, "set QUELL_LIMITS=write to write it");
}
