//! What a finding describes as a whole, beyond what its text has room for. Derived here for all rules.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Address, Finding, Status, Verdict};
use orgward_iam::{Effect, Kind, Policy, PrincipalPattern, RequestSet, Statement};
use orgward_org::{Change, Document, Membership, Modality, NodeId, NodeKind, Organization, PolicyType};
use orgward_plan::Plan;
use serde_json::Value;

/// Fills in what the findings describe.
pub(crate) fn describe(findings: &mut [Finding], organization: &Organization, plans: &[Plan<'_>]) {
    if findings.is_empty() {
        return;
    }
    let describer = Describer::of(organization, plans);
    for finding in findings {
        describer.describe(finding);
        if finding.is_sensitive() {
            // A request is made of what the policy says: accounts, names, tags.
            finding.witness = None;
        }
    }
}

/// Rules about who is let in by the policy of a resource.
const ADMIT: [&str; 7] = [
    "account-wide-trust",
    "confused-deputy",
    "external-resource",
    "external-trust",
    "loose-federation",
    "public-resource",
    "public-trust",
];

/// Rules that compare all requests before and after themselves.
const DECIDED: [&str; 2] = ["external-resource", "public-resource"];

/// Says of findings that were there before whether the plan makes them worse: a policy of a resource lets in by a
/// statement that none of the old ones covers, or no longer denies what it denied; or a policy that could not be read
/// before is another one now, so that what was possible before is unknown. What is worse is new.
pub(crate) fn renew(findings: &mut [Finding], change: Change<&Organization>, actor: &str) {
    if !findings.iter().any(|finding| finding.status == Status::Existing) {
        return;
    }
    let (before, after) = (Describer::of(change.before, &[]), Describer::of(change.after, &[]));
    let changed = after.changed_from_unreadable(&before);
    for finding in findings.iter_mut().filter(|finding| finding.status == Status::Existing) {
        let undecided = finding.verdict == Verdict::Unverifiable;
        let admits = ADMIT.contains(&finding.rule) && undecided;
        let of = after.of_address(finding.address.as_ref().filter(|_| admits));
        let shown = finding.snippets.iter().map(|snippet| &*snippet.name);
        let names: BTreeSet<&str> = shown.chain(of.iter().copied()).collect();
        let decided = DECIDED.contains(&finding.rule);
        if !decided && names.iter().any(|name| after.is_worse(&before, name, finding)) {
            finding.status = Status::New;
            finding.note(format!(
                "it was there before in another form: {actor} modifies a statement that decides it"
            ));
        } else if undecided && after.rests_on(finding, &names, &changed) {
            finding.status = Status::New;
            finding.note(format!("what was so before {actor} is unknown, too: the policy could not be read"));
        }
    }
}

/// Whether a statement of one policy is covered by a statement of another one.
fn is_covered(statement: &Statement, of: &Policy, by: &Policy, effect: Effect) -> bool {
    by.statements.iter().any(|other| other.effect.value == effect && other.covers(by, statement, of))
}

struct Describer<'o> {
    organization: &'o Organization,
    documents: BTreeMap<&'o str, &'o Document>,
    /// The policies of each resource.
    addresses: BTreeMap<&'o Address, Vec<&'o Document>>,
    /// The accounts by what findings call them.
    accounts: BTreeMap<String, NodeId>,
    /// What a resource manages, by its input and address.
    nodes: BTreeMap<(Option<&'o str>, &'o Address), NodeId>,
    /// The stacks of the inputs by their names.
    stacks: BTreeMap<&'o str, Option<&'o str>>,
    /// The stack of the only plan.
    only: Option<&'o str>,
}

