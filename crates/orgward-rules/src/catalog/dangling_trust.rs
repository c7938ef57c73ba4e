use orgward_finding::Severity;
use orgward_iam::{Effect, PrincipalPattern};
use orgward_plan::Attr;
use orgward_proof::org_policies::source;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for roles that trust a role or user by an ARN which the plan destroys or replaces.
    ///
    /// ## Why is this bad?
    ///
    /// IAM keeps the unique id of the principal and not its name: a principal that comes back under the same name
    /// is not let in, and the trust is for nobody.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222222222222:role/deploy" }, "Action": "sts:AssumeRole" }
    /// ```
    ///
    /// while the plan destroys the role `deploy`. Use instead a reference to the resource, and apply the change of
    /// the trust policy together with it.
    ///
    /// Principals of other stacks are not seen.
    pub(crate) static DANGLING_TRUST = {
        id: "dangling-trust",
        summary: "role trusts a principal that the plan removes",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if std::ptr::eq(cx.before, cx.after) {
        return;
    }
    for role in cx.after.roles() {
        let Some(policy) = role.data.trust.policy() else { continue };
        for statement in policy.statements.iter().filter(|it| it.effect.value == Effect::Allow) {
            for pattern in statement.principals.iter().flat_map(|it| &it.patterns) {
                let PrincipalPattern::Arn(arn) = &pattern.value else { continue };
                let Some((_, old)) =
                    cx.access_before().find(arn).and_then(|id| Some((id, cx.access_before().subject(id)?)))
                else {
                    continue;
                };
                let known = matches!(old.node.arn, Attr::Known(_));
                let now = cx.after.find(&old.node.key).and_then(|id| cx.after.node(id));
                let verb = match now {
                    None if cx.access().find(arn).is_none() => "destroys",
                    // A new object has an ARN that is unknown until apply.
                    Some(now) if known && now.arn.is_unknown() => "replaces",
                    _ => continue,
                };
                let finding = findings.about(&DANGLING_TRUST, role.node);
                finding.subject(arn.clone());
                finding.says(format!("role trusts `{}`, which {} {verb}", old.node.key, cx.actor()));
                finding.show(
                    &source(&role.data.trust),
                    pattern.span.clone(),
                    format!("is gone after {}", cx.actor()),
                );
                finding.help("refer to the resource instead of writing its ARN, or remove the entry");
            }
        }
    }
}
