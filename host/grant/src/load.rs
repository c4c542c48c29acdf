//! From the text of a document to checked statements: the grammar of IAM policies
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>), less what means nothing in a
//! grant. Goes on after a problem, so that all are told at once. What an action, a resource or a condition may look
//! like is decided by their own files.

use std::collections::BTreeSet;

use crate::action::ActionPattern;
use crate::condition::Condition;
use crate::error::{Fault, Problem};
use crate::json::{Member, Node};
use crate::nearest::nearest;
use crate::operator::{Operator, OperatorFault};
use crate::pattern::is_condition_key;
use crate::resource::ResourcePattern;
use crate::statement::{Effect, Scope, Statement};

/// Ten times the longest managed policy of AWS (6,144 characters), so that no grant is refused for its
/// indentation, and none can make evaluation slow.
const LONGEST: usize = 61_440;

const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Loads a document. Fails with everything that is wrong with it.
pub(crate) fn load(document: &str) -> Result<Vec<Statement>, Vec<Problem>> {
    let root = Node::document(document).map_err(|problem| vec![problem])?;
    let mut loader = Loader { document, problems: Vec::new() };
    let statements = loader.policy(&root);
    if loader.problems.is_empty() {
        return Ok(statements);
    }
    let mut problems = loader.problems;
    problems.sort_by_key(|problem| (problem.place.line, problem.place.column));
    Err(problems)
}

struct Loader<'d> {
    document: &'d str,
    problems: Vec<Problem>,
}

impl<'d> Loader<'d> {
    fn policy(&mut self, root: &Node<'d>) -> Vec<Statement> {
        if self.document.len() > LONGEST {
            self.problem(root, Fault::TooLong { bytes: self.document.len(), limit: LONGEST });
            return Vec::new();
        }
        let Some(elements) = self.elements(root, &POLICY_ELEMENTS) else {
            return Vec::new();
        };
        if let Some(version) = self.required(root, &elements, "Version")
            && let Some(text) = self.taken(&version, version.string())
            && text != "2012-10-17"
        {
            self.problem(&version, Fault::Version(text));
        }
        if let Some(id) = element(&elements, "Id") {
            self.taken(id, id.string());
        }
        let Some(list) = self.required(root, &elements, "Statement") else {
            return Vec::new();
        };
        let nodes = self.items(&list, "Statement");
        let statements: Vec<_> =
            nodes.iter().enumerate().filter_map(|(index, node)| self.statement(index, node)).collect();
        self.check_sids(&nodes, &statements);
        statements
    }

    fn statement(&mut self, index: usize, node: &Node<'d>) -> Option<Statement> {
        let elements = self.elements(node, &STATEMENT_ELEMENTS)?;
        let sid = element(&elements, "Sid").and_then(|sid| self.sid(sid));
        let effect = self.required(node, &elements, "Effect").and_then(|effect| self.effect(&effect));
        let actions = self.scope(node, &elements, "Action", |text| {
            ActionPattern::parse(text).map_err(|help| Fault::Action { text: text.into(), help })
        });
        let services: Option<Vec<_>> = actions.as_ref().map(|actions| match actions.all_but {
            true => vec![None],
            false => actions.entries.iter().map(ActionPattern::service).collect(),
        });
        let resources = self.scope(node, &elements, "Resource", |text| {
            let refused = |help| Fault::Resource { text: text.into(), help };
            let resource = ResourcePattern::parse(text).map_err(refused)?;
            match services.as_ref().and_then(|services| resource.misplaced(services)) {
                Some(help) => Err(refused(help)),
                None => Ok(resource),
            }
        });
        let conditions = match element(&elements, "Condition") {
            Some(condition) => self.conditions(condition),
            None => Vec::new(),
        };
        Some(Statement { index, sid, effect: effect?, actions: actions?, resources: resources?, conditions })
    }

