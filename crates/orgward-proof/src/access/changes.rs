//! Edges by changing what a principal may do, who may be it, or by making a new one.

use orgward_iam::Request;
use orgward_org::NodeKind;

use super::edges::{Asker, Edge, EdgeKind, End, Local, Step};
use super::subject::{Cap, Subject, SubjectId};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// What one or several requests do.
type Done = Option<(Vec<Request>, bool)>;

/// What changes a principal that is there: its policies, who may be it, or its credentials.
const CHANGES: [&str; 11] = [
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
];

impl<'o> Local<'_, 'o> {
    /// Edges by changing principals that are there.
    pub(super) fn changes(&self, from: End, me: SubjectId, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        self.joins(from, me, asker, steps);
        if !CHANGES.iter().any(|action| asker.mentions(action)) {
            return;
        }
        for id in self.ids {
            let Some(target) = self.access.subject(*id).filter(|it| ["role", "user"].contains(&it.word))
            else {
                continue;
            };
            let mut add = |to: End, how: &str, done: Done| {
                if let Some((requests, certain)) = done {
                    let edge = Edge { kind: EdgeKind::Change, how: how.to_owned(), requests, certain };
                    steps.push((from, to, edge));
                }
            };
            let armed = || self.arm(asker, target);
            if *id == me {
                add(End::Armed(*id), "gives itself other policies", armed());
                continue;
            }
            // Acting as another takes a way to be it.
            let be = Self::be(asker, target);
            if let Some((how, requests, certain)) = &be {
                add(End::Subject(*id), how, Some((requests.clone(), *certain)));
                if let Some((mut arm, sure)) = armed() {
                    arm.extend(requests.iter().cloned());
                    add(
                        End::Armed(*id),
                        "gives it other policies and becomes it",
                        Some((arm, sure && *certain)),
                    );
                }
            } else if steps.iter().any(|(start, to, edge)| {
                *start == from
                    && *to == End::Subject(*id)
                    && matches!(edge.kind, EdgeKind::Assume | EdgeKind::Pass)
            }) && let Some((arm, sure)) = armed()
            {
                let edge = Edge {
                    kind: EdgeKind::Change,
                    how: "gives it other policies and becomes it".to_owned(),
                    requests: arm,
                    certain: sure,
                };
                steps.push((from, End::Armed(*id), edge));
            }
        }
    }

    /// How a principal comes to be another by changing it.
    fn be(asker: &Asker<'_, 'o>, target: &Subject<'o>) -> Option<(String, Vec<Request>, bool)> {
        let arn = Some(target.arn.as_str());
        if target.word == "user" {
            for action in ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"] {
                if let Some((request, certain)) = asker.can(action, arn, &[]) {
                    return Some((
                        format!("makes credentials of its own for it (`{action}`)"),
                        vec![request],
                        certain,
                    ));
                }
            }
            return None;
        }
        let bound = bound(target)?;
        let (request, certain) = asker.can("iam:UpdateAssumeRolePolicy", arn, &[bound])?;
        Some(("changes who may assume it".to_owned(), vec![request], certain))
    }

    /// The requests that give a principal every policy that its boundary leaves to it.
    fn arm(&self, asker: &Asker<'_, 'o>, target: &Subject<'o>) -> Done {
        let (put, attach) = match target.word {
            "user" => ("iam:PutUserPolicy", "iam:AttachUserPolicy"),
            _ => ("iam:PutRolePolicy", "iam:AttachRolePolicy"),
        };
        let arn = Some(target.arn.as_str());
        if let Some(bound) = bound(target) {
            if let Some((request, certain)) = asker.can(put, arn, &[bound]) {
                return Some((vec![request], certain));
            }
            let policy = ("ArnEquals", "iam:PolicyARN", ADMINISTRATOR);
            if let Some((request, certain)) = asker.can(attach, arn, &[bound, policy]) {
                return Some((vec![request], certain));
            }
        }
        // A new version of a policy that it has.
        for held in &target.held {
            let Some(own) = &held.own_arn else { continue };
            if let Some((request, certain)) = asker.can("iam:CreatePolicyVersion", Some(own), &[]) {
                return Some((vec![request], certain && held.must));
            }
        }
        // A policy of a group that it is in.
        for (group, _) in self.access.org.groups_of(target.node.id) {
            let Some(arn) = self.group_arn(group, target) else { continue };
            if let Some((request, certain)) = asker.can("iam:PutGroupPolicy", Some(&arn), &[]) {
                return Some((vec![request], certain));
            }
            let policy = ("ArnEquals", "iam:PolicyARN", ADMINISTRATOR);
            if let Some((request, certain)) = asker.can("iam:AttachGroupPolicy", Some(&arn), &[policy]) {
                return Some((vec![request], certain));
            }
        }
        None
    }

    fn group_arn(&self, group: orgward_org::NodeId, near: &Subject<'o>) -> Option<String> {
        let node = self.access.org.node(group)?;
        let account = near.account_text.as_deref().unwrap_or("111111111111");
        match node.arn.as_ref().known() {
            Some(arn) => Some(arn.expose().to_owned()),
            None => Some(format!("arn:aws:iam::{account}:group/{}", node.title())),
        }
    }

    /// A user joins a group that makes it an administrator.
    fn joins(&self, from: End, me: SubjectId, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        if asker.subject.word != "user" || !asker.mentions("iam:AddUserToGroup") {
            return;
        }
        let mine = self.access.org.groups_of(asker.subject.node.id);
        for group in self.access.org.groups() {
            let there = self.access.org.account_text(group.id) == asker.subject.account_text.as_deref();
            if !there || mine.iter().any(|(id, _)| *id == group.id) {
                continue;
            }
            let Some(arn) = self.group_arn(group.id, &asker.subject) else { continue };
            let Some((request, certain)) = asker.can("iam:AddUserToGroup", Some(&arn), &[]) else { continue };
            if let Some(joined) = self.access.joined(&asker.subject, group.id)
                && self.access.is_administrator(&joined)
            {
                let edge = Edge {
                    kind: EdgeKind::Change,
                    how: format!("joins the group `{}`", group.node.title()),
                    requests: vec![request],
                    certain,
                };
                // What it becomes is not more than what a principal without a boundary can be.
                steps.push((from, End::Armed(me), edge));
            }
        }
    }

    /// New principals without a boundary that holds.
    pub(super) fn creates(&self, from: End, me: SubjectId, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        let account = asker.subject.account_text.as_deref().unwrap_or("111111111111");
        let mut wide = None;
        let words = [
            ("role", "iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"),
            ("user", "iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy"),
        ];
        for (word, create, put, attach) in words {
            if !asker.mentions(create) || !(asker.mentions(put) || asker.mentions(attach)) {
                continue;
            }
            let wide = wide.get_or_insert_with(|| self.wide_policies(account));
            let none = ("Null", "iam:PermissionsBoundary", "true");
            let boundaries = std::iter::once(ADMINISTRATOR).chain(wide.iter().map(String::as_str));
            let boundaries = boundaries.map(|arn| ("StringEquals", "iam:PermissionsBoundary", arn));
            for bound in std::iter::once(none).chain(boundaries) {
                let arms = [(put, None), (attach, Some(("ArnEquals", "iam:PolicyARN", ADMINISTRATOR)))];
                let mut found = None;
                for (arm, policy) in arms {
                    let mut conditions = vec![bound];
                    conditions.extend(policy);
                    for arn in Self::names(asker, account, word, create, arm, &conditions) {
                        // A principal that is there is not created.
                        if self.access.find(&arn).is_some() {
                            continue;
                        }
                        let Some((made, sure)) = asker.can(create, Some(&arn), &[bound]) else { continue };
                        let Some((armed, firm)) = asker.can(arm, Some(&arn), &conditions) else { continue };
                        let mut requests = vec![made, armed];
                        let mut certain = sure && firm;
                        if word == "user" {
                            let credentials = ["iam:CreateAccessKey", "iam:CreateLoginProfile"];
                            let key =
                                credentials.iter().find_map(|action| asker.can(action, Some(&arn), &[]));
                            let Some((key, sure)) = key else { continue };
                            requests.push(key);
                            certain &= sure;
                        }
                        found = Some((requests, certain));
                        break;
                    }
                    if found.is_some() {
                        break;
                    }
                }
                if let Some((requests, certain)) = found {
                    let how = if bound.0 == "Null" {
                        format!("creates a {word} without a permissions boundary")
                    } else {
                        format!("creates a {word} with a boundary that bounds nothing")
                    };
                    steps.push((from, End::New(me), Edge { kind: EdgeKind::Change, how, requests, certain }));
                    break;
                }
            }
        }
    }

    /// The managed policies of an account that bound nothing as a boundary, by their ARNs.
    fn wide_policies(&self, account: &str) -> Vec<String> {
        let org = self.access.org;
        let wide = org
            .managed_policies()
            .filter(|it| it.data.document.policy().is_some_and(super::admin::allows_everything));
        let arns = wide.filter_map(|policy| org.iam_arn(policy.id)?.text(account));
        arns.filter(|arn| arn.split(':').nth(4) == Some(account)).collect()
    }

    /// Names that a new principal could have: an example of each of the two requests that make and arm it, and what
    /// the patterns of the policies describe.
    fn names(
        asker: &Asker<'_, 'o>,
        account: &str,
        word: &str,
        create: &str,
        arm: &str,
        conditions: &[(&str, &str, &str)],
    ) -> Vec<String> {
        const MOST: usize = 24;
        let prefix = format!("arn:aws:iam::{account}:{word}/");
        let mut names = vec![format!("{prefix}new-{word}")];
        let anywhere = format!("{prefix}*");
        names.extend(
            asker
                .can(create, Some(&anywhere), conditions.get(..1).unwrap_or_default())
                .map(|it| it.0.resource),
        );
        names.extend(asker.can(arm, Some(&anywhere), conditions).map(|it| it.0.resource));
        let held = asker.subject.held.iter().map(|held| held.policy);
        let cap = match &asker.subject.cap {
            Cap::Policy { policy, .. } => Some(*policy),
            Cap::None | Cap::Unknown(_) => None,
        };
        for policy in held.chain(cap) {
            let resources = policy.statements.iter().filter_map(|statement| statement.resources.as_ref());
            for pattern in resources.flat_map(|resources| &resources.patterns) {
                let Some((_, tail)) = pattern.value.split_once(&format!(":{word}/")) else { continue };
                names.push(format!("{prefix}{}", tail.replace('*', "new").replace('?', "x")));
            }
        }
        names.dedup();
        names.truncate(MOST);
        names
    }
}

/// What requests about a principal say of its boundary; `None` where it is unknown.
fn bound<'s>(target: &'s Subject<'_>) -> Option<(&'static str, &'static str, &'s str)> {
    match &target.cap {
        Cap::None => Some(("Null", "iam:PermissionsBoundary", "true")),
        Cap::Policy { arn, .. } => Some(("StringEquals", "iam:PermissionsBoundary", arn)),
        Cap::Unknown(_) => None,
    }
}

impl<'o> super::Access<'o> {
    /// A principal as it is once it has joined a group.
    pub(super) fn joined(&self, subject: &Subject<'o>, group: orgward_org::NodeId) -> Option<Subject<'o>> {
        // The group lends its policies to its members, and to a principal that stands for it here.
        let NodeKind::Group(_) = self.org.node(group)?.kind else { return None };
        let mut joined = subject.clone();
        joined.held.extend(super::subject::of_group(self.org, group, subject));
        Some(joined)
    }
}