impl<'o> Describer<'o> {
    fn of(organization: &'o Organization, plans: &'o [Plan<'_>]) -> Self {
        let listed = organization.documents();
        let mut addresses: BTreeMap<&Address, Vec<&Document>> = BTreeMap::new();
        for (address, document) in &listed {
            if let Some(address) = address {
                addresses.entry(address).or_default().push(document);
            }
        }
        let documents = listed.into_iter().map(|(_, document)| (&*document.name, document));
        let accounts = organization.accounts().map(|account| (account.node.label(), account.id));
        let nodes = organization
            .nodes()
            .filter_map(|(id, node)| Some(((node.stack.as_deref(), node.address.as_ref()?), id)));
        let stacks: BTreeMap<&str, Option<&str>> =
            plans.iter().map(|plan| (plan.name.as_str(), plan.stack())).collect();
        // Plans come first; what follows is context.
        let only = plans.first().and_then(Plan::stack);
        Self {
            organization,
            documents: documents.collect(),
            addresses,
            accounts: accounts.collect(),
            nodes: nodes.collect(),
            stacks,
            only,
        }
    }

    /// The policies that could not be read before, and that the plan changes.
    fn changed_from_unreadable(&self, before: &Self) -> BTreeSet<&'o str> {
        let documents = self.documents.iter();
        let changed = documents.filter(|(name, document)| {
            before.documents.get(*name).is_some_and(|old| old.policy().is_none() && old != *document)
        });
        changed.map(|(name, _)| *name).collect()
    }

