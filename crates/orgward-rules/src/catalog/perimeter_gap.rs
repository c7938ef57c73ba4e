use orgward_finding::{Severity, Status, Verdict};
use orgward_org::Matcher;
use orgward_proof::EnforcedBy;
use orgward_proof::access::Outsider;
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

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
    /// Each `[[guardrail]]` with `upheld_by = "vpc-endpoint"`, as those of the pack `endpoint-perimeter`, is asked of the
    /// policy of every VPC endpoint. An endpoint without a policy lets everything through.
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
    at_resources(cx, findings);
    at_endpoints(cx, findings);
}

fn at_endpoints(cx: &Context<'_>, findings: &mut Findings) {
    let wanted = |it: &&orgward_proof::Guardrail| it.enforced_by == EnforcedBy::Endpoint;
    let mut scope = Matcher::of(cx.after, &cx.config.structure);
    for guardrail in cx.config.guardrails.iter().filter(wanted) {
        let old = cx.access_before().leaks(&guardrail.claim);
        for leak in cx.access().leaks(&guardrail.claim) {
            let endpoint = leak.endpoint;
            let mut fitting = vec![false; guardrail.targets.len()];
            let is_meant = |owner| scope.any(&guardrail.targets, owner, &mut fitting).is_some();
            if !guardrail.targets.is_empty() && !endpoint.owner.is_none_or(is_meant) {
                continue;
            }
            let finding = findings.report(&PERIMETER_GAP, &endpoint.address);
            finding.input = endpoint.stack.as_deref().map(str::to_owned);
            finding.severity = guardrail.severity;
            finding.subject(format!("{} {}", guardrail.id, endpoint.key));
            finding.accounts(
                endpoint.owner.and_then(|owner| cx.after.node(owner)).map(orgward_org::Node::label),
            );
            let what = if endpoint.document.is_some() {
                "policy of the VPC endpoint"
            } else {
                "VPC endpoint has no policy and"
            };
            let action = leak.request.as_ref().map_or_else(
                || "what it must not".to_owned(),
                |request| match &endpoint.document {
                    Some(document) if document.text.is_sensitive() => format!("`{}`", request.action),
                    _ => format!("`{}` on `{}`", request.action, cx.after.render(&request.resource)),
                },
            );
            let verb = if leak.unknown.is_some() { "may let" } else { "lets" };
            finding.says(format!("the {what} {verb} {action} through: `{}` does not hold", guardrail.id));
            finding.notes.extend(guardrail.description.clone());
            finding.note(format!("declared in {}", guardrail.origin));
            if let Some((document, statement)) = endpoint.document.as_ref().zip(leak.statement)
                && let Some(statement) = document.policy().and_then(|it| it.statements.get(statement))
            {
                finding.show(&source(document), statement.span.clone(), "lets it through");
            }
            if let Some(request) = &leak.request {
                finding.witness(witness(request));
            }
            if let Some(unknown) = leak.unknown {
                finding.note(unknown);
                finding.verdict = Verdict::Unverifiable;
                finding.severity = finding.severity.min(Severity::Medium);
            }
            finding.help(format!(
                "write the policy of `orgward guardrail show {} --as hcl`, or narrow the statement by \
                 `aws:PrincipalOrgID` and `aws:ResourceOrgID`",
                guardrail.id.split('/').next().unwrap_or(&guardrail.id)
            ));
            let text = |document: Option<&orgward_org::Document>| {
                document.and_then(|it| it.policy()).map(|policy| policy.text().to_string())
            };
            let same = |it: &&orgward_proof::access::Leak<'_>| it.endpoint.key == endpoint.key;
            match old.iter().find(same) {
                Some(old) if text(old.endpoint.document.as_ref()) == text(endpoint.document.as_ref()) => {
                    finding.status = Status::Existing;
                }
                Some(_) => finding.subject.push_str(" changed"),
                None => {}
            }
        }
    }
}

fn at_resources(cx: &Context<'_>, findings: &mut Findings) {
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
            let who = match &opening.who {
                Outsider::Everybody => "everybody".to_owned(),
                Outsider::Account(_) if sensitive => "an account outside".to_owned(),
                Outsider::Account(id) => format!("account {id}"),
                Outsider::Organization(_) | Outsider::User(_) if sensitive => "somebody outside".to_owned(),
                Outsider::Organization(id) => format!("organization {id}"),
                Outsider::User(id) => format!("the user with the canonical id {id}"),
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
