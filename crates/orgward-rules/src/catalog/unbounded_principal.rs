use orgward_finding::Severity;
use orgward_iam::arn_like;
use orgward_org::{Boundary, Organization, Principal};

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
    for principal in cx.after.principals() {
        let patterns =
            if principal.word == "role" { &cx.config.boundaries.roles } else { &cx.config.boundaries.users };
        let before = cx
            .before
            .find(&principal.node.key)
            .and_then(|id| cx.before.principal(id))
            .map(|old| old.boundary);
        let scope = scope(cx.after, &principal, patterns);
        if scope == Scope::Inside && judge(cx, &principal, findings) {
            continue;
        }
        dropped(cx, &principal, before, findings);
        if scope == Scope::Unknown {
            let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("scope");
            finding.says(format!("cannot tell whether this {} must carry a boundary", principal.word));
            finding.note("its name or path is unknown until apply");
        }
    }
}

/// Judges a principal that must carry a boundary. Returns whether something was reported.
fn judge(cx: &Context<'_>, principal: &Principal<'_>, findings: &mut Findings) -> bool {
    let required = &cx.config.boundaries.required;
    let fix = if required.is_empty() {
        "set `permissions_boundary`".to_owned()
    } else {
        format!("set `permissions_boundary` to {}", list(required))
    };
    match principal.boundary {
        Boundary::None => {
            let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.says(format!("{} must carry a permissions boundary and has none", principal.word));
            finding.help(fix);
            note_removal(cx, principal, finding);
            true
        }
        Boundary::Unknown(trail) => {
            let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.says("which permissions boundary it will carry is unknown until apply");
            finding.notes.extend(trail.iter().cloned());
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
                        .any(|pattern| fits(pattern, arn) && (!must || names_account(pattern, arn)))
                })
            };
            if required.is_empty() || fits_any(true) {
                return false;
            }
            if fits_any(false) || arn.as_ref().is_none_or(|arn| arn.resource.is_unknown()) {
                let finding = findings.cannot_tell(&UNBOUNDED_PRINCIPAL, principal.node);
                finding.says(format!("cannot tell whether its boundary `{key}` is {}", list(required)));
                finding.note("the account or the name of the boundary is not known");
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

/// Reports a boundary that the plan takes away or exchanges, whoever must carry one.
fn dropped(cx: &Context<'_>, principal: &Principal<'_>, before: Option<&Boundary>, findings: &mut Findings) {
    let Some(before) = before else { return };
    let old = match before {
        Boundary::None => return,
        Boundary::Arn(arn) => arn.to_string(),
        Boundary::Policy(key) => key.to_string(),
        Boundary::Unknown(_) => "a boundary".to_owned(),
    };
    match principal.boundary {
        Boundary::None => {
            let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("dropped");
            finding.says(format!("the plan takes the permissions boundary `{old}` away"));
            finding
                .help("keep `permissions_boundary`, or show in the review why this principal may do without");
        }
        now if now != before && same_policy(cx, before, now) == Some(false) => {
            let new = match now {
                Boundary::Arn(arn) => arn.to_string(),
                Boundary::Policy(key) => key.to_string(),
                Boundary::Unknown(_) | Boundary::None => return,
            };
            let fits = !cx.config.boundaries.required.is_empty();
            // A boundary that the configuration asks for is not a way out.
            if fits && scope(cx.after, principal, &cx.config.boundaries.roles) == Scope::Inside {
                return;
            }
            let finding = findings.about(&UNBOUNDED_PRINCIPAL, principal.node);
            finding.subject("exchanged");
            finding.says(format!("the plan exchanges the permissions boundary `{old}` for `{new}`"));
            finding.help("compare the two policies: the new one may allow more");
        }
        _ => {}
    }
}

/// Whether two boundaries are the same policy; `None` when nobody can tell.
fn same_policy(cx: &Context<'_>, before: &Boundary, after: &Boundary) -> Option<bool> {
    let arn = |organization: &Organization, boundary: &Boundary| match boundary {
        Boundary::Arn(arn) => Some(arn.expose().to_owned()),
        Boundary::Policy(key) => organization.iam_arn(organization.find(key)?)?.text("*"),
        Boundary::None | Boundary::Unknown(_) => None,
    };
    Some(arn(cx.before, before)? == arn(cx.after, after)?)
}

fn note_removal(cx: &Context<'_>, principal: &Principal<'_>, finding: &mut orgward_finding::Finding) {
    let before =
        cx.before.find(&principal.node.key).and_then(|id| cx.before.principal(id)).map(|old| old.boundary);
    match before {
        Some(Boundary::Arn(arn)) => finding.note(format!("this plan takes the boundary `{arn}` away")),
        Some(Boundary::Policy(key)) => finding.note(format!("this plan takes the boundary `{key}` away")),
        _ => finding,
    };
}

fn scope(organization: &Organization, principal: &Principal<'_>, patterns: &[String]) -> Scope {
    if patterns.is_empty() {
        return Scope::Outside;
    }
    match organization.iam_arn(principal.id) {
        Some(arn) if arn.resource.as_ref().known().is_some() => {
            if patterns.iter().any(|pattern| fits(pattern, &arn)) { Scope::Inside } else { Scope::Outside }
        }
        _ => Scope::Unknown,
    }
}

/// Whether a pattern matches an ARN. An account that is unknown could be any: it fits every pattern, since being
/// in scope is what has to be excluded.
fn fits(pattern: &str, arn: &orgward_org::IamArn) -> bool {
    let account = pattern.split(':').nth(4).unwrap_or("*").replace('*', "000000000000");
    arn.text(&account).is_some_and(|text| arn_like(pattern, &text))
}

/// Whether what a pattern says of the account is known to hold.
fn names_account(pattern: &str, arn: &orgward_org::IamArn) -> bool {
    arn.account.is_some() || pattern.split(':').nth(4) == Some("*")
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
          note: this plan takes the boundary `aws_iam_policy.boundary` away
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
