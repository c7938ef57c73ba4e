//! Who may become a role: what IAM Access Analyzer says of trust policies.

use super::conditions::keys_of;
use super::{At, Effectiveness as E, Gravity as G};
use crate::arn::Arn;
use crate::{BaseOperator, Effect, Kind, PrincipalPattern, Statement};

const GITHUB: &str = "token.actions.githubusercontent.com";

pub(super) fn check(at: &mut At<'_, '_>) {
    if at.kind() != Kind::Trust {
        return;
    }
    sessions(at);
    if at.statement.effect.value == Effect::Deny {
        return;
    }
    mismatched(at);
    roles_anywhere(at);
    session_keys(at);
    federation(at);
}

/// Actions of other services, which IAM takes no trust policy with.
pub(super) fn actions(at: &mut At<'_, '_>) {
    if at.kind() != Kind::Trust {
        return;
    }
    let actions = &at.statement.actions;
    for (index, action) in actions.patterns.iter().enumerate() {
        let service = action.value.split(':').next().unwrap_or_default();
        if action.value != "*" && !actions.not && !service.eq_ignore_ascii_case("sts") {
            let place = super::place("Action", index, action, &actions.span);
            // "AssumeRole policy may only specify STS AssumeRole actions": IAM takes none of the document.
            let kind = ("unsupported-action-in-policy", G::Error, E::Refused);
            let message = format!("a trust policy is about `sts` actions, and not about `{}`", action.value);
            at.report(kind, &place, &action.span, message, "use `sts:AssumeRole` or one of its kind");
        }
    }
}

/// Sessions of a role that is named, too.
fn sessions(at: &mut At<'_, '_>) {
    let Some(principals) = &at.statement.principals else { return };
    let arns = || {
        principals.patterns.iter().filter_map(|entry| match &entry.value {
            PrincipalPattern::Arn(arn) => Some((Arn::parse(arn)?, entry)),
            _ => None,
        })
    };
    for (session, entry) in arns() {
        let Some((role, _)) = session.session() else { continue };
        let is_its_role = |arn: &Arn<'_>| {
            let name = arn.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
            arn.account == session.account && name == Some(role)
        };
        if arns().any(|(arn, _)| is_its_role(&arn)) {
            let kind = ("redundant-principal-in-role-trust-policy", G::Suggestion, E::Meant);
            let message = format!("the role `{role}` is named, too, with all of its sessions");
            at.report(kind, "Principal", &entry.span, message, "remove the session");
        }
    }
}

/// The action by which such a principal becomes a role.
fn needed(principal: &PrincipalPattern) -> Option<&'static str> {
    match principal {
        PrincipalPattern::Federated(provider) if provider.contains(":saml-provider/") => {
            Some("sts:AssumeRoleWithSAML")
        }
        PrincipalPattern::Federated(_) => Some("sts:AssumeRoleWithWebIdentity"),
        PrincipalPattern::Account(_)
        | PrincipalPattern::Arn(_)
        | PrincipalPattern::UniqueId(_)
        | PrincipalPattern::Service(_) => Some("sts:AssumeRole"),
        PrincipalPattern::Everyone | PrincipalPattern::CanonicalUser(_) | PrincipalPattern::Invalid(_) => {
            None
        }
    }
}

/// Principals that cannot make any of the calls that the statement allows.
fn mismatched(at: &mut At<'_, '_>) {
    let Some(principals) = at.statement.principals.as_ref().filter(|it| !it.not) else { return };
    let assumes = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
    let allowed: Vec<&str> =
        assumes.into_iter().filter(|action| at.statement.covers_action(action)).collect();
    if allowed.is_empty() {
        return;
    }
    for entry in &principals.patterns {
        let Some(needed) = needed(&entry.value).filter(|needed| !allowed.contains(needed)) else { continue };
        let kind = ("mismatched-action-for-principal", G::Error, E::Inert);
        let message = format!("this principal calls `{needed}`, which the statement does not allow");
        at.report(kind, "Principal", &entry.span, message, format!("write `{needed}` in `Action`"));
    }
}

