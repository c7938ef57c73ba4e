//! Policy documents that are known but for some holes, and their two extreme completions.

mod read;
mod size;

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_iam::{Kind, Policy};
use orgward_plan::Text;
use serde_json::{Map, Value};

use crate::hole::PlaceholderIds;
use crate::remap_spans::{moved, remap_spans};
use crate::{Completion, Content, Document, Filling, Hole};

/// One entry of a list of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    Text(String),
    /// The index of a hole of the draft.
    Hole(usize),
}

/// One `Action`, `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct List {
    /// The name without `Not`.
    pub(crate) name: &'static str,
    pub(crate) not: bool,
    pub(crate) items: Vec<Item>,
}

/// The principals of one type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    pub(crate) not: bool,
    pub(crate) kind: String,
    pub(crate) items: Vec<Item>,
}

/// One line of a `Condition`. Operator and key may be unknown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) test: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) items: Vec<Item>,
}

/// One statement.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    /// Whether it allows; `None` when that is unknown.
    pub(crate) allows: Option<bool>,
    pub(crate) lists: Vec<List>,
    pub(crate) principals: Vec<Group>,
    pub(crate) conditions: Vec<Line>,
}

/// A policy document with holes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<String>,
    pub(crate) version: String,
    pub(crate) statements: Vec<Statement>,
    pub(crate) holes: Vec<Hole>,
    pub(crate) sensitive: bool,
}

/// Names, each with a list.
type Keys = Vec<(String, Vec<String>)>;

/// What a part of a statement says once its holes are filled.
enum Outcome<T> {
    /// No request matches.
    Never,
    /// Every request matches, so that it need not be written.
    Always,
    When(T),
}

/// Marks the place of a hole in a text that is not written out yet; private, so that no policy has it.
pub(crate) const MARK: char = '\u{E0F0}';

impl Draft {
    /// Adds what another document says, as the provider does: a statement with the same non-empty `Sid` is replaced.
    pub(crate) fn merge(&mut self, other: Self) {
        let offset = self.holes.len();
        for mut statement in other.statements {
            statement.shift(offset);
            let named = statement.sid.as_deref().filter(|sid| !sid.is_empty());
            let same = named
                .and_then(|sid| self.statements.iter_mut().find(|known| known.sid.as_deref() == Some(sid)));
            match same {
                Some(known) => *known = statement,
                None => self.statements.push(statement),
            }
        }
        self.holes.extend(other.holes);
        self.sensitive |= other.sensitive;
        // A version only rises: a document without one leaves the version as it is.
        if other.version > self.version {
            self.version = other.version;
        }
        self.id = other.id.or_else(|| self.id.take());
    }

    /// Adds a document of which nothing is known: it may allow or deny anything. As an override, it may also take the
    /// place of every statement that has a `Sid`.
    pub(crate) fn merge_unknown(&mut self, path: String, kind: Kind, overrides: bool) {
        let hole = Item::Hole(self.holes.len());
        self.holes.push(Hole { path, reference: None, address: None, filling: Filling::Anything });
        let named = |statement: &&mut Statement| statement.sid.as_ref().is_some_and(|sid| !sid.is_empty());
        for statement in self.statements.iter_mut().filter(|statement| overrides && named(statement)) {
            statement.conditions.push(Line { test: None, key: None, items: vec![hole.clone()] });
        }
        let list = |name| List { name, not: false, items: vec![hole.clone()] };
        let mut lists = vec![list("Action")];
        if kind != Kind::Trust {
            lists.push(list("Resource"));
        }
        let everyone = || Group { not: false, kind: "*".to_owned(), items: vec![Item::Text("*".to_owned())] };
        let has_principal = matches!(kind, Kind::Trust | Kind::Resource | Kind::ResourceControl);
        let principals = if has_principal { vec![everyone()] } else { Vec::new() };
        // A resource control policy only denies.
        let allows = (kind == Kind::ResourceControl).then_some(false);
        let any = Statement { allows, lists, principals, ..Statement::default() };
        self.statements.push(any);
    }

