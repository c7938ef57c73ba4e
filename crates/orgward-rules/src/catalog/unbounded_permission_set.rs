use std::collections::BTreeMap;

use orgward_finding::{Severity, Status};
use orgward_proof::access::{Reach, Standing, SubjectId};

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
    /// Customer managed policies that no input shows count for nothing.
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
}