    /// The policies of a resource that say who may use it.
    fn of_address(&self, address: Option<&Address>) -> Vec<&'o str> {
        let Some(address) = address else { return Vec::new() };
        let documents = self.addresses.get(address).into_iter().flatten();
        let admits = documents.filter(|document| matches!(document.kind, Kind::Trust | Kind::Resource));
        admits.map(|document| &*document.name).collect()
    }

    /// Whether a policy of a resource admits what it did not before, in a statement that has to do with a finding.
    fn is_worse(&self, before: &Self, name: &str, finding: &Finding) -> bool {
        let policy = |describer: &Self| describer.documents.get(name).and_then(|it| it.policy());
        let (Some(old), Some(new)) = (policy(before), policy(self)) else { return false };
        if old.text() == new.text() || !matches!(new.kind, Kind::Trust | Kind::Resource) {
            return false;
        }
        let snippets = || finding.snippets.iter().filter(|snippet| *snippet.name == *name);
        // A finding that shows no statement is about all that let in principals of accounts.
        let shown = |statement: &Statement| {
            snippets().any(|snippet| statement.span.contains(&snippet.span.start))
                || snippets().next().is_none()
                    && self.classes(statement, &BTreeSet::new(), false).contains(&Class::Account)
        };
        let wider = self.with_a_say(new, &BTreeSet::new(), &shown).into_iter().any(|statement| {
            statement.effect.value == Effect::Allow && !is_covered(statement, new, old, Effect::Allow)
        }) || old.statements.iter().any(|statement| {
            statement.effect.value == Effect::Deny && !is_covered(statement, old, new, Effect::Deny)
        });
        // Statements that were split or joined allow what they allowed.
        wider && !RequestSet::allowed(new).minus(RequestSet::allowed(old)).is_empty()
    }

    /// Whether what a finding says rests on one of some policies: its own, or one above its accounts.
    fn rests_on(&self, finding: &Finding, names: &BTreeSet<&str>, policies: &BTreeSet<&str>) -> bool {
        if policies.is_empty() {
            return false;
        }
        let above = |account: &String| {
            let id = self.accounts.get(account);
            let kinds = [PolicyType::ServiceControl, PolicyType::ResourceControl];
            id.is_some_and(|id| {
                kinds.iter().any(|kind| {
                    let chain = self.organization.policy_chain(*id, kind);
                    let attached = chain.levels.iter().flat_map(|level| &level.attached);
                    let attached = attached.map(|attached| attached.org_policy);
                    attached
                        .chain(chain.unresolved_targets.iter().copied())
                        .any(|policy| policies.contains(&*policy.data.document.name))
                })
            })
        };
        names.iter().any(|name| policies.contains(name)) || finding.accounts.iter().any(above)
    }

    fn describe(&self, finding: &mut Finding) {
        for account in &finding.accounts {
            let names = self.accounts.get(account).map(|id| self.names(*id)).unwrap_or_default();
            if names.len() > 1 {
                finding.described.names.insert(account.clone(), names);
            }
        }
        if let Some(address) = &finding.address {
            finding.described.stack = match finding.input.as_deref() {
                Some(input) => self.stacks.get(input).copied().flatten(),
                None => self.only,
            }
            .map(str::to_owned);
            let node = self.nodes.get(&(finding.input.as_deref(), address));
            finding.described.account = node.map(|node| self.account_of(*node)).unwrap_or_default();
        }
        finding.described.statements = self.statements(finding);
    }

    /// What an account may be called: its id, and the resource that manages it.
    fn names(&self, account: NodeId) -> BTreeSet<String> {
        let Some(node) = self.organization.node(account) else { return BTreeSet::new() };
        let id = node.id.as_ref().known().filter(|id| !id.is_sensitive()).map(ToString::to_string);
        id.into_iter().chain(node.address.as_ref().map(ToString::to_string)).collect()
    }

    /// The account that something is in.
    fn account_of(&self, node: NodeId) -> BTreeSet<String> {
        match self.organization.node(node).map(|node| &node.kind) {
            Some(NodeKind::Account(_)) => self.names(node),
            // Policies of the organization are in no account.
            Some(NodeKind::Root | NodeKind::Unit | NodeKind::OrgPolicy(_)) | None => BTreeSet::new(),
            Some(_) => match self.organization.owner(node) {
                Some((account, Modality::Must)) => self.names(account.id),
                _ => self.organization.iam_arn(node).and_then(|arn| arn.account).into_iter().collect(),
            },
        }
    }

    /// The statements that make a finding so.
    fn statements(&self, finding: &Finding) -> BTreeSet<String> {
        let mut statements = BTreeSet::new();
        let names: BTreeSet<&str> = finding.snippets.iter().map(|snippet| &*snippet.name).collect();
        for name in names {
            let snippets = || finding.snippets.iter().filter(|snippet| &*snippet.name == name);
            match self.documents.get(name).and_then(|document| Some((document, document.policy()?))) {
                Some((document, policy)) => {
                    let shown = |statement: &Statement| {
                        snippets().any(|snippet| statement.span.contains(&snippet.span.start))
                    };
                    let account = &finding.described.account;
                    let part: Vec<&Statement> = self.with_a_say(policy, account, &shown);
                    statements.extend(part.into_iter().map(|statement| told(document, policy, statement)));
                }
                // What is no policy, or one that cannot be read, is described as a whole.
                None => {
                    statements
                        .extend(snippets().filter_map(|snippet| snippet.text.as_deref()).map(canonical));
                }
            }
        }
        statements.extend(self.above(finding));
        statements
    }

    /// The statements of a document that are shown, and the others that have a say in the same matter: in policies of
    /// resources all that deny, and all that let in the same kind of principal from outside.
    fn with_a_say<'p>(
        &self,
        policy: &'p Policy,
        account: &BTreeSet<String>,
        shown: &dyn Fn(&Statement) -> bool,
    ) -> Vec<&'p Statement> {
        let lets_in = matches!(policy.kind, Kind::Trust | Kind::Resource);
        let classes: BTreeSet<Class> = policy
            .statements
            .iter()
            .filter(|statement| shown(statement))
            .flat_map(|statement| self.classes(statement, account, false))
            .collect();
        let has_a_say = |statement: &&Statement| {
            shown(statement)
                || lets_in
                    && match statement.effect.value {
                        Effect::Deny => true,
                        Effect::Allow => {
                            self.classes(statement, account, true).iter().any(|class| classes.contains(class))
                        }
                    }
        };
        policy.statements.iter().filter(has_a_say).collect()
    }

    /// The kinds of principals that a statement lets in; without those of the organization where they are no matter.
    fn classes(&self, statement: &Statement, account: &BTreeSet<String>, outside: bool) -> BTreeSet<Class> {
        let Some(principals) = statement.principals.as_ref().filter(|principals| !principals.not) else {
            return [Class::Account, Class::Federated, Class::Service].into();
        };
        let place = self.organization.root().or_else(|| self.organization.nodes().next().map(|(id, _)| id));
        let is_member =
            |id: &str| place.is_some_and(|of| self.organization.membership(of, id) == Membership::Inside);
        let is_inside = |id: &str| account.contains(id) || is_member(id);
        let class = |pattern: &PrincipalPattern| match pattern {
            PrincipalPattern::Federated(_) => Some(Class::Federated),
            PrincipalPattern::Service(_) => Some(Class::Service),
            PrincipalPattern::Account(id) if outside && is_inside(id) => None,
            PrincipalPattern::Arn(arn) if outside && arn.split(':').nth(4).is_some_and(is_inside) => None,
            _ => Some(Class::Account),
        };
        principals.patterns.iter().filter_map(|pattern| class(&pattern.value)).collect()
    }

    /// The statements above the accounts of a finding that have to do with its request. Accounts in one finding have the
    /// same ones.
    fn above(&self, finding: &Finding) -> BTreeSet<String> {
        let mut statements = BTreeSet::new();
        let (None, Some(witness)) = (&finding.address, &finding.witness) else { return statements };
        let Some(account) = finding.accounts.iter().find_map(|account| self.accounts.get(account)) else {
            return statements;
        };
        let service = witness.action.split(':').next().unwrap_or_default();
        for kind in [PolicyType::ServiceControl, PolicyType::ResourceControl] {
            let chain = self.organization.policy_chain(*account, &kind);
            if chain.enabled == Some(false) {
                continue;
            }
            let attached = chain.levels.iter().flat_map(|level| &level.attached);
            let attached = attached.map(|attached| (attached.org_policy, attached.modality()));
            let unresolved = chain.unresolved_targets.iter().map(|policy| (*policy, Modality::May));
            for (org_policy, modality) in attached.chain(unresolved) {
                let certainly = if modality == Modality::Must { "" } else { "perhaps " };
                let document = &org_policy.data.document;
                let Some(policy) = document.policy() else {
                    statements.insert(format!("{certainly}{}", org_policy.node.key));
                    continue;
                };
                let about = policy.statements.iter().filter(|statement| is_about(statement, service));
                statements.extend(
                    about.map(|statement| format!("{certainly}{}", told(document, policy, statement))),
                );
            }
        }
        statements
    }
}

