//! Policy documents that a data source renders while the plan is applied: the plan shows their statements, with holes
//! where something is unknown.

use orgward_iam::Kind;
use orgward_plan::{Address, Attr, Certainty, Instance, Legal, Mode, Plan, Resolution, Step, Target, View};

use super::filling::Position;
use super::join::DOCUMENT;
use super::values::open;
use super::{Builder, Piece};
use crate::draft::{Draft, Group, Line, List, Statement};
use crate::{Document, Filling, Hole};

/// Longer chains of documents that are merged into each other do not occur.
const DEPTH: usize = 16;
/// Whatever a reference leads to: a value of a policy may be anything, so nothing may be left out.
pub(super) const ANY: Legal<'_> = Legal(&[]);

/// The elements that are lists, by their name in the data source.
const LISTS: [(&str, &str, bool); 4] = [
    ("actions", "Action", false),
    ("not_actions", "Action", true),
    ("resources", "Resource", false),
    ("not_resources", "Resource", true),
];

/// One data source of the plan.
#[derive(Clone, Copy)]
pub(super) struct Source<'p, 'a> {
    pub(super) stack: usize,
    pub(super) plan: &'p Plan<'a>,
    pub(super) instance: &'p Instance<'a>,
}

impl<'a> Builder<'_, 'a> {
    /// A policy document whose text is unknown, as far as it can be told.
    pub(super) fn deferred_document(
        &self,
        piece: &Piece<'_, 'a>,
        path: &[Step<'_>],
        kind: Kind,
        name: &str,
    ) -> Document {
        let Some(stack) = self.stacks.get(piece.stack) else {
            return Document::unknown(name, kind, Vec::new());
        };
        let resolution = stack.plan.resolve(piece.instance, path, &DOCUMENT);
        let whole = stack.plan.resolve(piece.instance, path, &ANY);
        let mut trail = resolution.trail;
        // Other references that take part in making the text may change it.
        let target = match (resolution.targets.as_slice(), whole.targets.as_slice()) {
            ([target], [only]) if only.address == target.address => target,
            _ => {
                let spelled = self.spelled_document(piece, path, kind, name, &trail);
                return spelled.unwrap_or_else(|| {
                    let mut document = Document::unknown(name, kind, trail);
                    let kind = |target: &Target| {
                        let instance = stack.plan.instance(&target.address);
                        instance.map(|instance| instance.kind.to_string()).unwrap_or_default()
                    };
                    document.refers_to = whole.targets.iter().map(kind).collect();
                    document
                });
            }
        };
        let renders = stack.plan.instance(&target.address).is_some_and(is_document);
        if !renders || resolution.certainty < Certainty::Typed {
            let spelled = self.spelled_document(piece, path, kind, name, &trail);
            return spelled.unwrap_or_else(|| Document::unknown(name, kind, trail));
        }
        trail.push(format!("it is rendered by `{}` while applying", target.address));
        match self.draft(piece.stack, &target.address, kind, 0) {
            Ok(draft) => draft.document(name, kind, trail, &self.placeholder_ids.borrow()),
            Err(why) => {
                trail.push(why);
                Document::unknown(name, kind, trail)
            }
        }
    }

    /// What a data source renders, by the rules of the provider.
    pub(super) fn draft(
        &self,
        stack: usize,
        address: &Address,
        kind: Kind,
        depth: usize,
    ) -> Result<Draft, String> {
        let unknown = |what: &str| format!("{what} of `{address}` is unknown until apply");
        let plan = self.stacks.get(stack).map(|stack| stack.plan);
        let found = plan.and_then(|plan| Some((plan, plan.instance(address)?)));
        let Some((plan, instance)) = found.filter(|(_, instance)| is_document(instance) && depth < DEPTH)
        else {
            return Err(format!("`{address}` is not in the plan"));
        };
        let source = Source { stack, plan, instance };
        let object = instance.after().ok_or_else(|| unknown("what becomes"))?;
        let mut draft = Draft::default();
        let mut merges = false;
        for attribute in ["source_json", "source_policy_documents"] {
            merges |= self.merge(&mut draft, source, attribute, kind, depth)?;
        }
        let mut own = Draft { sensitive: object.get("statement").is_sensitive(), ..Draft::default() };
        own.version = match object.get("version").text() {
            Attr::Known(version) => version.expose().to_owned(),
            Attr::Absent => "2012-10-17".to_owned(),
            Attr::Unknown => return Err(unknown("the version")),
        };
        own.id = object.get("policy_id").text().known().map(|id| id.expose().to_owned());
        match object.get("statement").items() {
            Attr::Known(statements) => {
                for (index, view) in statements.into_iter().enumerate() {
                    let path = [Step::Name("statement"), Step::Index(index)];
                    let statement = self.statement(source, view, &path, &mut own.holes)?;
                    own.statements.push(statement);
                }
            }
            Attr::Absent => {}
            Attr::Unknown => return Err(unknown("the list of statements")),
        }
        let nameless = object.get("statement").items().known().into_iter().flatten();
        let nameless = nameless.into_iter().any(|view| view.get("sid").text().is_unknown());
        draft.merge(own);
        for attribute in ["override_policy_documents", "override_json"] {
            merges |= self.merge(&mut draft, source, attribute, kind, depth)?;
        }
        if merges && nameless {
            return Err(unknown("a `sid`, by which documents are merged,"));
        }
        Ok(draft)
    }

    /// Merges the documents that an attribute lists. Returns whether there are any.
    fn merge(
        &self,
        draft: &mut Draft,
        source: Source<'_, 'a>,
        attribute: &str,
        kind: Kind,
        depth: usize,
    ) -> Result<bool, String> {
        let Some(object) = source.instance.after() else { return Ok(false) };
        let view = object.get(attribute);
        let overrides = attribute.starts_with("override");
        let list = match view.state() {
            Attr::Absent => return Ok(false),
            Attr::Unknown => {
                draft.merge_unknown(attribute.to_owned(), kind, overrides);
                return Ok(true);
            }
            Attr::Known(()) => match view.items() {
                Attr::Known(items) => {
                    items.into_iter().enumerate().map(|(at, item)| (Some(at), item)).collect()
                }
                _ => vec![(None, view)],
            },
        };
        let open = list.iter().filter(|(_, item)| item.text().is_unknown()).count();
        for (at, item) in &list {
            match item.text() {
                Attr::Known(text) if text.expose().is_empty() => {}
                Attr::Known(text) => {
                    let mut other = Draft::read(text.expose()).ok_or_else(|| {
                        format!("`{attribute}` of `{}` is not a policy", source.instance.address)
                    })?;
                    other.sensitive = text.is_sensitive();
                    draft.merge(other);
                }
                Attr::Absent => {}
                Attr::Unknown => {
                    let mut path = vec![Step::Name(attribute)];
                    path.extend(at.map(Step::Index));
                    let resolution = source.plan.resolve(source.instance, &path, &ANY);
                    let lone = match resolution.targets.as_slice() {
                        [target] if open == 1 && resolution.certainty >= Certainty::Typed => {
                            Some(target.clone())
                        }
                        _ => listed(source, attribute, open, *at),
                    };
                    let other = lone
                        .and_then(|target| self.draft(source.stack, &target.address, kind, depth + 1).ok());
                    if let Some(other) = other {
                        draft.merge(other);
                    } else {
                        let path = path.iter().map(ToString::to_string).collect::<String>();
                        draft.merge_unknown(path.trim_start_matches('.').to_owned(), kind, overrides);
                    }
                }
            }
        }
        Ok(!list.is_empty())
    }

    fn statement(
        &self,
        source: Source<'_, 'a>,
        view: View<'_>,
        path: &[Step<'_>],
        holes: &mut Vec<Hole>,
    ) -> Result<Statement, String> {
        let unknown = |what: &str| format!("{what} of `{}` is unknown until apply", source.instance.address);
        if view.state().is_unknown() {
            return Err(unknown("a statement"));
        }
        let mut statement = Statement {
            sid: view.get("sid").text().known().map(|sid| sid.expose().to_owned()),
            allows: match view.get("effect").text() {
                Attr::Known(effect) => Some(effect.expose() != "Deny"),
                Attr::Absent => Some(true),
                Attr::Unknown => None,
            },
            ..Statement::default()
        };
        for (attribute, name, not) in LISTS {
            let path = [path, &[Step::Name(attribute)]].concat();
            let position = if name == "Action" { Position::Action } else { Position::Resource };
            let items = self.items(source, view.get(attribute), &path, &position, holes);
            if !items.is_empty() {
                statement.lists.push(List { name, not, items });
            }
        }
        for (attribute, not) in [("principals", false), ("not_principals", true)] {
            let blocks = match view.get(attribute).items() {
                Attr::Known(blocks) => blocks,
                Attr::Absent => continue,
                Attr::Unknown => return Err(unknown("who a statement is about")),
            };
            for (index, block) in blocks.into_iter().enumerate() {
                let Attr::Known(kind) = block.get("type").text() else {
                    return Err(unknown("the type of a principal"));
                };
                let path =
                    [path, &[Step::Name(attribute), Step::Index(index), Step::Name("identifiers")]].concat();
                let kind = kind.expose().to_owned();
                let position = Position::Principal(kind.clone());
                let first = holes.len();
                let items = self.items(source, block.get("identifiers"), &path, &position, holes);
                for hole in holes.iter_mut().skip(first) {
                    self.name_principal(&kind, hole);
                }
                let open = holes.iter().skip(first).any(|hole| !matches!(hole.filling, Filling::Exactly(_)));
                if open && kind != "AWS" {
                    return Err(unknown("a principal"));
                }
                statement.principals.push(Group { not, kind, items });
            }
        }
        match view.get("condition").items() {
            Attr::Known(blocks) => {
                for (index, block) in blocks.into_iter().enumerate() {
                    let path = [path, &[Step::Name("condition"), Step::Index(index)]].concat();
                    statement.conditions.push(self.condition(source, block, &path, holes));
                }
            }
            Attr::Absent => {}
            Attr::Unknown => {
                let items = vec![open(holes, path, "condition")];
                statement.conditions.push(Line { test: None, key: None, items });
            }
        }
        Ok(statement)
    }

    /// Gives an identity provider or a service that is unknown a name of its own. It stays one of its kind, whatever it
    /// turns out to be: no principal of AWS gets in as one.
    pub(super) fn name_principal(&self, kind: &str, hole: &mut Hole) {
        if matches!(hole.filling, Filling::Exactly(_)) || !matches!(kind, "Federated" | "Service") {
            return;
        }
        let shown = hole.reference.clone().unwrap_or_else(|| hole.path.clone());
        let name = self.placeholder_ids.borrow_mut().name(format!("${{{shown}}}"));
        hole.filling =
            Filling::Exactly(if kind == "Service" { format!("{name}.amazonaws.com") } else { name });
    }

    fn condition(
        &self,
        source: Source<'_, 'a>,
        block: View<'_>,
        path: &[Step<'_>],
        holes: &mut Vec<Hole>,
    ) -> Line {
        let word = |name| block.get(name).text().known().map(|text| text.expose().to_owned());
        let (test, key) = (word("test"), word("variable"));
        let path = [path, &[Step::Name("values")]].concat();
        let position = Position::Condition(key.as_deref().unwrap_or_default().to_ascii_lowercase());
        let first = holes.len();
        let mut items = self.items(source, block.get("values"), &path, &position, holes);
        // Whoever calls chooses it: one string is as good as another, whatever it turns out to be.
        if position == Position::Condition("sts:externalid".to_owned())
            && test.as_deref() == Some("StringEquals")
        {
            for hole in holes.iter_mut().skip(first).filter(|hole| hole.filling == Filling::Anything) {
                let shown = hole.reference.clone().unwrap_or_else(|| hole.path.clone());
                hole.filling =
                    Filling::Exactly(self.placeholder_ids.borrow_mut().name(format!("${{{shown}}}")));
            }
        }
        if test.is_none() || key.is_none() {
            items.push(open(holes, &path, "operator or key"));
        }
        Line { test, key, items }
    }
}

/// A document of a list of which several are unknown: the configuration has to write the whole list out, since
/// the order decides what replaces what.
fn listed(source: Source<'_, '_>, attribute: &str, open: usize, at: Option<usize>) -> Option<Target> {
    let all = source.plan.resolve_all(source.instance, &[Step::Name(attribute)], &ANY);
    let object = source.instance.after()?;
    let views = object.get(attribute).items().known()?;
    let before = views.iter().take(at?).filter(|view| view.text().is_unknown()).count();
    let single = |resolution: &Resolution| resolution.targets.len() == 1;
    let picked = all.get(before).filter(|_| all.len() == open && all.iter().all(single));
    picked.and_then(|resolution| resolution.targets.first()).cloned()
}

fn is_document(instance: &Instance<'_>) -> bool {
    instance.mode == Mode::Data && instance.kind == "aws_iam_policy_document"
}