    /// The document: its policy when all holes have one filling, and otherwise one that is unknown and has bounds.
    pub(crate) fn document(
        self,
        name: &str,
        kind: Kind,
        trail: Vec<String>,
        placeholder_ids: &PlaceholderIds,
    ) -> Document {
        let permissive = self.completed(name, kind, Completion::Permissive, placeholder_ids);
        let restrictive = self.completed(name, kind, Completion::Restrictive, placeholder_ids);
        if permissive.content == restrictive.content {
            return permissive;
        }
        let mut trail = trail;
        let open = self.holes.iter().filter(|hole| !matches!(hole.filling, Filling::Exactly(_)));
        trail.extend(open.map(|hole| format!("{} is unknown until apply", hole.title())));
        let mut document = Document::unknown(name, kind, trail);
        document.holes = self.holes;
        document.between = permissive.between;
        document.bounds = Some(Arc::new([permissive, restrictive]));
        document
    }

    fn completed(
        &self,
        name: &str,
        kind: Kind,
        completion: Completion,
        placeholder_ids: &PlaceholderIds,
    ) -> Document {
        let mut statements = Vec::new();
        for statement in &self.statements {
            // An unknown effect may be either: the worse one.
            let allows = statement.allows.unwrap_or(completion == Completion::Permissive);
            let widen = allows == (completion == Completion::Permissive);
            statements.extend(statement.completed(allows, widen, &self.holes));
        }
        let mut root = Vec::new();
        if let Some(id) = &self.id {
            root.push(("Id".to_owned(), Value::String(id.clone())));
        }
        root.insert(0, ("Version".to_owned(), Value::String(self.version.clone())));
        let text = write(&root, &statements);
        self.finish(name, kind, &text, placeholder_ids)
    }

    /// Reads a text with marks. What is parsed has the fillings in it; what is shown, the references.
    fn finish(&self, name: &str, kind: Kind, text: &str, placeholder_ids: &PlaceholderIds) -> Document {
        let mut literal = String::new();
        let mut shown = String::new();
        // Where the two texts stop being at the same distance.
        let mut shifts: Vec<(usize, usize)> = vec![(0, 0)];
        for (position, part) in text.split(MARK).enumerate() {
            if position % 2 == 0 {
                literal.push_str(part);
                shown.push_str(part);
                continue;
            }
            let (index, value) = part.split_once(' ').unwrap_or((part, ""));
            let hole = index.parse().ok().and_then(|index: usize| self.holes.get(index));
            let as_shown = match hole {
                Some(Hole { filling: Filling::Exactly(value), .. })
                    if placeholder_ids.render(value) == *value =>
                {
                    value.clone()
                }
                // A longer text has the marks of its references already.
                Some(Hole { reference: Some(reference), .. }) if reference.contains("${") => {
                    reference.clone()
                }
                Some(Hole { reference: Some(reference), .. }) => format!("${{{reference}}}"),
                _ => "(known after apply)".to_owned(),
            };
            literal.push_str(value);
            let quoted = Value::String(as_shown).to_string();
            shown.push_str(quoted.trim_start_matches('"').trim_end_matches('"'));
            shifts.push((literal.len(), shown.len()));
        }
        let content = match Policy::parse(literal.as_str(), kind) {
            Ok(mut policy) => {
                remap_spans(&mut policy, &shifts);
                Content::Policy(policy)
            }
            Err(mut error) => {
                error.span = moved(&error.span, &shifts);
                Content::Unreadable(error)
            }
        };
        Document {
            name: name.into(),
            kind,
            text: if self.sensitive { Text::sensitive(shown) } else { Text::plain(shown) },
            characters: None,
            between: Some(self.size()),
            content,
            holes: self.holes.clone(),
            bounds: None,
            refused: false,
            refers_to: BTreeSet::new(),
        }
    }
}

impl Statement {
    fn shift(&mut self, offset: usize) {
        let lists = self.lists.iter_mut().map(|list| &mut list.items);
        let groups = self.principals.iter_mut().map(|group| &mut group.items);
        let lines = self.conditions.iter_mut().map(|line| &mut line.items);
        for item in lists.chain(groups).chain(lines).flatten() {
            if let Item::Hole(index) = item {
                *index += offset;
            }
        }
    }

