use orgward_finding::{Finding, Severity, Witness};
use orgward_iam::{Answer, Effect, Exposure, OutsiderAccess, RequestSet, RoleTrust};
use orgward_org::{Content, Document, Entity, Modality, Organization, PolicyChain, PolicyType, Role};
use orgward_plan::{Attr, Text};

use super::loose_federation::is_about_providers;
use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

rule! {
    /// Checks for roles that a principal of any AWS account may assume, without anybody naming that account.
    ///
    /// ## Why is this bad?
    ///
    /// Service control policies bind only the accounts of the organization. Whoever assumes such a role from
    /// outside has all its rights, and no guardrail sees it coming.
    ///
    /// The rule decides requests and does not search for `*`: a wildcard together with `aws:PrincipalOrgID` of this
    /// organization is fine; one with a condition that the caller controls is not. `sts:ExternalId` is no secret,
    /// operators that end in `IfExists` and `ForAllValues` hold when the key is missing, and anybody can name a role
    /// `deploy`. A finding shows the request of an outsider that the policy allows. Without a finding it is proved
    /// that there is none: over every role and user of other accounts, with whatever they can choose (tags, names of
    /// sessions, external ids), and with what AWS says of them (another organization or none).
    ///
    /// Where resource control policies of the organization certainly deny all of them, the finding is of low severity.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// {
    ///   "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole",
    ///   "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-acme123456" } }
    /// }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// The whole trust policy is unknown until apply, or it depends on an organization whose id is not in the plan:
    /// give `--org`, or `id` in `[organization]` of `orgward.toml`.
    pub(crate) static PUBLIC_TRUST = {
        id: "public-trust",
        summary: "anyone with an AWS account can assume this role",
        severity: Severity::Critical,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for role in cx.after.roles() {
        let perimeter = cx.after.perimeter(role.id);
        match &role.data.trust.content {
            // Reported by `loose-federation`.
            Content::Unknown(_) if is_about_providers(&role.data.trust) => {}
            Content::Unknown(trail) => {
                let finding = findings.cannot_tell(&PUBLIC_TRUST, role.node);
                finding.says("who may assume this role is unknown until apply");
                finding.help(
                    "build the trust policy from values that are known, or review the plan of the apply",
                );
                finding.notes.extend(trail.iter().cloned());
            }
            // Reported by `unreadable-policy`.
            Content::Unreadable(_) => {}
            Content::Policy(policy) => {
                let arn = role_arn(cx.after, role);
                let account = cx.after.symbolic_account(role.id).map(str::to_owned);
                let trust = RoleTrust { arn: &arn, account: account.as_deref() };
                match policy.admits_outsider(&trust, &perimeter) {
                    OutsiderAccess::Exposed(exposure) => {
                        let finding = exposed(role, &exposure, findings);
                        let (open, names) = resource_control(cx.after, role);
                        if !names.is_empty()
                            && policy.admits_outsider_among(&trust, &perimeter, open) == Answer::None
                        {
                            // Not today, and on the day that somebody changes them.
                            finding.severity = Severity::Low;
                            finding.witness = None;
                            finding
                                .says("only resource control policies keep others from assuming this role");
                            finding.note(format!("they are denied by {}", names.join(", ")));
                        }
                    }
                    OutsiderAccess::Excluded => {}
                    OutsiderAccess::Undecided(why) => {
                        let finding = findings.cannot_tell(&PUBLIC_TRUST, role.node);
                        finding.says("cannot tell whether anyone can assume this role");
                        finding.note(if role.trust.text.is_sensitive() {
                            "the trust policy is sensitive, and depends on something unknown".to_owned()
                        } else {
                            why
                        });
                        finding.help(
                            "give the id of the organization: `--org`, or `[organization]` in `orgward.toml`",
                        );
                    }
                }
            }
        }
    }
}

/// What the resource control policies above a role leave open, and their names. Only those count that certainly act.
fn resource_control<'o>(
    organization: &'o Organization,
    role: Entity<'_, Role>,
) -> (RequestSet<'o>, Vec<String>) {
    let account = organization
        .owner(role.id)
        .filter(|(account, modality)| *modality == Modality::Must && account.member && !account.management);
    let chain =
        account.map(|(account, _)| organization.policy_chain(account.id, &PolicyType::ResourceControl));
    let mut open = RequestSet::everything();
    let mut names = Vec::new();
    for (_, org_policy) in chain.iter().filter(|it| it.enabled != Some(false)).flat_map(PolicyChain::certain)
    {
        // An attached policy of which nothing is known denies nothing for certain.
        let known =
            (org_policy.data.kind == PolicyType::ResourceControl).then_some(&org_policy.data.document);
        if let Some(policy) = known.and_then(Document::policy) {
            open = open.minus(RequestSet::effect(policy, Effect::Deny));
            if policy.statements.iter().any(|statement| statement.effect.value == Effect::Deny) {
                names.push(format!("`{}`", org_policy.node.title()));
            }
        }
    }
    (open, names)
}

