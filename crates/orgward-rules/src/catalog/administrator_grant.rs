use std::collections::BTreeSet;

use orgward_finding::{Severity, Status, Verdict};
use orgward_proof::access::{Standing, Unread};

use crate::engine::rule;
use crate::escalation::{about, caps, show};
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users whose policies make them administrators: everything is allowed that an
    /// administrator of their account can do under its service control policies. That is decided over all policies
    /// and the boundary, not by the name of a policy.
    ///
    /// ## Why is this bad?
    ///
    /// Whoever gets hold of one administrator gets hold of the account: its data, its keys, its logs and all other
    /// principals.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_iam_role_policy_attachment" "reports" {
    ///   role       = aws_iam_role.reports.name
    ///   policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    /// }
    /// ```
    ///
    /// Use instead a policy of the actions that the role needs:
    ///
    /// ```hcl
    /// resource "aws_iam_role_policy_attachment" "reports" {
    ///   role       = aws_iam_role.reports.name
    ///   policy_arn = aws_iam_policy.read_reports.arn
    /// }
    /// ```
    ///
    /// A policy that is unknown until apply may allow everything: that is a question, unless a boundary keeps the
    /// principal from being an administrator. A policy that no input shows is named as information.
    ///
    /// What a plan gives to a principal or group of another stack is judged alone: by the policies that the inputs give it.
    ///
    /// The rule does not see policies that other stacks attach. Permission sets are judged by
    /// `unbounded-permission-set`, and ways to become an administrator by `privilege-escalation`, `open-pass-role`
    /// and `unbounded-delegation`.
    pub(crate) static ADMINISTRATOR_GRANT = {
        id: "administrator-grant",
        summary: "principal is an administrator",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    for (id, subject) in access.subjects().filter(|(_, subject)| subject.word != "permission set") {
        let standing = access.standing(id);
        if *standing == Standing::Other {
            continue;
        }
        let was = before.same(subject).map_or(&Standing::Other, |(old, _)| before.standing(old));
        let grant = subject.widest();
        let finding = about(&ADMINISTRATOR_GRANT, cx, subject, grant.map(|(held, _)| held), findings);
        let called = subject.called(cx.after);
        finding.says(match grant {
            Some((held, _)) if subject.is_elsewhere() => {
                format!("{called} becomes an administrator by `{}`", held.name)
            }
            _ => format!("{called} is an administrator"),
        });
        if let Some((held, statement)) = grant {
            show(finding, held, statement, "allows everything");
        }
        caps(finding, subject);
        finding.help("allow the actions that are needed, or set a permissions boundary");
        if *standing == Standing::Possible {
            finding.verdict = Verdict::Unverifiable;
            finding.severity = ADMINISTRATOR_GRANT.info.unverifiable;
            finding.note("whether all of its policies are attached is unknown");
        }
        if *was == Standing::Administrator || was == standing {
            finding.status = Status::Existing;
        }
    }
    unread(cx, findings);
}

/// What a policy allows that no input shows may be everything.
fn unread(cx: &Context<'_>, findings: &mut Findings) {
    let old = cx.access_before().unread();
    let is_old =
        |unread: &Unread<'_>| old.iter().any(|it| it.address == unread.address && it.why == unread.why);
    let mut told = BTreeSet::new();
    for unread in cx.access().unread().into_iter().filter(|unread| !is_old(unread)) {
        if !told.insert((unread.stack.clone(), unread.address.clone(), unread.why.clone())) {
            continue;
        }
        let finding = findings.report(&ADMINISTRATOR_GRANT, unread.address);
        finding.input = unread.stack.as_deref().map(str::to_owned);
        finding.verdict = Verdict::Unverifiable;
        finding.note(unread.why);
        if unread.until_apply {
            finding.severity = ADMINISTRATOR_GRANT.info.unverifiable;
            finding.says("what is allowed here is unknown until apply, and may be everything");
            finding.help("give a policy that the plan shows, or set a permissions boundary");
        } else {
            finding.severity = Severity::Info;
            finding.says("what is allowed here is not in the inputs");
            finding.help("add the stack that manages it to the inputs, or its state with `--org`");
        }
    }
}
