//! What principals and outsiders can do after a plan and not before, and the reverse.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Effect, Statement};
use orgward_org::NodeId;

use super::Access;
use super::admin::Standing;
use super::exposure::Opening;
use super::sets::{About, Side};
use super::subject::{Cap, Subject, SubjectId};
use super::summary::{Candidates, Entry, Level, narrower_action, narrower_resources, patterns, resources};

/// What a principal or an outsider gains or loses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Gained {
    /// Who: an ARN, an address, `*`.
    pub principal: String,
    /// Its account.
    pub account: Option<String>,
    /// Whether it becomes, or stops being, an administrator; that stands for everything else.
    pub administrator: bool,
    /// What; `None` for an administrator.
    pub entry: Option<Entry>,
}

/// What a plan changes about who can do what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Difference {
    /// What can be done after the plan and not before; worst first.
    pub gained: Vec<Gained>,
    /// What could be done before and cannot after.
    pub lost: Vec<Gained>,
}

/// What changes from one side to the other.
pub fn difference<'o>(before: &Access<'o>, after: &Access<'o>) -> Difference {
    Difference { gained: more(before, after), lost: more(after, before) }
}

/// What the principals of one side can do that they cannot on the other.
fn more<'o>(old: &Access<'o>, new: &Access<'o>) -> Vec<Gained> {
    let mut found = Vec::new();
    // Whether the chains above two accounts are the same, asked once for all principals of an account.
    let mut chains: BTreeMap<(Option<NodeId>, Option<NodeId>), bool> = BTreeMap::new();
    for (id, subject) in new.subjects() {
        let was = old.same(subject).map(|(id, _)| id);
        let mut same_chain = |one: &Subject<'_>, other: &Subject<'_>| {
            let same = || old.chain_text(one.account) == new.chain_text(other.account);
            *chains.entry((one.account, other.account)).or_insert_with(same)
        };
        if was.is_some_and(|was| alike(old, was, new, id, &mut same_chain)) {
            continue;
        }
        let principal = subject.shown(new.org);
        let account = subject.account_text.as_ref().map(|account| new.org.render(account));
        let entry = |administrator, entry| Gained {
            principal: principal.clone(),
            account: account.clone(),
            administrator,
            entry,
        };
        let is_admin = |access: &Access<'o>, id: SubjectId| *access.standing(id) == Standing::Administrator;
        if is_admin(new, id) {
            if !was.is_some_and(|was| is_admin(old, was)) {
                found.push(entry(true, None));
            }
            continue;
        }
        if was.is_some_and(|was| is_admin(old, was)) {
            // It stops being one, and what is left to it is less.
            continue;
        }
        let entries = match was.and_then(|was| Some((was, old.subject(was)?))) {
            None => [new.summary(id), new.by_resources(id)].concat(),
            // Only the policies above it differ.
            Some((was, then)) if same_policies(then, subject) => {
                let had: Vec<Entry> = old.summary(was);
                let known: BTreeSet<(&str, &[String])> = had
                    .iter()
                    .flat_map(|it| {
                        it.actions.iter().map(move |action| (action.as_str(), it.resources.as_slice()))
                    })
                    .collect();
                let mut entries = new.summary(id);
                for one in &mut entries {
                    one.actions.retain(|action| {
                        !known.contains(&(action.as_str(), one.resources.as_slice()))
                            && !old.can_all(was, action, &one.resources)
                    });
                }
                entries
            }
            Some((_, then)) => new.gained_by_own(id, old, then),
        };
        for mut one in entries.into_iter().filter(|it| !it.actions.is_empty()) {
            one.levels = super::summary::levels(&one.actions);
            found.push(entry(false, Some(one)));
        }
    }
    found.extend(on_resources(old, new));
    found.extend(by_outsiders(old, new));
    found.extend(super::assumed::assumed(old, new));
    found.sort_by_key(|it| (rank(it), it.clone()));
    found
}

