//! Templates: values of a workflow file in which expressions may stand.
//!
//! This decides how `${{ … }}` is found in texts. A text that is exactly one expression keeps the type of its result;
//! otherwise results are put into the text: texts as they are, all else as JSON. Everything outside of the delimiters
//! is literal. Compiling and evaluating is left to the parent.

use std::collections::BTreeSet;

use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::scope::Scope;
use super::{Expression, ExpressionError, json};
use crate::problem::{Collector, Span};
use crate::yaml::{Content, Node};

const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// A value with expressions in it.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    shape: Shape,
    span: Span,
}

#[derive(Clone, Debug)]
enum Shape {
    Literal(Json),
    /// A text that is exactly one expression.
    Whole(Expression),
    Text(Vec<Part>),
    List(Vec<Template>),
    Map(Vec<(String, Template)>),
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Expression(Expression),
}

impl Template {
    /// Reads a value; expressions that do not compile are problems.
    pub(crate) fn read(node: &Node, problems: &mut Collector<'_>) -> Self {
        let shape = match &node.content {
            Content::Text(text) => read_text(text, node, problems),
            Content::List(items) => Shape::List(items.iter().map(|item| Self::read(item, problems)).collect()),
            Content::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.name.clone(), Self::read(value, problems)));
                Shape::Map(entries.collect())
            }
            Content::Null | Content::Bool(_) | Content::Number(_) => Shape::Literal(node.to_json()),
        };
        Self { shape, span: node.span.clone() }
    }

    /// The value of a field that is left out.
    pub(crate) fn empty_map() -> Self {
        Self { shape: Shape::Map(Vec::new()), span: 0..0 }
    }

    /// The one expression that the value consists of, when it does.
    pub(crate) fn as_expression(&self) -> Option<&Expression> {
        match &self.shape {
            Shape::Whole(expression) => Some(expression),
            _ => None,
        }
    }

    /// The value, when there is no expression in it.
    pub(crate) fn as_literal(&self) -> Option<&Json> {
        match &self.shape {
            Shape::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is a list, written out.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List(_))
    }

    /// The items of a list that is written out.
    pub(crate) fn items(&self) -> Option<&[Template]> {
        match &self.shape {
            Shape::List(items) => Some(items),
            _ => None,
        }
    }

    /// The fields of a mapping that is written out.
    pub(crate) fn fields(&self) -> Option<&[(String, Template)]> {
        match &self.shape {
            Shape::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under a name, when it is a mapping that is written out.
    pub(crate) fn field(&self, name: &str) -> Option<&Template> {
        self.fields()?.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The value, when there is no expression anywhere in it.
    pub(crate) fn constant(&self) -> Option<Json> {
        self.expressions().is_empty().then(|| self.evaluate_in(&Value::UNDEFINED).ok())?
    }

    /// The place of a part of it: as far as the fields and numbers lead.
    pub(crate) fn place(&self, path: &[String]) -> &Span {
        let Some((name, rest)) = path.split_first() else { return &self.span };
        let part = match &self.shape {
            Shape::List(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => self.field(name),
        };
        part.map_or(&self.span, |part| part.place(rest))
    }

    /// It as the file has it, for people: expressions without delimiters where they are the whole.
    pub(crate) fn text(&self) -> String {
        match &self.shape {
            Shape::Literal(Json::String(text)) => text.clone(),
            Shape::Literal(value) => value.to_string(),
            Shape::Whole(expression) => expression.source().to_owned(),
            Shape::Text(parts) => {
                let part = |part: &Part| match part {
                    Part::Literal(text) => text.clone(),
                    Part::Expression(expression) => format!("{OPEN} {} {CLOSE}", expression.source()),
                };
                parts.iter().map(part).collect()
            }
            Shape::List(items) => format!("[{}]", items.iter().map(Template::text).collect::<Vec<_>>().join(", ")),
            Shape::Map(entries) => {
                let entries = entries.iter().map(|(name, value)| format!("{name}: {}", value.text()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Every expression in it with the place of its scalar.
    pub(crate) fn expressions(&self) -> Vec<(&Expression, &Span)> {
        match &self.shape {
            Shape::Literal(_) => Vec::new(),
            Shape::Whole(expression) => vec![(expression, &self.span)],
            Shape::Text(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Expression(expression) => Some((expression, &self.span)),
                    Part::Literal(_) => None,
                })
                .collect(),
            Shape::List(items) => items.iter().flat_map(Template::expressions).collect(),
            Shape::Map(entries) => entries.iter().flat_map(|(_, value)| value.expressions()).collect(),
        }
    }

    /// Gives every bare `steps` in it the steps that are visible at its place.
    pub(crate) fn see(&mut self, visible: &[String]) {
        match &mut self.shape {
            Shape::Literal(_) => {}
            Shape::Whole(expression) => expression.see(visible),
            Shape::Text(parts) => {
                for part in parts {
                    if let Part::Expression(expression) = part {
                        expression.see(visible);
                    }
                }
            }
            Shape::List(items) => items.iter_mut().for_each(|item| item.see(visible)),
            Shape::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.see(visible)),
        }
    }

    /// The value. Every expression in it is evaluated exactly once.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Json, ExpressionError> {
        let expressions = self.expressions();
        if expressions.is_empty() {
            return self.evaluate_in(&Value::UNDEFINED);
        }
        let references = expressions.iter().flat_map(|(expression, _)| expression.references());
        let steps: BTreeSet<&String> = expressions.iter().flat_map(|(expression, _)| expression.steps()).collect();
        let value = self.evaluate_in(&scope.context(references, &steps)?)?;
        if json::size(&value) > json::MAX_RESULT { Err(ExpressionError::TooLarge) } else { Ok(value) }
    }

    /// The value of a field that must be true or false. Anything else is an error: `"false"` is true in Jinja.
    pub(crate) fn evaluate_condition(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        match (self.evaluate(scope)?, self.as_expression()) {
            (Json::Bool(value), _) => Ok(value),
            (other, Some(expression)) => Err(expression.wrong_type("true or false", kind(&other))),
            (other, None) => {
                let expression = crate::read::shorten(&other.to_string());
                Err(ExpressionError::WrongType { expression, expected: "true or false", found: kind(&other).into() })
            }
        }
    }

    fn evaluate_in(&self, context: &Value) -> Result<Json, ExpressionError> {
        match &self.shape {
            Shape::Literal(value) => Ok(value.clone()),
            Shape::Whole(expression) => expression.evaluate(context),
            Shape::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Literal(literal) => text.push_str(literal),
                        Part::Expression(expression) => match expression.evaluate(context)? {
                            Json::String(value) => text.push_str(&value),
                            other => text.push_str(&other.to_string()),
                        },
                    }
                }
                Ok(Json::String(text))
            }
            Shape::List(items) => items.iter().map(|item| item.evaluate_in(context)).collect(),
            Shape::Map(entries) => {
                let fields = entries.iter().map(|(name, value)| Ok((name.clone(), value.evaluate_in(context)?)));
                fields.collect::<Result<Map<_, _>, _>>().map(Json::Object)
            }
        }
    }
}

/// The kind of a JSON value in words.
pub(crate) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a mapping",
    }
}

