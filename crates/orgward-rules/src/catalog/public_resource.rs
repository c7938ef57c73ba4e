use orgward_finding::{Finding, Severity, Status, Verdict};
use orgward_org::ResourcePolicy;
use orgward_proof::access::{Opening, refuses_new};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::{Context, Findings, Rule};

rule! {
    /// Checks for policies of resources, and access control lists of buckets, that let in everybody. That is
    /// decided: conditions that AWS does not count as narrowing do not help, the public access blocks of bucket and
    /// account and resource control policies do.
    ///
    /// ## Why is this bad?
    ///
    /// Everybody on the internet, or in any AWS account, is let in.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*",
    ///   "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-acmeexample1" } } }
    /// ```
    ///
    /// A bucket that stood before the plan and whose public access block no input shows is unverifiable.
    pub(crate) static PUBLIC_RESOURCE = {
        id: "public-resource",
        summary: "resource lets in everybody",
        severity: Severity::Critical,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let old = before.public();
    for opening in access.public() {
        let mut opening = opening;
        let mut had = before.had(access, &opening);
        let mut refused = false;
        // The block refuses that such a policy is written, and leaves the one alone that stands.
        if !had && is_written(cx, &opening) && refuses_new(cx.after, opening.resource) {
            let stands = old.iter().find(|old| {
                old.resource.key == opening.resource.key && old.policy.is_some() && old.unknown.is_none()
            });
            let Some(stands) = stands.cloned() else { continue };
            (opening, had, refused) = (stands, true, true);
        }
        let finding = report(&PUBLIC_RESOURCE, cx, &opening, findings);
        if refused {
            finding.note("its public access block refuses the new policy, so that the old one stays");
        }
        let what = if opening.policy.is_some() { "policy" } else { "access control list" };
        let action =
            opening.request.as_ref().map_or_else(String::new, |request| format!(" for `{}`", request.action));
        finding.says(format!("the {what} of `{}` lets in everybody{action}", name(cx, &opening)));
        finding.help("name principals, or require `aws:PrincipalOrgID` of the organization");
        if opening.held_back {
            finding.severity = finding.severity.min(Severity::Medium);
            finding.note("only resource control policies keep everybody out");
        }
        set(finding, had, &opening, &old);
    }
    unknown(cx, findings);
}

/// Whether the plan writes the policy that is open.
fn is_written(cx: &Context<'_>, opening: &Opening<'_>) -> bool {
    let Some(policy) = opening.policy else { return false };
    let old = cx.before.access().resources.iter().find(|old| old.key == opening.resource.key);
    let same = |old: &ResourcePolicy| {
        old.address == policy.address && old.document.text.expose() == policy.document.text.expose()
    };
    !old.is_some_and(|old| old.policies.iter().any(same))
}

/// A policy of which nothing is known may let in anyone.
fn unknown(cx: &Context<'_>, findings: &mut Findings) {
    let before = cx.before.access();
    for resource in &cx.after.access().resources {
        for policy in resource.policies.iter().filter(|policy| policy.document.is_unknown()) {
            let old = before.resources.iter().find(|old| old.key == resource.key);
            let same = |old: &ResourcePolicy| old.address == policy.address && old.document.is_unknown();
            if old.is_some_and(|old| old.policies.iter().any(same)) {
                continue;
            }
            let finding = findings.report(&PUBLIC_RESOURCE, &policy.address);
            finding.input = policy.stack.as_deref().map(str::to_owned);
            finding.says("who is let in here is unknown until apply, and may be everybody");
            finding.verdict = Verdict::Unverifiable;
            finding.severity = PUBLIC_RESOURCE.info.unverifiable;
            if let Some(doubt) = policy.document.doubt() {
                finding.note(doubt);
            }
            if refuses_new(cx.after, resource) {
                finding.severity = Severity::Low;
                finding.note("its public access block refuses everybody, not another account");
            }
            finding.help("write a policy that the plan shows");
        }
    }
}

/// Whether a finding is new is decided by what is allowed: the same door, opened further, is another finding.
pub(super) fn set(finding: &mut Finding, had: bool, opening: &Opening<'_>, old: &[Opening<'_>]) {
    let same = |it: &Opening<'_>| it.resource.key == opening.resource.key && it.who == opening.who;
    if had {
        finding.status = Status::Existing;
    } else if old.iter().any(same) {
        finding.subject.push_str(" widened");
    }
}

