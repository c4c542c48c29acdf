//! What an expression says: the names in it, and the form in which it is evaluated.
//!
//! This decides which expressions are accepted: only known filters, tests and functions, with arguments that they take.
//! It finds the references. And it rewrites what the engine would do without a bound, or not as workflows need it:
//!
//! - operators weigh what they are given, since the engine compares, copies and prints nested values at no cost;
//! - `*` takes no lists: repeating a repeated list makes values that are larger than any memory;
//! - `~` writes values as they are written in a text around `${{ … }}`;
//! - `a.b.c is defined`, `a.b.c | default(…)` and `a.b.c | get(…)` may miss `b`; nothing else may.

use std::collections::BTreeSet;

use minijinja::Value;
use minijinja::machinery::ast::{self, BinOpKind, CallArg, Expr, Spanned};
use minijinja::machinery::{CodeGenerator, Instructions, Span, parse_expr};
use minijinja::value::ValueKind;

use super::Reference;
use super::helper::{self, Helper, Kind};

/// An expression that is nested deeper was not written by a person, and the engine recurses.
const MAX_DEPTH: usize = 100;

/// Functions that only the rewriting can call, since no name has a `#`.
pub(super) const WEIGH: &str = "#weigh";
pub(super) const PLAIN: &str = "#plain";
pub(super) const TEXT: &str = "#text";
pub(super) const KEY: &str = "#key";
pub(super) const SLICE: &str = "#slice";
pub(super) const FIND: &str = "#find";

/// Why an expression is not accepted.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The parser, or one of the rules here, refuses it.
    Syntax(String),
    /// There is no such filter, test or function.
    Unknown { kind: Kind, name: String },
}

/// The references in an expression.
#[derive(Default)]
pub(super) struct References {
    pub(super) all: BTreeSet<Reference>,
    /// Those without which it has no value.
    pub(super) required: BTreeSet<Reference>,
}

/// Reads an expression: what it is evaluated by, and what it refers to.
pub(super) fn read(source: &str) -> Result<(Instructions<'_>, References), Fault> {
    let parsed =
        parse_expr(source).map_err(|error| Fault::Syntax(error.detail().unwrap_or("syntax error").to_owned()))?;
    let mut reader = Reader { references: References::default(), fault: None, depth: 0 };
    let rewritten = reader.expression(&parsed);
    if let Some(fault) = reader.fault {
        return Err(fault);
    }
    let mut generator = CodeGenerator::new("expression", source);
    generator.compile_expr(&rewritten);
    Ok((generator.finish().0, reader.references))
}

struct Reader {
    references: References,
    /// The first one: what follows may be a consequence.
    fault: Option<Fault>,
    depth: usize,
}

/// One step of `a.b["c"][0]` behind `a`.
enum Part<'p, 'a> {
    Name(&'a str),
    Item(&'p Expr<'a>),
}

impl Reader {
    fn refuse(&mut self, reason: impl Into<String>) {
        self.fault.get_or_insert(Fault::Syntax(reason.into()));
    }

