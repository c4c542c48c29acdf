//! The page for authors, `docs/expressions.md`, holds: every example on it has the result that it claims, and every
//! helper is on it with an example.

use serde_json::Value;

use super::super::helper::{self, Kind};
use super::{evaluate_in, evaluate_one};

const PAGE: &str = include_str!("../../../../../docs/expressions.md");

/// What stands behind the arrow.
#[derive(Debug)]
enum Claim {
    Result(Value),
    Error(Option<String>),
}

/// A code span at the beginning of a text, and what follows it. Two backticks enclose one.
fn span(text: &str) -> Option<(&str, &str)> {
    let (fence, pad) = if text.starts_with("``") { ("``", " ") } else { ("`", "") };
    let (inner, rest) = text.strip_prefix(fence)?.split_once(fence)?;
    let inner = inner.strip_prefix(pad)?;
    Some((inner.strip_suffix(pad)?, rest))
}

/// Every code span that an arrow follows.
fn examples() -> Vec<(String, Claim)> {
    let (mut examples, mut rest, mut last) = (Vec::new(), PAGE, None::<String>);
    while let Some(next) = rest.find(['`', '→']) {
        rest = &rest[next..];
        if let Some(behind) = rest.strip_prefix('→') {
            let source = last.take().expect("an arrow stands behind an expression");
            let behind = behind.trim_start();
            let (claim, after) = match behind.strip_prefix("error") {
                Some(behind) => match span(behind.trim_start_matches(' ')) {
                    Some((message, after)) if behind.starts_with(' ') => {
                        (Claim::Error(Some(message.to_owned())), after)
                    }
                    _ => (Claim::Error(None), behind),
                },
                None => {
                    let (json, after) = span(behind).expect("a result stands behind an arrow");
                    (Claim::Result(serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))), after)
                }
            };
            examples.push((source, claim));
            rest = after;
        } else if let Some(fenced) = rest.strip_prefix("```") {
            rest = fenced.split_once("```").unwrap().1;
        } else {
            let (code, after) = span(rest).expect("a code span ends");
            last = Some(code.to_owned());
            rest = after;
        }
    }
    examples
}

fn event() -> Value {
    let (_, json) = PAGE.split_once("```json\n").unwrap();
    serde_json::from_str(json.split_once("```").unwrap().0).unwrap()
}

#[test]
fn every_example_has_the_result_that_it_claims() {
    let event = event();
    let examples = examples();
    assert!(examples.len() > 120, "{}", examples.len());
    for (source, claim) in examples {
        let seen = evaluate_one(&source, &event);
        match claim {
            Claim::Result(expected) => assert_eq!(seen, Ok(expected), "{source}"),
            Claim::Error(message) => {
                let error = seen.expect_err(&source).to_string();
                assert_eq!(&error, message.as_ref().unwrap_or(&error), "{source}");
            }
        }
    }
}

#[test]
fn every_helper_is_on_the_page_with_an_example() {
    let examples = examples();
    let mut sections = PAGE.split("\n## ");
    let tests = sections.clone().find(|section| section.starts_with("Tests\n")).unwrap();
    let functions = sections.clone().find(|section| section.starts_with("Functions\n")).unwrap();
    let filters: String = sections.by_ref().filter(|section| section.starts_with("Filters")).collect();
    for helper in helper::all() {
        let (section, name) = (
            match helper.kind {
                Kind::Filter => filters.as_str(),
                Kind::Test => tests,
                Kind::Function => functions,
            },
            helper.name,
        );
        let named = [format!("`{name}`"), format!("`{name}(")].iter().any(|heading| section.contains(heading));
        assert!(named, "the {} `{name}` is not on the page", helper.kind);
        let used = examples.iter().any(|(source, _)| match helper.kind {
            Kind::Filter => source.contains(&format!("| {name}")) || source.contains(&format!("map(\"{name}\"")),
            Kind::Test => source.contains(&format!("is {name}")) || source.contains(&format!("(\"{name}\"")),
            Kind::Function => source.contains(&format!("{name}(")),
        });
        assert!(used, "the {} `{name}` has no example", helper.kind);
    }
}

#[test]
fn what_the_page_says_of_texts_holds() {
    let event = event();
    let evaluated = evaluate_in("${{ event.id }}/${{ event.detail.tags[0] }} {{ event.id }}", &event);
    assert_eq!(evaluated, Ok(Value::from(r#"e-1/{"Key":"team","Value":"blue"} {{ event.id }}"#)));
}
