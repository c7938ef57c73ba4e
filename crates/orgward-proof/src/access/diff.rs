//! What principals and outsiders can do after a plan and not before, and the reverse.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::is_account_id;
use orgward_org::NodeId;

use super::Access;
use super::admin::Standing;
use super::exposure::Opening;
use super::subject::{Subject, SubjectId};
use super::summary::{Entry, Level};

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
        let had: Vec<Entry> = was.map(|was| old.summary(was)).unwrap_or_default();
        let known: BTreeSet<(&str, &[String])> = had
            .iter()
            .flat_map(|it| it.actions.iter().map(move |action| (action.as_str(), it.resources.as_slice())))
            .collect();
        for mut one in new.summary(id) {
            one.actions.retain(|action| {
                !known.contains(&(action.as_str(), one.resources.as_slice()))
                    && !was.is_some_and(|was| old.can_all(was, action, &one.resources))
            });
            if !one.actions.is_empty() {
                one.levels = super::summary::levels(&one.actions);
                found.push(entry(false, Some(one)));
            }
        }
    }
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
        let principal = match &opening.account {
            _ if is_sensitive => "(sensitive value)".to_owned(),
            None => "*".to_owned(),
            Some(account) if is_account_id(account) => format!("arn:aws:iam::{account}:root"),
            // An organization, which has no principal of its own.
            Some(other) => other.clone(),
        };
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
        let entry = Some(Entry { service, resources, actions, levels });
        found.push(Gained { principal, account, administrator: false, entry });
    }
    found.extend(super::assumed::assumed(old, new));
    found.sort_by_key(|it| (rank(it), it.clone()));
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
    let held = |subject: &super::Subject<'_>| -> BTreeSet<String> {
        subject.held.iter().map(|held| format!("{} {}", held.must, held.policy.text())).collect()
    };
    let cap = |subject: &super::Subject<'_>| match &subject.cap {
        super::Cap::None => String::new(),
        super::Cap::Policy { policy, .. } => policy.text().to_string(),
        super::Cap::Unknown(why) => why.join(" "),
    };
    held(old_subject) == held(subject) && cap(old_subject) == cap(subject) && same_chain(old_subject, subject)
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