/// What principals that were there can do on resources of which the policies differ.
fn on_resources<'o>(old: &Access<'o>, new: &Access<'o>) -> Vec<Gained> {
    let mut found = Vec::new();
    for (id, entry) in new.gained_on_resources(old) {
        let Some(subject) = new.subject(id) else { continue };
        let was = old.same(subject).map(|(id, _)| id);
        let is_admin = |access: &Access<'o>, id: SubjectId| *access.standing(id) == Standing::Administrator;
        // What the policies of resources give to a new principal, and to a new administrator, is told above.
        let Some(was) = was else { continue };
        if is_admin(new, id) && !is_admin(old, was) {
            continue;
        }
        let principal = subject.shown(new.org);
        let account = subject.account_text.as_ref().map(|account| new.org.render(account));
        found.push(Gained { principal, account, administrator: false, entry: Some(entry) });
    }
    found
}

/// What principals outside of the organization can do that they cannot on the other side.
fn by_outsiders<'o>(old: &Access<'o>, new: &Access<'o>) -> Vec<Gained> {
    let mut found = Vec::new();
    let openings = |access: &Access<'o>| -> Vec<Opening<'o>> {
        let public = access.public().into_iter().filter(|it| it.unknown.is_none());
        public
            .chain(access.external(&BTreeSet::new()).into_iter().filter(|it| it.unknown.is_none()))
            .collect()
    };
    let mut outside: BTreeMap<(String, String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for opening in openings(new) {
        if opening.held_back || old.had(new, &opening) {
            continue;
        }
        let is_sensitive = opening.policy.is_some_and(|policy| policy.document.text.is_sensitive());
        let principal = if is_sensitive { "(sensitive value)".to_owned() } else { opening.who.principal() };
        let resources = opening
            .resource
            .arn
            .clone()
            .map_or_else(|| vec!["*".to_owned()], |arn| vec![new.org.render(&arn)]);
        let statement =
            opening.policy.zip(opening.statement).filter(|_| !is_sensitive).and_then(|(policy, at)| {
                policy.document.policy().and_then(|policy| policy.statements.get(at))
            });
        let (actions, named): (Vec<String>, Vec<String>) = statement.map_or_else(
            || (vec![format!("{}:*", opening.resource.service)], Vec::new()),
            |statement| (super::summary::patterns(statement), super::summary::resources(statement)),
        );
        let resources = if named.is_empty() || named == ["*"] { resources } else { named };
        for action in actions {
            let service = action.split(':').next().unwrap_or("*").to_owned();
            outside.entry((principal.clone(), service, resources.clone())).or_default().insert(action);
        }
    }
    for ((principal, service, resources), actions) in outside {
        let actions: Vec<String> = actions.into_iter().collect();
        let levels = super::summary::levels(&actions);
        let account = principal.split(':').nth(4).map(str::to_owned);
        let entry = Some(Entry { service, resources, actions, levels, by: None });
        found.push(Gained { principal, account, administrator: false, entry });
    }
    found
}

/// Whether nothing about a principal and the policies above it differs.
fn alike<'o>(
    old: &Access<'o>,
    was: SubjectId,
    new: &Access<'o>,
    is: SubjectId,
    same_chain: &mut dyn FnMut(&Subject<'_>, &Subject<'_>) -> bool,
) -> bool {
    let (Some(old_subject), Some(subject)) = (old.subject(was), new.subject(is)) else { return false };
    same_policies(old_subject, subject) && same_chain(old_subject, subject)
}

/// Whether a principal has the same policies and the same boundary as another.
fn same_policies(one: &Subject<'_>, other: &Subject<'_>) -> bool {
    let held = |subject: &Subject<'_>| -> BTreeSet<String> {
        subject.held.iter().map(|held| format!("{} {}", held.must, held.policy.text())).collect()
    };
    let cap = |subject: &Subject<'_>| match &subject.cap {
        super::Cap::None => String::new(),
        super::Cap::Policy { policy, .. } => policy.text().to_string(),
        super::Cap::Unknown(why) => why.join(" "),
    };
    held(one) == held(other) && cap(one) == cap(other)
}

