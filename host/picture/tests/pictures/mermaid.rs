//! The Mermaid flowchart.

use picture::mermaid;

use crate::models::{every_kind, hostile, mid_flight};

#[test]
fn every_kind_has_its_shape() {
    insta::assert_snapshot!("mermaid_every_kind", mermaid(&every_kind()));
}

#[test]
fn a_run_has_its_states() {
    insta::assert_snapshot!("mermaid_mid_flight", mermaid(&mid_flight()));
}

/// Outside of quotes there is nothing that a person wrote, and inside of them nothing that means anything to Mermaid.
#[test]
fn a_name_is_never_more_than_a_text() {
    let chart = mermaid(&hostile());
    for line in chart.lines().take_while(|line| !line.contains("classDef")) {
        let parts: Vec<&str> = line.split('"').collect();
        assert!(parts.len() % 2 == 1, "quotes come in pairs: {line}");
        for (at, part) in parts.iter().enumerate() {
            let part = part.replace("<br/>", "");
            if at % 2 == 1 {
                assert!(!part.contains(['<', '>', '%', '`', '\u{202e}', '\u{0}']), "{line}");
            } else {
                assert!(!part.contains("script") && !part.contains("init"), "{line}");
            }
        }
    }
}
