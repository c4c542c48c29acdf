//! What a workflow is held against: the schemas of plugins, other workflows, secrets; and what goes round approvals.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use workflow::{PluginSchema, Surroundings, Workflow, load};

fn plugins() -> BTreeMap<String, PluginSchema> {
    let input = json!({
        "type": "object",
        "properties": {
            "topic": { "type": "string", "pattern": "^arn:" },
            "ports": { "type": "array", "items": { "$ref": "#/$defs/Port" } },
            "count": { "type": ["integer", "null"] },
            "url": { "type": "string", "x-quell-secrets": true },
        },
        "required": ["topic"],
        "$defs": { "Port": { "type": "object", "properties": { "from": { "type": "integer" }, "name": { "type": "string" } } } },
    });
    let output = json!({
        "type": "object",
        "properties": {
            "found": { "type": "array", "items": { "type": "string" } },
            "group": { "type": "object", "properties": { "id": { "type": "string" }, "size": { "type": "integer" } } },
        },
    });
    BTreeMap::from([("p".to_owned(), PluginSchema { input: Some(input), output: Some(output) })])
}

fn check(name: &str, source: &str) {
    let plugins = plugins();
    let source = format!("name: w\n{source}");
    let surroundings = Surroundings { plugins: Some(&plugins), ..Surroundings::default() };
    let problems = load("workflow.yaml", &source, &surroundings).expect_err("there is something wrong with it");
    insta::assert_snapshot!(name, problems.render(false));
}

#[test]
fn what_a_plugin_is_given_has_the_types_that_it_takes() {
    check(
        "types",
        "inputs: { port: { type: integer, default: 22 }, names: { type: array, default: [] } }
vars: { list: '${{ inputs.names }}', text: 'a${{ run.id }}' }
steps:
  - { id: a, plugin: p, with: { topic: 'arn:x' } }
  - id: b
    plugin: p
    with:
      topic: sns
      ports: [{ from: 22, nam: x }, { from: '${{ steps.a.output.group.id }}' }, '${{ steps.a.output.group }}', 3]
      count: '${{ steps.a.output.found }}'
  - id: c
    plugin: p
    with:
      topic: '${{ vars.list }}'
      ports: 'port ${{ inputs.port }}'
      count: '${{ inputs.port }}'
      url: '${{ vars.text }}'
  - { id: d, plugin: p, with: { topic: '${{ steps.a.output.group.name }}', count: '${{ steps.a.output.group.size }}' } }
",
    );
}

#[test]
fn secrets_stand_only_where_they_are_put_in_place() {
    check(
        "secrets",
        "inputs:
  hook: { type: string, default: 'https://example.com/${secret:hook}' }
vars: { where: '${{ inputs.hook }}' }
steps:
  - { id: a, plugin: p, with: { topic: 'arn:${secret:token}', url: '${{ inputs.hook }}' } }
  - { id: b, plugin: p, with: { topic: '${{ vars.where }}', ports: [{ name: '${{ inputs.hook }}' }], url: '${secret:x}' } }
  - { id: c, approval: { title: 'post to ${{ inputs.hook }}?', approvers: ['group:g'] } }
",
    );
}

fn workflows(sources: &[&str]) -> BTreeMap<String, Arc<Workflow>> {
    let all = sources.iter().map(|source| load("other.yaml", source, &Surroundings::default()).expect("it is right"));
    all.map(|workflow| (workflow.name.clone(), Arc::new(workflow))).collect()
}

#[test]
fn calls_reach_workflows_that_take_what_they_are_given() {
    let others = workflows(&[
        "name: contain\ninputs: { id: { type: string }, note: { type: string, default: '' } }\nsteps: [{ id: a, plugin: p }]",
        "name: b\nsteps: [{ id: a, call: { workflow: c } }]",
        "name: c\nsteps: [{ id: a, call: { workflow: w } }]",
        "name: ask\nsteps: [{ id: a, approval: { title: t, approvers: ['group:g'] } }]",
    ]);
    let source = "name: w
steps:
  - { id: one, call: { workflow: contian } }
  - { id: two, call: { workflow: contain, inputs: { note: x, ids: y } } }
  - { id: three, call: { workflow: w } }
  - { id: four, call: { workflow: b } }
  - parallel: { on-error: continue, branches: [{ id: five, call: { workflow: ask } }] }
";
    let surroundings = Surroundings { workflows: Some(&others), ..Surroundings::default() };
    let problems = load("workflow.yaml", source, &surroundings).expect_err("there is something wrong with it");
    insta::assert_snapshot!("calls", problems.render(false));
}

#[test]
fn blocks_are_read_strictly() {
    check(
        "blocks",
        "steps:
  - id: which
    choose:
      - otherwise: [{ id: a, plugin: p, with: { topic: 'arn:a' } }]
      - { when: steps.a, steps: [] }
      - { wen: true, steps: [{ wait: 5 }] }
  - id: all
    each: { in: five, as: steps, concurrency: 0, steps: [{ id: b, plugin: p, with: { topic: '${{ itm.arn }}' } }] }
  - { id: c, plugin: p, with: { topic: '${{ steps.b.output.found }}', count: '${{ steps.all.output.items }}' } }
  - { wait: { until: tomorrow }, retry: { attempts: 2 } }
  - { wait: { for: 1h, until: '${{ event.time }}' } }
  - { id: d, approval: { title: t, approvers: ['group:g'] }, timeout: 1h, on-unknown: repeat }
  - { id: e, call: { inputs: [] } }
  - { id: f, plugin: p, with: { topic: 'arn:${{ item }}' } }
",
    );
}

#[test]
fn what_goes_round_an_approval_is_shown() {
    let source = "name: w
steps:
  - { id: sure, approval: { title: t, approvers: ['group:g'] } }
  - { id: perhaps, if: '${{ event.id == \"x\" }}', approval: { title: t, approvers: ['group:g'] } }
  - id: which
    choose:
      - when: ${{ event.id == \"y\" }}
        steps:
          - { id: one, approval: { title: t, approvers: ['group:g'] } }
          - { id: waits_for_one, plugin: p }
      - otherwise: [{ id: b, plugin: p }]
  - parallel:
      branches:
        - { id: two, approval: { title: t, approvers: ['group:g'] } }
        - { id: beside_two, plugin: p }
  - { id: last, plugin: p }
";
    let workflow = load("workflow.yaml", source, &Surroundings::default()).expect("nothing is wrong with it");
    insta::assert_snapshot!("notes", workflow.notes.render(false));
}

#[test]
fn what_calls_too_much_is_not_linked() {
    let many = |name: &str, callee: &str| {
        let calls: String =
            (0..30).map(|id| format!("  - {{ id: c{id}, call: {{ workflow: {callee} }} }}\n")).collect();
        format!("name: {name}\nsteps:\n{calls}")
    };
    let sources = [many("b", "c"), many("c", "d"), "name: d\nsteps: [{ wait: 1s }]".to_owned()];
    let others = workflows(&sources.each_ref().map(String::as_str));
    let find = |name: &str| others.get(name).cloned();
    let link = |source: &str| load("w.yaml", source, &Surroundings::default()).expect("it is right").link(&find);
    assert!(link(&many("a", "c")).is_ok());
    let refused = link(&many("a", "b")).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(refused, Err("with all that it calls, workflow `a` has more than 10000 steps".to_owned()));
}