    fn expression<'a>(&mut self, expression: &Expr<'a>) -> Expr<'a> {
        if self.depth >= MAX_DEPTH {
            self.refuse("it is nested too deeply");
        }
        if self.fault.is_some() {
            return constant(Value::from(()), expression.span());
        }
        self.depth += 1;
        let rewritten = match expression {
            Expr::Const(node) => constant(node.value.clone(), node.span()),
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expression, false),
            Expr::Slice(node) => self.slice(node),
            Expr::UnaryOp(node) => self.unary(node),
            Expr::BinOp(node) => self.binary(node),
            Expr::Compare(node) => self.compare(node),
            Expr::IfExpr(node) => self.if_else(node),
            Expr::Filter(node) => self.filter(node),
            Expr::Test(node) => self.test(node),
            Expr::Call(node) => self.call(node),
            Expr::List(node) => {
                let items = node.items.iter().map(|item| self.expression(item)).collect();
                Expr::List(Spanned::new(ast::List { items }, node.span()))
            }
            Expr::Tuple(node) => {
                let items = node.items.iter().map(|item| self.expression(item)).collect();
                Expr::List(Spanned::new(ast::List { items }, node.span()))
            }
            Expr::Map(node) => self.mapping(node),
        };
        self.depth -= 1;
        rewritten
    }

    /// `a.b["c"][0]`; where it is `tolerant`, what is missing on the way makes the whole undefined.
    fn path<'a>(&mut self, expression: &Expr<'a>, tolerant: bool) -> Expr<'a> {
        let span = expression.span();
        let (root, parts) = unroll(expression);
        if parts.len() > MAX_DEPTH {
            self.refuse("it is nested too deeply");
            return constant(Value::from(()), span);
        }
        let root = match root {
            Expr::Var(variable) => {
                self.refer(variable.id, &parts, tolerant);
                Expr::Var(Spanned::new(ast::Var { id: variable.id }, variable.span()))
            }
            other => self.expression(other),
        };
        if tolerant && !parts.is_empty() {
            let keys = parts.iter().map(|part| match part {
                Part::Name(name) => constant(Value::from(*name), span),
                Part::Item(item) => self.wrapped(item, KEY),
            });
            let arguments = std::iter::once(root).chain(keys.collect::<Vec<_>>()).collect();
            return call(FIND, arguments, span);
        }
        parts.iter().fold(root, |inner, part| match part {
            Part::Name(name) => Expr::GetAttr(Spanned::new(ast::GetAttr { expr: inner, name }, span)),
            Part::Item(item) => {
                let subscript_expr = self.wrapped(item, KEY);
                Expr::GetItem(Spanned::new(ast::GetItem { expr: inner, subscript_expr }, span))
            }
        })
    }

    /// Notes a reference: its root and the names behind it, as far as they are written out.
    fn refer(&mut self, root: &str, parts: &[Part<'_, '_>], tolerant: bool) {
        let names = parts.iter().map_while(|part| match part {
            Part::Name(name) => Some((*name).to_owned()),
            Part::Item(Expr::Const(key)) => key.value.as_str().map(str::to_owned),
            Part::Item(_) => None,
        });
        let reference: Reference = std::iter::once(root.to_owned()).chain(names).collect();
        if !tolerant {
            self.references.required.insert(reference.clone());
        }
        self.references.all.insert(reference);
    }

    /// What may be missing: before `is defined`, `default`, `get`.
    fn subject<'a>(&mut self, expression: &Expr<'a>, helper: &Helper) -> Expr<'a> {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) if helper.lenient => self.path(expression, true),
            other => self.expression(other),
        }
    }

    /// An operand behind one of the functions that bound it.
    fn wrapped<'a>(&mut self, operand: &Expr<'a>, function: &'static str) -> Expr<'a> {
        match self.expression(operand) {
            Expr::Const(node) if matches!(node.value.kind(), ValueKind::String | ValueKind::Number) => {
                Expr::Const(node)
            }
            other => call(function, vec![other], operand.span()),
        }
    }

    fn slice<'a>(&mut self, node: &Spanned<ast::Slice<'a>>) -> Expr<'a> {
        let mut arguments = vec![self.expression(&node.expr)];
        for bound in [&node.start, &node.stop, &node.step] {
            arguments.push(match bound {
                Some(bound) => self.expression(bound),
                None => constant(Value::from(()), node.span()),
            });
        }
        call(SLICE, arguments, node.span())
    }

    fn unary<'a>(&mut self, node: &Spanned<ast::UnaryOp<'a>>) -> Expr<'a> {
        let negates = matches!(node.op, ast::UnaryOpKind::Not);
        let op = if negates { ast::UnaryOpKind::Not } else { ast::UnaryOpKind::Neg };
        Expr::UnaryOp(Spanned::new(ast::UnaryOp { op, expr: self.expression(&node.expr) }, node.span()))
    }

    fn binary<'a>(&mut self, node: &Spanned<ast::BinOp<'a>>) -> Expr<'a> {
        let (left, right) = match node.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => (self.expression(&node.left), self.expression(&node.right)),
            BinOpKind::Mul => (self.wrapped(&node.left, PLAIN), self.wrapped(&node.right, PLAIN)),
            BinOpKind::Concat => (self.text(&node.left), self.text(&node.right)),
            _ => (self.wrapped(&node.left, WEIGH), self.wrapped(&node.right, WEIGH)),
        };
        Expr::BinOp(Spanned::new(ast::BinOp { op: node.op, left, right }, node.span()))
    }

    /// An operand of `~`. Constants that are not text are written as the rest is, too.
    fn text<'a>(&mut self, operand: &Expr<'a>) -> Expr<'a> {
        match self.expression(operand) {
            Expr::Const(node) if node.value.as_str().is_some() => Expr::Const(node),
            other => call(TEXT, vec![other], operand.span()),
        }
    }

    fn compare<'a>(&mut self, node: &Spanned<ast::Compare<'a>>) -> Expr<'a> {
        let expr = self.wrapped(&node.expr, WEIGH);
        let ops = node.ops.iter().map(|op| ast::CompareOp { op: op.op, expr: self.wrapped(&op.expr, WEIGH) });
        let ops = ops.collect();
        Expr::Compare(Spanned::new(ast::Compare { expr, ops }, node.span()))
    }

    fn if_else<'a>(&mut self, node: &Spanned<ast::IfExpr<'a>>) -> Expr<'a> {
        let test_expr = self.expression(&node.test_expr);
        let true_expr = self.expression(&node.true_expr);
        let false_expr = node.false_expr.as_ref().map(|otherwise| self.expression(otherwise));
        Expr::IfExpr(Spanned::new(ast::IfExpr { test_expr, true_expr, false_expr }, node.span()))
    }

    fn mapping<'a>(&mut self, node: &Spanned<ast::Map<'a>>) -> Expr<'a> {
        let keys = node.keys.iter().map(|key| self.wrapped(key, KEY)).collect();
        let values = node.values.iter().map(|value| self.expression(value)).collect();
        Expr::Map(Spanned::new(ast::Map { keys, values }, node.span()))
    }

    fn filter<'a>(&mut self, node: &Spanned<ast::Filter<'a>>) -> Expr<'a> {
        let (Some(helper), Some(subject)) = (self.known(Kind::Filter, node.name), &node.expr) else {
            return constant(Value::from(()), node.span());
        };
        let expr = Some(self.subject(subject, helper));
        let args = self.arguments(helper, &node.args);
        Expr::Filter(Spanned::new(ast::Filter { name: node.name, expr, args }, node.span()))
    }

    fn test<'a>(&mut self, node: &Spanned<ast::Test<'a>>) -> Expr<'a> {
        let Some(helper) = self.known(Kind::Test, node.name) else {
            return constant(Value::from(()), node.span());
        };
        let expr = self.subject(&node.expr, helper);
        let args = self.arguments(helper, &node.args);
        Expr::Test(Spanned::new(ast::Test { name: node.name, expr, args }, node.span()))
    }

    fn call<'a>(&mut self, node: &Spanned<ast::Call<'a>>) -> Expr<'a> {
        let Expr::Var(function) = &node.expr else {
            self.refuse("values have no methods: use a filter, as in `x | lower`");
            return constant(Value::from(()), node.span());
        };
        let Some(helper) = self.known(Kind::Function, function.id) else {
            return constant(Value::from(()), node.span());
        };
        let args = self.arguments(helper, &node.args);
        let expr = Expr::Var(Spanned::new(ast::Var { id: function.id }, function.span()));
        Expr::Call(Spanned::new(ast::Call { expr, args }, node.span()))
    }

    fn known(&mut self, kind: Kind, name: &str) -> Option<&'static Helper> {
        let found = helper::find(kind, name);
        if found.is_none() {
            self.fault.get_or_insert(Fault::Unknown { kind, name: name.to_owned() });
        }
        found
    }

    fn arguments<'a>(&mut self, helper: &Helper, arguments: &[CallArg<'a>]) -> Vec<CallArg<'a>> {
        let mut rewritten = Vec::new();
        let mut written = Vec::new();
        for argument in arguments {
            let (name, value) = match argument {
                CallArg::Pos(value) => (None, value),
                CallArg::Kwarg(name, value) => (Some(*name), value),
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    self.refuse("arguments must be written out, without `*`");
                    return rewritten;
                }
            };
            let value = self.expression(value);
            written.push((name, value.as_const()));
            rewritten.push(match name {
                Some(name) => CallArg::Kwarg(name, value),
                None => CallArg::Pos(value),
            });
        }
        match helper.check(&written) {
            Ok(()) => {}
            Err(helper::Wrong::Argument(reason)) => self.refuse(reason),
            Err(helper::Wrong::Name(kind, name)) => {
                self.fault.get_or_insert(Fault::Unknown { kind, name });
            }
        }
        rewritten
    }
}

/// The root of a path and the steps behind it, outermost last.
fn unroll<'p, 'a>(expression: &'p Expr<'a>) -> (&'p Expr<'a>, Vec<Part<'p, 'a>>) {
    let mut parts = Vec::new();
    let mut at = expression;
    loop {
        at = match at {
            Expr::GetAttr(node) => {
                parts.push(Part::Name(node.name));
                &node.expr
            }
            Expr::GetItem(node) => {
                parts.push(Part::Item(&node.subscript_expr));
                &node.expr
            }
            _ => break,
        };
    }
    parts.reverse();
    (at, parts)
}

fn constant<'a>(value: Value, span: Span) -> Expr<'a> {
    Expr::Const(Spanned::new(ast::Const { value }, span))
}

fn call<'a>(function: &'static str, arguments: Vec<Expr<'a>>, span: Span) -> Expr<'a> {
    let expr = Expr::Var(Spanned::new(ast::Var { id: function }, span));
    let args = arguments.into_iter().map(CallArg::Pos).collect();
    Expr::Call(Spanned::new(ast::Call { expr, args }, span))
}