fn exposed<'f>(role: Entity<'_, Role>, exposure: &Exposure, findings: &'f mut Findings) -> &'f mut Finding {
    let finding = findings.about(&PUBLIC_TRUST, role.node);
    let text = source(&role.data.trust);
    finding.show(&text, exposure.span.clone(), "admits principals of any account");
    for (span, why) in &exposure.weak_guards {
        finding.show(&text, span.clone(), if text.text.is_sensitive() { "does not guard" } else { why });
    }
    if !role.trust.text.is_sensitive() {
        finding.witness(relevant(witness(&exposure.request)));
    }
    finding.help("name the principals, or require `aws:PrincipalOrgID` with `StringEquals`")
}

/// A witness with the keys that people look at; what follows from the caller is left out.
fn relevant(mut witness: Witness) -> Witness {
    witness.context.retain(|(key, _)| !key.eq_ignore_ascii_case("aws:PrincipalArn"));
    witness
}

/// The ARN of a role, made up where it is unknown or must not be printed.
fn role_arn(organization: &Organization, role: Entity<'_, Role>) -> String {
    let secret = |text: &Attr<Text>| matches!(text, Attr::Known(text) if text.is_sensitive());
    if secret(&role.node.name) || secret(&role.node.arn) {
        return "arn:aws:iam::111122223333:role/sensitive".to_owned();
    }
    organization
        .iam_arn(role.id)
        .and_then(|arn| arn.text("111122223333"))
        .unwrap_or_else(|| "arn:aws:iam::111122223333:role/unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::PUBLIC_TRUST;
    use crate::testing::report;

    #[test]
    fn star_string() {
        insta::assert_snapshot!(report(&PUBLIC_TRUST, "bad-star-string"), @r#"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        public-trust

          × aws_iam_role.reports: anyone with an AWS account can assume this role
           ╭─[aws_iam_role.reports.assume_role_policy:6:20]
         4 │       "Action": "sts:AssumeRole",
         5 │       "Effect": "Allow",
         6 │       "Principal": "*"
           ·                    ─┬─
           ·                     ╰── admits principals of any account
         7 │     }
         8 │   ],
           ╰────
          request: sts:AssumeRole on arn:aws:iam::111122223333:role/reports
                   by arn:aws:iam::999999999999:role/outsider
          help: name the principals, or require `aws:PrincipalOrgID` with `StringEquals`

        blocked: 1 critical finding is new
        reviewed bad-star-string.json: 0 accounts, 1 principal, 1 policy
        `orgward rules public-trust` explains the first one
        "#);
    }

    #[test]
    fn only_resource_control() {
        insta::assert_snapshot!(report(&PUBLIC_TRUST, "bad-only-resource-control"), @r#"
        ── low: 1 found (does not block) ───────────────────────────────────────────────

        public-trust

          × aws_iam_role.reports: only resource control policies keep others from assuming this role
           ╭─[aws_iam_role.reports.assume_role_policy:7:16]
         5 │       "Effect": "Allow",
         6 │       "Principal": {
         7 │         "AWS": "*"
           ·                ─┬─
           ·                 ╰── admits principals of any account
         8 │       }
         9 │     }
           ╰────
          note: they are denied by `members-only`
          help: name the principals, or require `aws:PrincipalOrgID` with `StringEquals`

        not blocked: 1 finding (1 low new)
        reviewed bad-only-resource-control.json: 3 accounts, 1 principal, 2 policies
        `orgward rules public-trust` explains the first one
        "#);
    }

    #[test]
    fn arn_like_role_name() {
        insta::assert_snapshot!(report(&PUBLIC_TRUST, "bad-arn-like-role-name"), @r#"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        public-trust

          × aws_iam_role.reports: anyone with an AWS account can assume this role
            ╭─[aws_iam_role.reports.assume_role_policy:12:16]
          5 │       "Condition": {
          6 │         "ArnLike": {
          7 │           "aws:PrincipalArn": "arn:aws:iam::*:role/deploy"
            ·           ────────────────────────┬───────────────────────
            ·                                   ╰── the account is a wildcard, and anybody can create such a principal in an account of their own
          8 │         }
          9 │       },
         10 │       "Effect": "Allow",
         11 │       "Principal": {
         12 │         "AWS": "*"
            ·                ─┬─
            ·                 ╰── admits principals of any account
         13 │       }
         14 │     }
            ╰────
          request: sts:AssumeRole on arn:aws:iam::111122223333:role/reports
                   by arn:aws:iam::999999999999:role/deploy
          help: name the principals, or require `aws:PrincipalOrgID` with `StringEquals`

        blocked: 1 critical finding is new
        reviewed bad-arn-like-role-name.json: 0 accounts, 1 principal, 1 policy
        `orgward rules public-trust` explains the first one
        "#);
    }

    #[test]
    fn external_id_only() {
        insta::assert_snapshot!(report(&PUBLIC_TRUST, "bad-external-id-only"), @r#"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        public-trust

          × aws_iam_role.reports: anyone with an AWS account can assume this role
            ╭─[aws_iam_role.reports.assume_role_policy:12:16]
          5 │       "Condition": {
          6 │         "StringEquals": {
          7 │           "sts:ExternalId": "acme-reports"
            ·           ────────────────┬───────────────
            ·                           ╰── an external id is not a secret: whoever learns or guesses it passes it along
          8 │         }
          9 │       },
         10 │       "Effect": "Allow",
         11 │       "Principal": {
         12 │         "AWS": "*"
            ·                ─┬─
            ·                 ╰── admits principals of any account
         13 │       }
         14 │     }
            ╰────
          request: sts:AssumeRole on arn:aws:iam::111122223333:role/reports
                   by arn:aws:iam::999999999999:role/outsider
                   with sts:ExternalId = "acme-reports"
          help: name the principals, or require `aws:PrincipalOrgID` with `StringEquals`

        blocked: 1 critical finding is new
        reviewed bad-external-id-only.json: 0 accounts, 1 principal, 1 policy
        `orgward rules public-trust` explains the first one
        "#);
    }

    #[test]
    fn unknown() {
        insta::assert_snapshot!(report(&PUBLIC_TRUST, "bad-unknown"), @"
        ── medium: 1 undecided ─────────────────────────────────────────────────────────

        public-trust · undecided

          ? aws_iam_role.reports: who may assume this role is unknown until apply
          note: it refers to `aws_iam_role.pipeline.arn`
          help: build the trust policy from values that are known, or review the plan of the apply

        blocked: 1 medium thing is undecided
        reviewed bad-unknown.json: 0 accounts, 2 principals, 2 policies
        `orgward rules public-trust` explains the first one
        ");
    }
}
