use orgward_finding::Severity;
use orgward_org::Matcher;
use orgward_proof::EnforcedBy;

use super::public_resource::{name, report, set};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for resources that principals or services outside of the organization reach although a guardrail says that
    /// resource control policies keep them out: those of the packs `identity-perimeter` and
    /// `network-perimeter-resources`, and each `[[guardrail]]` with `upheld_by = "rcp"`.
    ///
    /// ## Why is this bad?
    ///
    /// A data perimeter is the promise that no policy of a single resource can give data away. Where the resource control
    /// policies have a gap – an account above which they are not attached, a service that they leave out, an exemption – a
    /// bucket policy written in a hurry is all that it takes. [`guardrail-gap`](guardrail-gap.md) proves the perimeter for
    /// each account; this rule names the resources that are open because of a gap, each with a request that gets through.
    ///
    /// ## Example
    ///
    /// ```toml
    /// [[pack]]
    /// name = "identity-perimeter"
    ///
    /// [pack.parameters]
    /// organization_id = ["o-exampleorgid"]
    /// ```
    ///
    /// finds a queue whose policy is
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" }, "Action": "sqs:SendMessage", "Resource": "*" }
    /// ```
    ///
    /// where no resource control policy above its account denies that. Use instead the policy that `orgward guardrail show
    /// identity-perimeter --as hcl` prints, attached to the root.
    ///
    /// Access control lists of buckets, trust policies of roles and what services do on behalf of others are left to
    /// `public-resource`, `external-trust` and `confused-deputy`.
    pub(crate) static PERIMETER_GAP = {
        id: "perimeter-gap",
        summary: "resource is open to the outside in spite of the data perimeter",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let perimeters: Vec<_> =
        cx.config.guardrails.iter().filter(|it| it.enforced_by == EnforcedBy::ResourceControl).collect();
    if perimeters.is_empty() {
        return;
    }
    let (access, before) = (cx.access(), cx.access_before());
    let mut scope = Matcher::of(cx.after, &cx.config.structure);
    for guardrail in perimeters {
        let old = before.breaches(&guardrail.claim);
        for opening in access.breaches(&guardrail.claim) {
            // No resource control policy binds the management account.
            let bound = opening.resource.owner.filter(|owner| cx.after.management_of(*owner) != Some(*owner));
            let mut fitting = vec![false; guardrail.targets.len()];
            if bound.is_none_or(|owner| scope.any(&guardrail.targets, owner, &mut fitting).is_none()) {
                continue;
            }
            let had =
                before.had(access, &opening) && old.iter().any(|it| it.resource.key == opening.resource.key);
            let finding = report(&PERIMETER_GAP, cx, &opening, findings);
            if opening.unknown.is_none() {
                finding.severity = guardrail.severity;
            }
            finding.subject(format!("{} {}", guardrail.id, finding.subject));
            let sensitive = opening.policy.is_some_and(|policy| policy.document.text.is_sensitive());
            let who = match &opening.account {
                Some(_) if sensitive => "an account outside".to_owned(),
                Some(account) => format!("account {account}"),
                None => "everybody".to_owned(),
            };
            let action = opening
                .request
                .as_ref()
                .map_or_else(String::new, |request| format!(" for `{}`", request.action));
            finding.says(format!(
                "`{}` lets in {who}{action}, and no resource control policy keeps it out: `{}` does not hold",
                name(cx, &opening),
                guardrail.id
            ));
            finding.note(format!("declared in {}", guardrail.origin));
            finding.help(format!(
                "attach the policy of `orgward guardrail show {} --as hcl` above the account, or name a principal of the \
                 organization in the policy of the resource",
                guardrail.id.split('/').next().unwrap_or(&guardrail.id)
            ));
            set(finding, had, &opening, &old);
        }
    }
}
