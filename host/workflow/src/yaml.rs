//! YAML as the workflow format takes it: a tree whose every node knows its place in the source.
//!
//! This decides which YAML is accepted at all. Anchors, aliases, tags, merge keys, duplicate keys, directives and a
//! second document are refused: each lets one text mean two things to two readers. Budgets bound what a hostile file
//! can cost. What the nodes mean is left to `read` and to whoever asks it.
//!
//! Plain scalars are read more narrowly than YAML 1.2 does: `null`, `~` and nothing are null, `true` and `false` are
//! booleans, numbers are JSON numbers without an exponent. All else (`no`, `on`, `012`, `1e3`, `.inf`, dates) is text.

mod print;

use std::collections::HashMap;

pub use print::to_yaml;
use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span as Mark, options};

use crate::problem::{Collector, Span};

/// A workflow is written by hand; the seed's longest is 6 KB.
const MAX_BYTES: usize = 256 * 1024;
/// Bounds memory and the time of every later walk.
const MAX_NODES: usize = 20_000;
/// Every later walk over the tree is recursive, so this bounds the stack.
const MAX_DEPTH: usize = 32;

/// A node of the document and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it holds.
    pub content: Content,
    /// Where it stands.
    pub span: Span,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the document.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// What it says.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// What the node is, in the words of an error message.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// The node as JSON, without places.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(value) => Value::String(value.clone()),
            Content::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Content::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| (key.name.clone(), node.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads a document. `None` means that no tree could be made; the reason is among the problems then.
pub fn parse(source: &str, problems: &mut Collector<'_>) -> Option<Node> {
    if source.len() > MAX_BYTES {
        problems.add(&(0..0), format!("the file has {} bytes; at most {MAX_BYTES} are accepted", source.len()));
        return None;
    }
    let mut builder = Builder { problems, open: Vec::new(), root: None, nodes: 0, documents: 0 };
    for item in Parser::new_from_str_with_options(source, parser_options()) {
        match item {
            Ok((event, mark)) => builder.take(event, &bytes(&mark)).ok()?,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                let help = opens_expression(source, at).then(|| {
                    "inside of `{ }` and `[ ]`, an expression stands in quotes: `\"${{ event.id }}\"`".to_owned()
                });
                builder.problems.add_flaw(&(at..at + 1), format!("not valid YAML: {}", error.info()), help);
                return None;
            }
        }
    }
    let root = builder.root;
    if root.is_none() {
        problems.add(&(0..0), "the file is empty");
    }
    root
}

/// Whether an expression begins, without quotes, on the line of this place or on the one before.
fn opens_expression(source: &str, at: usize) -> bool {
    let before = source.get(..source.floor_char_boundary(at.min(source.len()))).unwrap_or_default();
    let lines = before.rsplitn(3, '\n').take(2);
    lines.into_iter().any(|line| line.contains(": ${{") || line.contains("[${{") || line.contains(", ${{"))
}

fn parser_options() -> Options {
    options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    }
}

fn bytes(mark: &Mark) -> Span {
    let start = mark.start.byte_offset().unwrap_or(0);
    start..mark.end.byte_offset().unwrap_or(start).max(start)
}

/// Reading cannot go on; the reason is among the problems.
struct Abandoned;

/// A collection whose end has not been seen.
enum Open {
    List {
        items: Vec<Node>,
        start: usize,
    },
    /// `names` has the start of each key, by its name.
    Map {
        entries: Vec<(Key, Node)>,
        names: HashMap<String, usize>,
        key: Option<Key>,
        start: usize,
    },
}

struct Builder<'p, 's> {
    problems: &'p mut Collector<'s>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Builder<'_, '_> {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Abandoned> {
        match event {
            Event::DocumentStart(..) => self.start_document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(anchor, tag.is_some(), span);
                let content = scalar(&text, style);
                self.put(Node { content, span: span.clone() }, Some(&text))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.properties(anchor, tag.is_some(), span);
                self.push(Open::List { items: Vec::new(), start: span.start }, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.properties(anchor, tag.is_some(), span);
                self.push(Open::Map { entries: Vec::new(), names: HashMap::new(), key: None, start: span.start }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.problems.add_with_help(span, "aliases are not allowed", "write the value out");
                self.put(Node { content: Content::Null, span: span.clone() }, None)
            }
            _ => Ok(()),
        }
    }

    fn start_document(&mut self, span: &Span) -> Result<(), Abandoned> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        self.problems.add(span, "a file holds one workflow, so a second document is not allowed");
        Err(Abandoned)
    }

    fn properties(&mut self, anchor: usize, tagged: bool, span: &Span) {
        if anchor != 0 {
            self.problems.add_with_help(span, "anchors are not allowed", "write the value out where it is needed");
        }
        if tagged {
            self.problems.add(span, "tags are not allowed");
        }
    }

    fn push(&mut self, open: Open, span: &Span) -> Result<(), Abandoned> {
        if self.open.len() >= MAX_DEPTH {
            self.problems.add(span, format!("nested more than {MAX_DEPTH} levels deep"));
            return Err(Abandoned);
        }
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            self.problems.add(span, "a key must be text");
            return Err(Abandoned);
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, span: &Span) -> Result<(), Abandoned> {
        let (content, start) = match self.open.pop() {
            Some(Open::List { items, start }) => (Content::List(items), start),
            Some(Open::Map { entries, start, .. }) => (Content::Map(entries), start),
            None => return Ok(()),
        };
        self.put(Node { content, span: start..span.end }, None)
    }

    /// Puts a finished node where it belongs; `text` is what a scalar says, for the case that it is a key.
    fn put(&mut self, node: Node, text: Option<&str>) -> Result<(), Abandoned> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.problems.add(&node.span, format!("the file has more than {MAX_NODES} values"));
            return Err(Abandoned);
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, names, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let name = text.unwrap_or_default().to_owned();
                    let new = Key { name, span: node.span };
                    check_key(&new, names, self.problems);
                    *key = Some(new);
                }
            },
        }
        Ok(())
    }
}

fn check_key(key: &Key, names: &mut HashMap<String, usize>, problems: &mut Collector<'_>) {
    if key.name == "<<" {
        problems.add_with_help(&key.span, "merge keys are not allowed", "write the fields out");
    }
    match names.get(&key.name) {
        Some(first) => {
            if !problems.is_full() {
                let line = problems.line_of(*first);
                problems.add(&key.span, format!("`{}` is given twice, first on line {line}", key.name));
            }
        }
        None => {
            names.insert(key.name.clone(), key.span.start);
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Content {
    if style != ScalarStyle::Plain {
        return Content::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" => Content::Null,
        "true" => Content::Bool(true),
        "false" => Content::Bool(false),
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    }
}

/// A number as JSON writes it and exactly as it is written; one that does not fit stays text.
fn number(text: &str) -> Option<Number> {
    if !text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '.') {
        return None;
    }
    let number: Number = serde_json::from_str(text).ok()?;
    (text.contains('.') || number.is_i64() || number.is_u64()).then_some(number)
}