fn read_text(text: &str, node: &Node, problems: &mut Collector<'_>) -> Shape {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let (literal, from) = rest.split_at(at);
        let inner = from.get(OPEN.len()..).unwrap_or_default();
        let Some(end) = end_of_expression(inner) else {
            problems.add(&problems.narrow(&node.span, OPEN), format!("`{OPEN}` without `{CLOSE}`"));
            return Shape::Literal(Json::Null);
        };
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_owned()));
        }
        let source = inner.get(..end).unwrap_or_default();
        match Expression::compile(source) {
            Ok(expression) => parts.push(Part::Expression(expression)),
            Err(error) => add_problem(&error, source, node, problems),
        }
        rest = inner.get(end + CLOSE.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    match <[Part; 1]>::try_from(parts) {
        Ok([Part::Expression(expression)]) => Shape::Whole(expression),
        Ok([Part::Literal(literal)]) => Shape::Literal(Json::String(literal)),
        Err(parts) if parts.is_empty() => Shape::Literal(Json::String(String::new())),
        Err(parts) => Shape::Text(parts),
    }
}

/// Below the name that is unknown, when it is that; otherwise below the expression.
fn add_problem(error: &ExpressionError, source: &str, node: &Node, problems: &mut Collector<'_>) {
    let span = problems.narrow(&node.span, source.trim());
    match error {
        ExpressionError::Unknown { name, help, .. } => {
            problems.add_with_help(&problems.narrow(&span, name), error.to_string(), help);
        }
        _ => problems.add(&span, error.to_string()),
    }
}

/// Where the closing delimiter is: not inside of a text, and not where it closes braces of the expression itself.
fn end_of_expression(inner: &str) -> Option<usize> {
    let mut quote = None;
    let mut braces = 0usize;
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '{') => braces += 1,
            (None, '}') if braces > 0 => braces -= 1,
            (None, '}') if inner.get(at..)?.starts_with(CLOSE) => return Some(at),
            (None, _) => {}
        }
    }
    None
}
