//! Holds `docs/access.md` against the routing table.

use std::path::Path;

use registry::ScopeKind;
use utoipa::openapi::PathItem;
use utoipa::openapi::path::Operation;

use crate::http::access::{Access, RoutePart};
use crate::http::table;

const HEAD: &str = "\
<!-- Made from the routing table: `QUELL_ACCESS=write cargo test access_page` writes it, and that test fails while it is not up to date. -->

# Who may do what

For whoever hands out tokens. What a token may do is stated when it is made, and does not change:

```sh
quell token create alice --scope read --group security-leads
quell token create deploy --scope author,read --expires 30d
quell token create eventbridge --scope events:123456789012
```

- **No scope contains another one.** The list of a token's scopes is the whole answer to what it may do. Whoever cancels runs and
  looks at them needs `operate` and `read`; most commands that change something read it first.
- **Groups say which approvals a person may decide, and nothing else.** Deciding takes `read`, since whoever decides must see what is
  asked, and to be named by the approval: by a group or by name.
- **Another person** is one who did not start the run, nor a run that caused it or that it replaces, nor had it go on after it failed; whose
  token none of those made, directly or through others; and who made none of theirs. So whoever hands out the token that events come with
  cannot approve what those start: let another administrator make it, or let somebody else approve.
- `admin` makes tokens, so whoever has it can make one with any scope. The ledger has who made it.
- A token whose time is over, and one that was revoked, is refused from the next request on.
- A token that was made before there were scopes may do what its groups let it do: everything with the group `admins`, `operate`
  with `operators`, and `read`, `start:*` and `events:*` in any case. `quell token list` says so; make another one, and revoke it.
- A start by hand that would cancel a run (of a workflow with `beyond: cancel-oldest`, all places of which are taken) takes `operate`
  as well. Events cancel as the workflow says.

An empty cell is `403` with the code `scope-missing`. Without a token that counts, everything but the routes for `anyone` is `401`.

";

/// The operations of a path, with their methods.
fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let PathItem { get, put, post, delete, .. } = item;
    let all = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn cell(access: Access, kind: ScopeKind) -> String {
    match access {
        Access::Public => "anyone".into(),
        Access::Token => "yes".into(),
        Access::Scopes(scopes) => match scopes.iter().find(|scope| scope.kind == kind) {
            None => String::new(),
            Some(scope) => match scope.part.and_then(|part| RoutePart::ALL.iter().position(|it| *it == part)) {
                None => "yes".into(),
                Some(at) => format!("yes ({})", at + 1),
            },
        },
    }
}

fn page() -> String {
    let kinds: Vec<String> = ScopeKind::ALL.into_iter().map(|kind| format!("`{}`", kind.form())).collect();
    let mut page = format!("{HEAD}| route | | {} |\n", kinds.join(" | "));
    page.push_str(&format!("|---|---|{}\n", "---|".repeat(kinds.len())));
    for (access, (_, paths, _)) in table() {
        for (path, item) in &paths.paths {
            for (method, operation) in operations(item) {
                let cells: Vec<String> = ScopeKind::ALL.into_iter().map(|kind| cell(access, kind)).collect();
                let summary = operation.summary.as_deref().unwrap_or_default();
                page.push_str(&format!("| `{method} {path}` | {summary} | {} |\n", cells.join(" | ")));
            }
        }
    }
    page.push('\n');
    for (at, part) in RoutePart::ALL.into_iter().enumerate() {
        page.push_str(&format!("{}. {}\n", at + 1, part.text()));
    }
    page
}

#[test]
fn access_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/access.md");
    let page = page();
    if std::env::var("QUELL_ACCESS").is_ok_and(|what| what == "write") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page, "`QUELL_ACCESS=write cargo test access_page` writes it anew");
}