/// A kind of principal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Account,
    Federated,
    Service,
}

/// Whether a statement may be about actions of a service.
fn is_about(statement: &Statement, service: &str) -> bool {
    statement.actions.not
        || statement.actions.patterns.iter().any(|pattern| {
            let of = pattern.value.split(':').next().unwrap_or_default();
            of.contains(['*', '?']) || of.eq_ignore_ascii_case(service)
        })
}

/// A statement in a form that depends on what it says alone. Of a sensitive one nothing is written down.
fn told(document: &Document, policy: &Policy, statement: &Statement) -> String {
    if document.text.is_sensitive() {
        return format!("{} is sensitive", document.name);
    }
    let text = policy.text().get(statement.span.clone()).unwrap_or_default();
    format!("{:?} {}", policy.version, canonical(text))
}

/// JSON without layout, order and the ids of statements; a list of one is its element.
fn canonical(text: &str) -> String {
    fn settled(value: Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<Value> = items.into_iter().map(settled).collect();
                items.sort_by_key(ToString::to_string);
                items.dedup();
                match <[Value; 1]>::try_from(items) {
                    Ok([only]) => only,
                    Err(items) => Value::Array(items),
                }
            }
            Value::Object(entries) => {
                let entries: BTreeMap<String, Value> = entries
                    .into_iter()
                    .filter(|(name, _)| name != "Sid")
                    .map(|(name, entry)| (name, settled(entry)))
                    .collect();
                Value::Object(entries.into_iter().collect())
            }
            other => other,
        }
    }
    serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value| settled(value).to_string())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn layout_order_and_ids_do_not_matter_and_everything_else_does() {
        let one =
            canonical(r#"{"Sid":"A","Action":["b:Y","b:X"],"Effect":"Allow","Principal":{"AWS":["1"]}}"#);
        let same = canonical(
            "{\"Principal\": {\"AWS\": \"1\"},\n \"Effect\":\"Allow\",\"Action\":[\"b:X\",\"b:Y\",\"b:X\"]}",
        );
        assert_eq!(one, same);
        assert_ne!(one, canonical(r#"{"Action":["b:Y","b:X"],"Effect":"Allow","Principal":"1"}"#));
        assert_ne!(one, canonical(r#"{"Action":["b:Y","b:X"],"Effect":"Allow","Principal":{"AWS":["1 "]}}"#));
    }
}