    /// The statement that matches as much as it may (`widen`) or as little as it must; `None` when it then matches
    /// nothing.
    fn completed(&self, allows: bool, widen: bool, holes: &[Hole]) -> Option<Vec<(String, Value)>> {
        let mut out: Vec<(String, Value)> = Vec::new();
        if let Some(sid) = self.sid.as_ref().filter(|sid| !sid.is_empty()) {
            out.push(("Sid".to_owned(), Value::String(sid.clone())));
        }
        out.push(("Effect".to_owned(), Value::String(if allows { "Allow" } else { "Deny" }.to_owned())));
        for list in &self.lists {
            let items = entries(&list.items, holes, list.not, widen)?;
            match (items.is_empty(), list.not) {
                (true, false) => return None,
                // Nothing is excluded.
                (true, true) => out.push((list.name.to_owned(), Value::String("*".to_owned()))),
                (false, not) => out.push((not_name(list.name, not), values(items))),
            }
        }
        match self.who(widen, holes) {
            Outcome::Never => return None,
            Outcome::Always => {}
            Outcome::When(who) => out.push(who),
        }
        let mut conditions: Vec<(String, Keys)> = Vec::new();
        for line in &self.conditions {
            let (test, key, items) = match line.completed(widen, holes) {
                Outcome::Never => return None,
                Outcome::Always => continue,
                Outcome::When(written) => written,
            };
            let at = conditions.iter().position(|(known, _)| *known == test).unwrap_or_else(|| {
                conditions.push((test, Vec::new()));
                conditions.len() - 1
            });
            let Some((_, keys)) = conditions.get_mut(at) else { continue };
            match keys.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => known.extend(items),
                None => keys.push((key, items)),
            }
        }
        if !conditions.is_empty() {
            let object = conditions.into_iter().map(|(test, keys)| {
                let keys = keys.into_iter().map(|(key, items)| (key, values(items)));
                (test, Value::Object(keys.collect()))
            });
            out.push(("Condition".to_owned(), Value::Object(object.collect())));
        }
        Some(out)
    }

    fn who(&self, widen: bool, holes: &[Hole]) -> Outcome<(String, Value)> {
        if self.principals.is_empty() {
            return Outcome::Always;
        }
        let mut out: Keys = Vec::new();
        let mut not = false;
        for group in &self.principals {
            not = group.not;
            let Some(items) = entries(&group.items, holes, group.not, widen) else { return Outcome::Never };
            match out.iter_mut().find(|(kind, _)| *kind == group.kind) {
                Some((_, known)) => known.extend(items),
                None => out.push((group.kind.clone(), items)),
            }
        }
        out.retain(|(_, items)| !items.is_empty());
        let everyone = || Value::String("*".to_owned());
        match (out.as_slice(), not) {
            ([], false) => Outcome::Never,
            ([], true) => Outcome::When(("Principal".to_owned(), everyone())),
            ([(kind, items)], _) if kind == "*" && items.as_slice() == ["*"] => {
                Outcome::When((not_name("Principal", not), everyone()))
            }
            _ => {
                let object: Map<String, Value> =
                    out.into_iter().map(|(kind, items)| (kind, values(items))).collect();
                Outcome::When((not_name("Principal", not), Value::Object(object)))
            }
        }
    }
}

impl Line {
    fn completed(&self, widen: bool, holes: &[Hole]) -> Outcome<(String, String, Vec<String>)> {
        // What makes the line true and what makes it false, when nothing better is known.
        let give_up = || if widen { Outcome::Always } else { Outcome::Never };
        let (Some(test), Some(key)) = (&self.test, &self.key) else { return give_up() };
        let base = test.rsplit(':').next().unwrap_or(test);
        let base = base.strip_suffix("IfExists").unwrap_or(base);
        let must = surely(&self.items, holes);
        if self.items.iter().all(|item| !is_open(item, holes)) {
            return Outcome::When((test.clone(), key.clone(), must));
        }
        let negated = base.contains("Not");
        if widen == negated {
            // Fewer values: only those that must be there.
            return if must.is_empty() {
                give_up()
            } else {
                Outcome::When((test.clone(), key.clone(), must))
            };
        }
        let Some(may) = possibly(&self.items, holes) else { return give_up() };
        let is_literal = |item: &Item| !matches!(item, Item::Text(value) if value.contains(['*', '?']));
        let test = match base {
            // A pattern takes an operator that knows patterns.
            "StringEquals" | "StringNotEquals" if self.items.iter().all(is_literal) => {
                test.replace("Equals", "Like")
            }
            "StringLike" | "StringNotLike" => test.clone(),
            arn if arn.starts_with("Arn") => test.clone(),
            _ => return give_up(),
        };
        Outcome::When((test, key.clone(), may))
    }
}

