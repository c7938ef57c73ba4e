use orgward_finding::Severity;
use orgward_iam::{arn_like, glob_prefix};
use orgward_org::{Boundary, Principal};
use orgward_plan::Attr;
use orgward_proof::boundaries::{bounds_nothing, is_same_policy, may_fit, names_account, predecessor};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users that have to carry a permissions boundary and do not, and for boundaries that a
    /// plan takes away or exchanges.
    ///
    /// ## Why is this bad?
    ///
    /// A boundary is what makes it safe to let teams create their own roles: whatever policies a bounded principal
    /// collects, it can never do more than its boundary allows. A principal without one is a way out.
    ///
    /// ## Example
    ///
    /// With this in `orgward.toml`
    ///
    /// ```toml
    /// [boundaries]
    /// roles = ["arn:aws:iam::*:role/app/*"]
    /// required = ["arn:aws:iam::*:policy/boundary/application"]
    /// ```
    ///
    /// the rule finds
    ///
    /// ```hcl
    /// resource "aws_iam_role" "web" {
    ///   name = "web"
    ///   path = "/app/"
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_iam_role" "web" {
    ///   name                 = "web"
    ///   path                 = "/app/"
    ///   permissions_boundary = aws_iam_policy.boundary.arn
    /// }
    /// ```
    ///
    /// Without configuration, only boundaries that a plan takes away are found.
    pub(crate) static UNBOUNDED_PRINCIPAL = {
        id: "unbounded-principal",
        summary: "principal has no permissions boundary",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// Whether a principal matches one of the patterns of the configuration.
#[derive(PartialEq)]
enum Scope {
    Inside,
    Outside,
    Unknown,
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    // Only the stack that manages a principal can set its boundary.
    for principal in cx.after.principals().filter(|principal| principal.node.address.is_some()) {
        let before = predecessor(cx.change(), &principal).map(|old| old.boundary);
        let scope = scope(cx, &principal);
        if scope == Scope::Inside && judge(cx, &principal, before, findings) {
            continue;
        }
        changed(cx, &principal, before, &scope, findings);
        if scope == Scope::Unknown {
            let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("scope");
            finding.says(format!("undecided: whether this {} must carry a boundary", principal.word));
            finding.note("its name or path is unknown until apply");
        }
    }
}

/// Judges a principal that must carry a boundary. Returns whether something was reported.
fn judge(
    cx: &Context<'_>,
    principal: &Principal<'_>,
    before: Option<&Boundary>,
    findings: &mut Findings,
) -> bool {
    let required = &cx.config.boundaries.required;
    let fix = if required.is_empty() {
        "set `permissions_boundary`".to_owned()
    } else {
        format!("set `permissions_boundary` to {}", list(required))
    };
    if bounds_nothing(cx.after, principal.boundary) {
        let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
        finding.subject("bounds nothing");
        let title = title(principal.boundary).unwrap_or_default();
        finding.says(format!(
            "{} must carry a permissions boundary, and `{title}` allows everything",
            principal.word
        ));
        finding.help(fix);
        return true;
    }
    match principal.boundary {
        Boundary::None => {
            let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.says(format!("{} must carry a permissions boundary and has none", principal.word));
            finding.help(fix);
            if let Some(old) = before.and_then(title) {
                finding.note(format!("{} takes the boundary `{old}` away", cx.actor()));
            }
            true
        }
        Boundary::Unknown(trail) => {
            unknown(principal, trail, findings);
            true
        }
        Boundary::Arn(arn) => {
            let fits = required.is_empty() || required.iter().any(|pattern| arn_like(pattern, arn.expose()));
            if !fits {
                wrong(principal, &arn.to_string(), required, fix, findings);
            }
            !fits
        }
        Boundary::Policy(key) => {
            let arn = cx.after.find(key).and_then(|id| cx.after.iam_arn(id));
            let fits_any = |must: bool| {
                arn.as_ref().is_some_and(|arn| {
                    required
                        .iter()
                        .any(|pattern| may_fit(pattern, arn) && (!must || names_account(pattern, arn)))
                })
            };
            if required.is_empty() || fits_any(true) {
                return false;
            }
            if fits_any(false) || arn.as_ref().is_none_or(|arn| arn.resource.is_unknown()) {
                let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
                finding.says(format!("undecided: whether its boundary `{key}` is {}", list(required)));
                finding.note("the account or the name of the boundary is unknown");
            } else {
                wrong(principal, &key.to_string(), required, fix, findings);
            }
            true
        }
    }
}

fn wrong(principal: &Principal<'_>, found: &str, required: &[String], fix: String, findings: &mut Findings) {
    let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
    finding.subject("wrong boundary");
    finding.says(format!(
        "{} carries the boundary `{found}`, which is not {}",
        principal.word,
        list(required)
    ));
    finding.help(fix);
}

fn unknown(principal: &Principal<'_>, trail: &[String], findings: &mut Findings) {
    let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
    finding.says("which permissions boundary it will carry is unknown until apply");
    finding.notes.extend(trail.iter().cloned());
}

/// Reports a boundary that the plan takes away or exchanges, also where the configuration asks for none.
fn changed(
    cx: &Context<'_>,
    principal: &Principal<'_>,
    before: Option<&Boundary>,
    scope: &Scope,
    findings: &mut Findings,
) {
    let Some(before) = before.filter(|before| **before != Boundary::None && *before != principal.boundary)
    else {
        return;
    };
    let old = title(before).unwrap_or_else(|| "a boundary".to_owned());
    let Some(new) = title(principal.boundary) else {
        if let Boundary::Unknown(trail) = principal.boundary {
            unknown(principal, trail, findings);
        } else {
            let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("dropped");
            finding.says(format!("{} takes the permissions boundary `{old}` away", cx.actor()));
            finding.help("keep `permissions_boundary`, or say in the review why this principal needs none");
        }
        return;
    };
    // A boundary that the configuration asks for is not a way out: `judge` has compared it.
    if *scope == Scope::Inside && !cx.config.boundaries.required.is_empty() {
        return;
    }
    match is_same_policy(cx.change(), before, principal.boundary) {
        Some(true) => {}
        Some(false) => {
            let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("exchanged");
            finding.says(format!("{} exchanges the permissions boundary `{old}` for `{new}`", cx.actor()));
            finding.help("compare the two policies: the new one may allow more");
        }
        None => {
            let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("exchanged");
            finding.says(format!(
                "undecided: whether the permissions boundary `{old}` stays: it becomes `{new}`"
            ));
            finding.note(format!("the name of `{new}` is unknown until apply"));
            finding.help("compare the two policies: the new one may allow more");
        }
    }
}

/// What messages call a boundary; `None` where there is none or its name is unknown.
fn title(boundary: &Boundary) -> Option<String> {
    match boundary {
        Boundary::Arn(arn) => Some(arn.to_string()),
        Boundary::Policy(key) => Some(key.to_string()),
        Boundary::Unknown(_) | Boundary::None => None,
    }
}

/// `roles` is about roles and `users` about users, whatever their ARNs look like.
fn scope(cx: &Context<'_>, principal: &Principal<'_>) -> Scope {
    let boundaries = &cx.config.boundaries;
    let patterns = if principal.word == "role" { &boundaries.roles } else { &boundaries.users };
    if patterns.is_empty() {
        return Scope::Outside;
    }
    match cx.after.iam_arn(principal.id) {
        Some(arn) if arn.resource.as_ref().known().is_some() => {
            let is_inside = patterns.iter().any(|pattern| may_fit(pattern, &arn));
            if is_inside { Scope::Inside } else { Scope::Outside }
        }
        Some(arn) => {
            let begins: Vec<_> = patterns.iter().map(|pattern| begins(pattern, &arn)).collect();
            match (begins.contains(&Some(true)), begins.contains(&None)) {
                (true, _) => Scope::Inside,
                (false, true) => Scope::Unknown,
                (false, false) => Scope::Outside,
            }
        }
        None => Scope::Unknown,
    }
}

/// Whether a pattern matches an ARN of which only the beginning is known, whatever follows.
fn begins(pattern: &str, arn: &orgward_org::IamArn) -> Option<bool> {
    let prefix = arn.prefix.as_deref()?;
    let mut parts = pattern.splitn(6, ':');
    let resource = parts.nth(5)?;
    let known = orgward_org::IamArn { resource: Attr::Known(String::new()), ..arn.clone() };
    let head = pattern.strip_suffix(resource)?;
    if may_fit(head, &known) { glob_prefix(resource, prefix) } else { Some(false) }
}

fn list(patterns: &[String]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::UNBOUNDED_PRINCIPAL;
    use crate::testing::report;

    #[test]
    fn no_boundary() {
        insta::assert_snapshot!(report(&UNBOUNDED_PRINCIPAL, "bad-no-boundary"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        unbounded-principal

          × aws_iam_role.orders: role must carry a permissions boundary and has none
          help: set `permissions_boundary` to `arn:aws:iam::*:policy/boundary/application`

        blocked: 1 high finding is new
        reviewed bad-no-boundary.json: 0 accounts, 1 principal, 1 policy
        `orgward rules unbounded-principal` explains the first one
        ");
    }

    #[test]
    fn boundary_dropped() {
        insta::assert_snapshot!(report(&UNBOUNDED_PRINCIPAL, "bad-boundary-dropped"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        unbounded-principal

          × aws_iam_role.orders: role must carry a permissions boundary and has none
          note: the plan takes the boundary `aws_iam_policy.boundary` away
          help: set `permissions_boundary` to `arn:aws:iam::*:policy/boundary/application`

        blocked: 1 high finding is new
        reviewed bad-boundary-dropped.json: 0 accounts, 1 principal, 2 policies
        `orgward rules unbounded-principal` explains the first one
        ");
    }

    #[test]
    fn user() {
        insta::assert_snapshot!(report(&UNBOUNDED_PRINCIPAL, "bad-user"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        unbounded-principal

          × aws_iam_user.importer: user must carry a permissions boundary and has none
          help: set `permissions_boundary` to `arn:aws:iam::*:policy/boundary/application`

        blocked: 1 high finding is new
        reviewed bad-user.json: 0 accounts, 1 principal, 0 policies
        `orgward rules unbounded-principal` explains the first one
        ");
    }
}