fn roles_anywhere(at: &mut At<'_, '_>) {
    const NEEDED: [&str; 3] = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"];
    const NAME: &str = "rolesanywhere.amazonaws.com";
    let is_it = |statement: &Statement| {
        let mut named = statement.principals.iter().filter(|it| !it.not).flat_map(|it| &it.patterns);
        statement.effect.value == Effect::Allow
            && named.any(|it| matches!(&it.value, PrincipalPattern::Service(name) if name == NAME))
    };
    let statements = || at.policy().statements.iter().filter(|it| is_it(it));
    let first = statements().next();
    if !first.is_some_and(|first| std::ptr::eq(first, at.statement)) {
        return;
    }
    let lacks = |action: &&str| !statements().any(|it| it.covers_action(action));
    let missing: Vec<&str> = NEEDED.into_iter().filter(lacks).collect();
    if !missing.is_empty() {
        let kind = ("missing-action-for-roles-anywhere-trust-policy", G::Error, E::Inert);
        let message = format!("IAM Roles Anywhere also needs `{}`", missing.join("`, `"));
        let span = at.statement.actions.span.clone();
        at.report(kind, "Action", &span, message, "add them to `Action`");
    }
}

/// Keys that come with an action that the statement does not allow.
fn session_keys(at: &mut At<'_, '_>) {
    let of = |key: &str| match key {
        "sts:sourceidentity" => Some("sts:SetSourceIdentity"),
        "sts:transitivetagkeys" | "aws:tagkeys" => Some("sts:TagSession"),
        _ if key.starts_with("aws:requesttag/") => Some("sts:TagSession"),
        _ => None,
    };
    for line in &at.statement.conditions {
        let Some(action) = of(&line.key.value.to_ascii_lowercase()) else { continue };
        if line.operator.value.base == BaseOperator::Null || at.statement.covers_action(action) {
            continue;
        }
        let kind = ("missing-action-for-condition-key", G::Error, E::Meant);
        let place = format!("Condition/{}/{}", line.operator.value, line.key.value);
        let message =
            format!("only `{action}` sets `{}`, and the statement does not allow it", line.key.value);
        at.report(kind, &place, &line.key.span, message, format!("add `{action}` to `Action`"));
    }
}

/// Tokens of identity providers that many share.
fn federation(at: &mut At<'_, '_>) {
    let Some(principals) = at.statement.principals.as_ref().filter(|it| !it.not) else { return };
    for entry in &principals.patterns {
        let PrincipalPattern::Federated(provider) = &entry.value else { continue };
        let host = match provider.split_once(":oidc-provider/") {
            Some((_, host)) => host,
            None if !provider.starts_with("arn:") => provider.as_str(),
            None => continue,
        };
        let prefix = format!("{}:", host.to_ascii_lowercase());
        if !keys_of(at.statement).any(|key| key.starts_with(&prefix)) {
            let kind = ("missing-condition-keys-for-oidc-principals", G::SecurityWarning, E::Meant);
            let message = format!("no condition asks for a claim of `{host}`: every token of it is admitted");
            at.report(kind, "Principal", &entry.span, message, format!("add a condition on `{prefix}sub`"));
        } else if host == GITHUB {
            github(at, &entry.span);
        }
    }
}

/// The claims of GitHub that name a repository or its owner.
const CLAIMS: [&str; 5] = ["sub", "repository", "repository_id", "repository_owner_id", "job_workflow_ref"];

fn github(at: &mut At<'_, '_>, span: &std::ops::Range<usize>) {
    let names = |key: &str| {
        let claim = key.to_ascii_lowercase();
        claim.strip_prefix(&format!("{GITHUB}:")).is_some_and(|claim| CLAIMS.contains(&claim))
    };
    if !at.statement.conditions.iter().any(|line| names(&line.key.value)) {
        let kind = ("missing-github-repo-condition-key", G::SecurityWarning, E::Meant);
        let message = "no condition names a repository: workflows of every GitHub user are admitted";
        at.report(kind, "Principal", span, message, format!("add a condition on `{GITHUB}:sub`"));
    }
    for line in &at.statement.conditions {
        let is_sub = line.key.value.eq_ignore_ascii_case(&format!("{GITHUB}:sub"));
        let is_like = line.operator.value.base == BaseOperator::StringLike;
        if let Some(value) = line.values.iter().find(|it| is_sub && is_like && it.value.contains(['*', '?']))
        {
            let kind = ("specific-github-repo-and-branch-recommended", G::Warning, E::Meant);
            let place = format!("Condition/{}/{}", line.operator.value, line.key.value);
            let message = format!("`{}` admits more than one branch or repository", value.value);
            at.report(
                kind,
                &place,
                &value.span,
                message,
                "name the repository and the branch or environment",
            );
        }
    }
}