/// A finding about an outsider who is let in.
pub(super) fn report<'f>(
    rule: &Rule,
    cx: &Context<'_>,
    opening: &Opening<'_>,
    findings: &'f mut Findings,
) -> &'f mut Finding {
    let finding = findings.report(rule, opening.address);
    finding.input = opening.policy.and_then(|policy| policy.stack.as_deref()).map(str::to_owned);
    finding.subject(format!("{} {}", opening.resource.key, opening.who.id()));
    finding.accounts(
        opening.resource.owner.and_then(|owner| cx.after.node(owner)).map(orgward_org::Node::label),
    );
    if let Some((policy, statement)) = opening.policy.zip(opening.statement)
        && let Some(statement) = policy.document.policy().and_then(|it| it.statements.get(statement))
    {
        let span = statement.principals.as_ref().map_or(statement.span.clone(), |it| it.span.clone());
        finding.show(&source(&policy.document), span, "lets it in");
    }
    if let Some(request) = &opening.request {
        finding.witness(witness(request));
    }
    if let Some(unknown) = &opening.unknown {
        finding.note(unknown.clone());
        finding.verdict = Verdict::Unverifiable;
        finding.severity = rule.info.unverifiable;
    }
    finding
}

/// What to call the resource.
pub(super) fn name(cx: &Context<'_>, opening: &Opening<'_>) -> String {
    let resource = opening.resource;
    let arn = resource.arn.as_ref().map(|arn| cx.after.render(arn));
    arn.or_else(|| resource.address.as_ref().map(ToString::to_string))
        .unwrap_or_else(|| opening.address.to_string())
}

#[cfg(test)]
mod tests {
    use super::PUBLIC_RESOURCE;
    use crate::testing::{findings, review_text};

    /// `ecr:*` on any resource also allows what is about no repository; a reader asks what becomes of this one.
    /// An access control list says whom it lets in, whoever manages the bucket.
    #[test]
    fn the_list_of_a_bucket_of_another_stack() {
        let row = |kind: &str, after: serde_json::Value| {
            serde_json::json!({
                "address": format!("{kind}.b"), "mode": "managed", "type": kind, "name": "b",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {"id": true}},
            })
        };
        let found = |acl: &str, with_bucket: bool| -> Vec<String> {
            let open = serde_json::json!({"bucket": "b", "block_public_acls": false, "block_public_policy": false,
                "ignore_public_acls": false, "restrict_public_buckets": false});
            let owner = serde_json::json!({"bucket": "b", "rule": [{"object_ownership": "ObjectWriter"}]});
            let mut rows = vec![
                row("aws_s3_bucket_public_access_block", open),
                row("aws_s3_bucket_ownership_controls", owner),
                row("aws_s3_bucket_acl", serde_json::json!({"bucket": "b", "acl": acl})),
            ];
            if with_bucket {
                rows.push(row("aws_s3_bucket", serde_json::json!({"bucket": "b"})));
            }
            let plan = serde_json::json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": rows});
            let review = review_text("plan.json", plan.to_string().into_bytes(), "");
            let own = review.findings.into_iter().filter(|it| it.rule == PUBLIC_RESOURCE.info.id);
            own.map(|it| it.message).collect()
        };
        for acl in ["public-read", "public-read-write", "authenticated-read"] {
            let here = found(acl, true);
            assert_eq!(here.len(), 1, "{acl}");
            assert_eq!(found(acl, false), here, "{acl}");
        }
        assert_eq!(found("private", false), [""; 0]);
    }

    #[test]
    fn the_request_that_is_shown_is_about_the_resource() {
        let found = findings(&PUBLIC_RESOURCE, "bad-registry");
        let witness = found[0].witness.as_ref().unwrap();
        assert_eq!(witness.resource, "arn:aws:ecr:eu-central-1:111111111111:repository/payments");
        assert_eq!(witness.action, "ecr:BatchCheckLayerAvailability");
    }
}
