use orgward_finding::Severity;
use orgward_iam::{Answer, Effect, compare};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::policy_files::{Version, changed};
use crate::{Context, Findings};

rule! {
    /// Checks for policy files that no longer allow what their former version allowed, in repositories whose policies
    /// Terraform does not manage (`orgward policy review`). Both versions are compared over all requests.
    ///
    /// ## Why is this bad?
    ///
    /// It rarely is: policies get narrower on purpose. But an edit that takes away more than it means to stops a
    /// deployment, or locks an operator out. The finding shows one request that is refused from now on. Where
    /// `[[operator]]` says what must keep working, `operator-lockout` blocks.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "s3:*", "Resource": "*" }
    /// ```
    ///
    /// where only `s3:PutBucketPublicAccessBlock` was denied. Use instead the actions that are meant.
    pub(crate) static NARROWED_POLICY = {
        id: "narrowed-policy",
        summary: "policy no longer allows what it allowed before",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for file in changed(cx) {
        // What cannot be compared is what `widened-policy` says.
        let Some(Ok([before, after])) = file.versions() else { continue };
        let Answer::Witness(request) = compare(before.policy(), after.policy()).lost else { continue };
        let finding = findings.report(&NARROWED_POLICY, file.address);
        finding.says(match before {
            Version::Open(_) => format!("the policy is new, and denies `{}`", request.action),
            Version::Written(_) => format!("policy no longer allows `{}`", request.action),
        });
        if let (Some(document), Version::Written(policy)) = (file.after, &after)
            && let Some((_, denial)) =
                policy.matching(&request).find(|(_, it)| it.effect.value == Effect::Deny)
        {
            finding.show(&source(document), denial.actions.span.clone(), "denies it");
        }
        finding.witness(witness(&request));
        finding.help("nothing to do where this is meant");
    }
}

#[cfg(test)]
mod tests {
    use super::NARROWED_POLICY;
    use crate::testing::report;

    #[test]
    fn an_action_more_is_denied() {
        insta::assert_snapshot!(report(&NARROWED_POLICY, "bad-action-added"), @r#"
        ── info: 1 found (does not block) ──────────────────────────────────────────────

        narrowed-policy

          × scp/trail.json: policy no longer allows `cloudtrail:DeleteTrail`
            ╭─[scp/trail.json.content:7:17]
          5 │           "Sid": "Trail",
          6 │           "Effect": "Deny",
          7 │ ╭─▶       "Action": [
          8 │ │           "cloudtrail:StopLogging",
          9 │ │           "cloudtrail:DeleteTrail"
         10 │ ├─▶       ],
            · ╰──── denies it
         11 │           "Resource": "*",
         12 │           "Condition": {
            ╰────
          request: cloudtrail:DeleteTrail on arn:aws:cloudtrail:eu-west-1:111111111111:trail/example
                   by arn:aws:iam::111111111111:role/application
          help: nothing to do where this is meant

        not blocked: 1 finding (1 info new)
        reviewed bad-action-added.json: 0 accounts, 0 principals, 1 policy
        `orgward rules narrowed-policy` explains the first one
        "#);
    }
}
