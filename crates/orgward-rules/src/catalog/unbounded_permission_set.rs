use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Status, Verdict};
use orgward_org::NodeKind;
use orgward_proof::access::{Cap, Reach, Standing, SubjectId};

use crate::engine::rule;
use crate::escalation::{about, caps, show, told};
use crate::{Context, Findings};

rule! {
    /// Checks for Identity Center permission sets that make administrators of whoever is assigned to them, or lead
    /// to one, and that no permissions boundary bounds.
    ///
    /// ## Why is this bad?
    ///
    /// A permission set becomes a role in every account that it is assigned in. One that administers all of them is
    /// the widest grant of an organization.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_ssoadmin_managed_policy_attachment" "support" {
    ///   instance_arn       = local.instance
    ///   permission_set_arn = aws_ssoadmin_permission_set.support.arn
    ///   managed_policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    /// }
    /// ```
    ///
    /// Use instead a policy of what the people need, or attach a boundary with
    /// `aws_ssoadmin_permissions_boundary_attachment`.
    ///
    /// Customer managed policies that no input shows count for nothing. A boundary that goes away, or comes to bound
    /// nothing, is unverifiable where no input shows the policies of the set.
    pub(crate) static UNBOUNDED_PERMISSION_SET = {
        id: "unbounded-permission-set",
        summary: "permission set makes administrators and has no boundary",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let mut sets: BTreeMap<_, Vec<SubjectId>> = BTreeMap::new();
    for (id, subject) in access.subjects().filter(|(_, subject)| subject.word == "permission set") {
        let reaches = access.gain(id).is_some_and(|gain| gain.certain && gain.reach == Reach::Administrator);
        if *access.standing(id) == Standing::Administrator || reaches {
            sets.entry(&subject.node.key).or_default().push(id);
        }
    }
    for ids in sets.values() {
        let Some((first, subject)) = ids.first().and_then(|id| Some((*id, access.subject(*id)?))) else {
            continue;
        };
        let path = access.gain(first).filter(|_| *access.standing(first) != Standing::Administrator);
        let request = path.and_then(|gain| gain.path.first()).and_then(|step| step.edge.requests.first());
        let grant = request.map_or_else(|| subject.widest(), |request| subject.grant_of(request));
        let was = |id: &SubjectId| {
            access.subject(*id).and_then(|subject| before.same(subject)).is_some_and(|(old, _)| {
                *before.standing(old) == Standing::Administrator
                    || before.gain(old).is_some_and(|gain| gain.reach == Reach::Administrator)
            })
        };
        let all = ids.iter().all(was);
        let finding = about(&UNBOUNDED_PERMISSION_SET, cx, subject, grant.map(|(held, _)| held), findings);
        let accounts: Vec<String> =
            ids.iter().filter_map(|id| crate::escalation::account(cx.after, access.subject(*id)?)).collect();
        let place = match accounts.len() {
            0 => "wherever it is assigned".to_owned(),
            1 => "in 1 account".to_owned(),
            many => format!("in {many} accounts"),
        };
        let verb = if path.is_some() { "leads to an administrator" } else { "makes administrators" };
        finding.says(format!("permission set `{}` {verb} {place}", subject.name()));
        finding.accounts(accounts);
        for step in path.into_iter().flat_map(|gain| &gain.path) {
            finding.note(told(access, step, cx.after));
        }
        if let Some((held, statement)) = grant {
            show(finding, held, statement, "allows it");
        }
        caps(finding, subject);
        finding.help("allow what the people need, or attach a permissions boundary");
        if all {
            finding.status = Status::Existing;
        } else if ids.iter().any(was) {
            // One more account is more than was there.
            finding.subject.push_str(" widened");
        }
    }
    unbound(cx, findings);
}

/// Permission sets of which the inputs show a boundary that goes away, and none of the policies that it bounds.
fn unbound(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let mut told = BTreeSet::new();
    for (_, old) in before.subjects().filter(|(_, old)| old.word == "permission set" && old.is_bounded()) {
        let now = access.same(old).map(|(_, now)| now);
        // One that the plan destroys needs no boundary.
        let goes = now.is_none() && !old.is_elsewhere();
        let is_open = now.is_none_or(|now| !now.is_bounded() && now.held.is_empty() && now.unread.is_empty());
        if goes || !is_open || !told.insert(&old.node.key) {
            continue;
        }
        let bound_at = |kind: &NodeKind| match kind {
            NodeKind::Elsewhere(set) => set.bound_at.clone(),
            _ => None,
        };
        let address = now
            .and_then(|now| bound_at(&now.node.kind))
            .or_else(|| bound_at(&old.node.kind))
            .or_else(|| old.node.address.clone());
        let finding = findings.report(&UNBOUNDED_PERMISSION_SET, address.as_ref());
        finding.input = old.node.stack.as_deref().map(str::to_owned);
        finding.verdict = Verdict::Unverifiable;
        finding.subject(format!("{} unbound", old.node.key));
        let called = old.called(cx.before);
        finding.says(match now.map(|now| &now.cap) {
            Some(Cap::Policy { name, .. }) => {
                format!("undecided: whether {called} makes administrators, which `{name}` does not bound")
            }
            _ => format!("undecided: whether {called}, which loses its boundary, makes administrators"),
        });
        finding.note("its policies are not in the inputs");
        finding.help("keep the boundary, or add the stack that manages the permission set to the inputs");
    }
}

#[cfg(test)]
mod tests {
    use orgward_finding::Verdict;
    use serde_json::json;

    use crate::testing::review_text;

    /// What is said when the boundary of a permission set, which another stack manages, is changed. Written by hand: the
    /// local AWS has no permission sets of another stack.
    fn said(actions: &[&str], after: Option<&str>) -> Vec<(Verdict, String)> {
        let boundary = |arn: &str| {
            json!({
                "instance_arn": "arn:aws:sso:::instance/ssoins-1234567890abcdef",
                "permission_set_arn": "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-abcdef0123456789",
                "permissions_boundary": [{ "managed_policy_arn": arn, "customer_managed_policy_reference": [] }],
            })
        };
        let row = |values: serde_json::Value| {
            json!({
                "address": "aws_ssoadmin_permissions_boundary_attachment.support", "mode": "managed",
                "type": "aws_ssoadmin_permissions_boundary_attachment", "name": "support",
                "provider_name": "registry.terraform.io/hashicorp/aws", "values": values,
            })
        };
        let resources: Vec<_> = after.map(|arn| row(boundary(arn))).into_iter().collect();
        let mut change = row(json!({}));
        change["change"] = json!({
            "actions": actions, "before": boundary("arn:aws:iam::aws:policy/PowerUserAccess"),
            "after": after.map(boundary), "after_unknown": {},
        });
        let plan = json!({
            "format_version": "1.2", "terraform_version": "1.11.4",
            "planned_values": { "root_module": { "resources": resources } },
            "resource_changes": [change],
            "configuration": { "root_module": {} },
        });
        let findings = review_text("plan.json", plan.to_string().into_bytes(), "").findings;
        let own = findings.into_iter().filter(|it| it.rule == "unbounded-permission-set");
        own.map(|it| (it.verdict, it.message)).collect()
    }

    #[test]
    fn a_set_of_another_stack_that_loses_its_boundary_is_a_question() {
        let arn = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-abcdef0123456789";
        let called = format!("permission set `{arn}` of another stack");
        assert_eq!(
            said(&["delete"], None),
            [(
                Verdict::Unverifiable,
                format!("undecided: whether {called}, which loses its boundary, makes administrators")
            )]
        );
        let wide = "arn:aws:iam::aws:policy/AdministratorAccess";
        assert_eq!(
            said(&["update"], Some(wide)),
            [(
                Verdict::Unverifiable,
                format!("undecided: whether {called} makes administrators, which `{wide}` does not bound")
            )]
        );
        assert_eq!(said(&["update"], Some("arn:aws:iam::aws:policy/ReadOnlyAccess")), []);
    }
}