fn is_open(item: &Item, holes: &[Hole]) -> bool {
    match item {
        Item::Text(_) => false,
        Item::Hole(index) => {
            !holes.get(*index).is_some_and(|hole| matches!(hole.filling, Filling::Exactly(_)))
        }
    }
}

/// The entries of a list that matches, or excludes, as much as it may or as little as it must; `None` when it may
/// exclude everything.
fn entries(items: &[Item], holes: &[Hole], not: bool, widen: bool) -> Option<Vec<String>> {
    if widen == not {
        return Some(surely(items, holes));
    }
    match possibly(items, holes) {
        Some(items) => Some(items),
        None if not => None,
        None => Some(vec![items.iter().find_map(|item| anything(item, holes)).unwrap_or_default()]),
    }
}

/// What must be in a list.
fn surely(items: &[Item], holes: &[Hole]) -> Vec<String> {
    let one = |item: &Item| match item {
        Item::Text(text) => Some(text.clone()),
        Item::Hole(index) => match &holes.get(*index)?.filling {
            Filling::Exactly(value) => Some(marked(*index, value)),
            Filling::Among(_) | Filling::Anything => None,
        },
    };
    items.iter().filter_map(one).collect()
}

/// What may be in a list; `None` when that is anything.
fn possibly(items: &[Item], holes: &[Hole]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for item in items {
        match item {
            Item::Text(text) => all.push(text.clone()),
            Item::Hole(index) => match &holes.get(*index)?.filling {
                Filling::Exactly(value) => all.push(marked(*index, value)),
                Filling::Among(patterns) => all.extend(patterns.iter().map(|value| marked(*index, value))),
                Filling::Anything => return None,
            },
        }
    }
    Some(all)
}

fn anything(item: &Item, holes: &[Hole]) -> Option<String> {
    match item {
        Item::Hole(index) if holes.get(*index)?.filling == Filling::Anything => Some(marked(*index, "*")),
        _ => None,
    }
}

fn marked(index: usize, value: &str) -> String {
    format!("{MARK}{index} {value}{MARK}")
}

fn not_name(name: &str, not: bool) -> String {
    if not { format!("Not{name}") } else { name.to_owned() }
}

/// One value stands for itself, several are a list.
fn values(mut items: Vec<String>) -> Value {
    match items.pop() {
        Some(only) if items.is_empty() => Value::String(only),
        last => Value::Array(items.into_iter().chain(last).map(Value::String).collect()),
    }
}

/// The document as the provider writes it.
fn write(root: &[(String, Value)], statements: &[Vec<(String, Value)>]) -> String {
    let mut out = String::from("{");
    for (name, value) in root {
        out.push_str("\n  ");
        member(&mut out, name, value, 1);
        out.push(',');
    }
    out.push_str("\n  \"Statement\": [");
    for (position, statement) in statements.iter().enumerate() {
        out.push_str(if position == 0 { "\n    {" } else { ",\n    {" });
        for (position, (name, value)) in statement.iter().enumerate() {
            out.push_str(if position == 0 { "\n      " } else { ",\n      " });
            member(&mut out, name, value, 3);
        }
        out.push_str("\n    }");
    }
    out.push_str(if statements.is_empty() { "]\n}" } else { "\n  ]\n}" });
    out
}

fn member(out: &mut String, name: &str, value: &Value, depth: usize) {
    out.push_str(&Value::String(name.to_owned()).to_string());
    out.push_str(": ");
    pretty(out, value, depth);
}

fn pretty(out: &mut String, value: &Value, depth: usize) {
    let indent = format!("\n{}", "  ".repeat(depth + 1));
    let close = format!("\n{}", "  ".repeat(depth));
    match value {
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "[" } else { "," });
                out.push_str(&indent);
                pretty(out, item, depth + 1);
            }
            out.push_str(if items.is_empty() { "[]" } else { &close });
            out.push_str(if items.is_empty() { "" } else { "]" });
        }
        Value::Object(entries) => {
            for (position, (name, value)) in entries.iter().enumerate() {
                out.push_str(if position == 0 { "{" } else { "," });
                out.push_str(&indent);
                member(out, name, value, depth + 1);
            }
            out.push_str(if entries.is_empty() { "{}" } else { &close });
            out.push_str(if entries.is_empty() { "" } else { "}" });
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