/// The texts of the statements that deny something to a principal.
fn denials<'s>(subject: &Subject<'s>) -> BTreeMap<&'s str, &'s Statement> {
    let cap = match &subject.cap {
        super::Cap::Policy { policy, .. } => Some(*policy),
        super::Cap::None | super::Cap::Unknown(_) => None,
    };
    let policies = subject.held.iter().map(|held| held.policy).chain(cap);
    let statements = policies.flat_map(|policy| policy.statements.iter().map(move |it| (policy, it)));
    let denying = statements.filter(|(_, statement)| statement.effect.value == Effect::Deny);
    denying.filter_map(|(policy, it)| Some((policy.text().get(it.span.clone())?, it))).collect()
}

impl<'o> Access<'o> {
    /// What a principal can do by its own policies and could not on another side: the patterns of its policies, and of
    /// denials that are gone.
    fn gained_by_own(&self, id: SubjectId, old: &Access<'o>, then: &Subject<'o>) -> Vec<Entry> {
        let Some(subject) = self.subject(id) else { return Vec::new() };
        let (Some(me), known) = (self.by(subject, Side::AtMost), subject.known()) else { return Vec::new() };
        let (was, is) = (denials(then), denials(subject));
        // What was allowed whatever the request is like, and denied by nothing else than today, is allowed as before.
        let as_before = was.keys().eq(is.keys()) && matches!(then.cap, Cap::None);
        let plain = then.held.iter().flat_map(|held| &held.policy.statements);
        let plain = plain.filter(|it| it.effect.value == Effect::Allow && it.conditions.is_empty());
        let kept: BTreeSet<(String, Vec<String>)> = plain
            .flat_map(|it| patterns(it).into_iter().map(|action| (action, resources(it))))
            .filter(|_| as_before)
            .collect();
        let mut all: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
        for entry in self.summary(id) {
            let pairs = entry.actions.into_iter().map(|action| (action, entry.resources.clone()));
            all.extend(pairs.filter(|pair| !kept.contains(pair)));
        }
        let gone = was.iter().filter(|(text, _)| !is.contains_key(*text)).map(|(_, statement)| *statement);
        let mut narrower = Vec::new();
        for statement in gone {
            let (denied, on) = (patterns(statement), resources(statement));
            for (action, resources) in &all {
                let on = narrower_resources(resources, &on);
                if !on.is_empty() {
                    let both = denied.iter().filter_map(|it| narrower_action(action, it));
                    narrower.extend(both.map(|action| (action, on.clone())));
                }
            }
        }
        all.extend(narrower);
        let candidates = Candidates::of(all);
        let gained = |claim| {
            let about = About::claimed(claim);
            let is = self.own(&known, Side::AtMost, about);
            is.minus(old.own(then, Side::AtMost, about)).and(me.requests())
        };
        let mut entries: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
        for found in candidates.cover(&gained) {
            let service = found.action.split(':').next().unwrap_or("*").to_owned();
            entries.entry((service, found.resources.clone())).or_default().push(found.action.clone());
        }
        let entry = |((service, resources), mut actions): ((String, Vec<String>), Vec<String>)| {
            actions.sort();
            Entry { service, resources, levels: Vec::new(), actions, by: None }
        };
        entries.into_iter().map(entry).collect()
    }
}

/// What matters most comes first: administrators, policies and principals, secrets and keys, deletion, reading, the rest.
fn rank(gained: &Gained) -> u8 {
    let Some(entry) = &gained.entry else { return 0 };
    if gained.principal == "*" {
        return 1;
    }
    if entry.levels.contains(&Level::Permissions) || entry.service == "iam" {
        2
    } else if matches!(entry.service.as_str(), "secretsmanager" | "kms" | "ssm") {
        3
    } else if entry.actions.iter().any(|it| it.contains(":Delete") || it.ends_with(":*") || it == "*") {
        4
    } else if entry.levels.contains(&Level::Read) {
        5
    } else {
        6
    }
}