    /// An empty `Sid` is none: some generators write it so.
    fn sid(&mut self, node: &Node<'d>) -> Option<String> {
        let sid = self.taken(node, node.string())?;
        if !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
            self.problem(node, Fault::Sid(sid));
            return None;
        }
        (!sid.is_empty()).then_some(sid)
    }

    fn effect(&mut self, node: &Node<'d>) -> Option<Effect> {
        match self.taken(node, node.string())?.as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                self.problem(node, Fault::Effect(other.into()));
                None
            }
        }
    }

    /// The entries of an element or of its opposite, one of which must be there.
    fn scope<P>(
        &mut self,
        node: &Node<'d>,
        elements: &[Member<'d>],
        name: &'static str,
        parse: impl Fn(&str) -> Result<P, Fault>,
    ) -> Option<Scope<P>> {
        let (list, all_but) = match (element(elements, name), element(elements, &format!("Not{name}"))) {
            (Some(list), None) => (list, false),
            (None, Some(list)) => (list, true),
            _ => {
                self.problem(node, Fault::EitherOr(name));
                return None;
            }
        };
        let items = self.items(list, name);
        let mut entries = Vec::new();
        for item in &items {
            let parsed = item.string().and_then(|text| parse(&text));
            entries.extend(self.taken(item, parsed));
        }
        // What else is wrong cannot be told from a part of the entries.
        (entries.len() == items.len()).then_some(Scope { entries, all_but })
    }

    fn conditions(&mut self, node: &Node<'d>) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let operators = self.entries(node, "Condition");
        self.check_duplicates(&operators);
        for Member { name, at, value } in operators {
            let operator = match Operator::parse(&name) {
                Ok(operator) => operator,
                Err(OperatorFault::Unknown(nearest)) => {
                    self.problem(&at, Fault::Operator { name, nearest });
                    continue;
                }
                Err(OperatorFault::Combination) => {
                    self.problem(&at, Fault::OperatorCombination(name));
                    continue;
                }
            };
            let mut keys = BTreeSet::new();
            for entry in self.entries(&value, &name) {
                if !keys.insert(entry.name.to_lowercase()) {
                    self.problem(&entry.at, Fault::Duplicate(entry.name));
                } else if !is_condition_key(&entry.name) {
                    self.problem(&entry.at, Fault::ConditionKey(entry.name));
                } else {
                    conditions.push(self.condition(operator, &entry));
                }
            }
        }
        conditions
    }

    fn condition(&mut self, operator: Operator, entry: &Member<'d>) -> Condition {
        let mut condition = Condition::new(operator, &entry.name);
        for item in self.items(&entry.value, &entry.name) {
            let expected = item
                .scalar()
                .and_then(|text| condition.expect(&text).map_err(|help| Fault::ConditionValue { text, help }));
            self.taken(&item, expected);
        }
        condition
    }

    /// The elements of a policy or statement, all of them known.
    fn elements(&mut self, node: &Node<'d>, known: &[&'static str]) -> Option<Vec<Member<'d>>> {
        let members = self.taken(node, node.members())?;
        for member in &members {
            if matches!(member.name.as_str(), "Principal" | "NotPrincipal") {
                self.problem(&member.at, Fault::Principal(member.name.clone()));
            } else if !known.contains(&member.name.as_str()) {
                let nearest = nearest(&member.name, known.iter().copied());
                self.problem(&member.at, Fault::UnknownElement { name: member.name.clone(), nearest });
            }
        }
        self.check_duplicates(&members);
        Some(members)
    }

    /// The members of an object of which there is at least one.
    fn entries(&mut self, node: &Node<'d>, name: &str) -> Vec<Member<'d>> {
        let members = self.taken(node, node.members());
        if members.as_ref().is_some_and(Vec::is_empty) {
            self.problem(node, Fault::Empty(name.into()));
        }
        members.unwrap_or_default()
    }

    /// The items of a list of which there is at least one.
    fn items(&mut self, node: &Node<'d>, name: &str) -> Vec<Node<'d>> {
        let items = self.taken(node, node.items());
        if items.as_ref().is_some_and(Vec::is_empty) {
            self.problem(node, Fault::Empty(name.into()));
        }
        items.unwrap_or_default()
    }

    fn required(&mut self, node: &Node<'d>, elements: &[Member<'d>], name: &'static str) -> Option<Node<'d>> {
        let found = element(elements, name).cloned();
        if found.is_none() {
            self.problem(node, Fault::Missing(name));
        }
        found
    }

    fn check_duplicates(&mut self, members: &[Member<'d>]) {
        let mut names = BTreeSet::new();
        for member in members {
            if !names.insert(&member.name) {
                self.problem(&member.at, Fault::Duplicate(member.name.clone()));
            }
        }
    }

    fn check_sids(&mut self, nodes: &[Node<'d>], statements: &[Statement]) {
        let mut sids = BTreeSet::new();
        for statement in statements {
            if let (Some(sid), Some(node)) = (&statement.sid, nodes.get(statement.index))
                && !sids.insert(sid)
            {
                self.problem(node, Fault::SidTwice(sid.clone()));
            }
        }
    }

    /// What was read at `node`, or nothing and a problem more.
    fn taken<T>(&mut self, node: &Node<'d>, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.problem(node, fault)).ok()
    }

    fn problem(&mut self, node: &Node<'d>, fault: Fault) {
        self.problems.push(Problem { place: node.place(self.document), fault });
    }
}

fn element<'m, 'd>(elements: &'m [Member<'d>], name: &str) -> Option<&'m Node<'d>> {
    elements.iter().find(|member| member.name == name).map(|member| &member.value)
}
