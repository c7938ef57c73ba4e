use orgward_finding::Severity;
use orgward_proof::lockout::lockouts;
use orgward_proof::org_policies::source;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for policies of resources after which no principal of the account, nor one that the policy names, may
    /// change the policy again.
    ///
    /// ## Why is this bad?
    ///
    /// The apply succeeds and is the last one: the pipeline gets `AccessDenied` from its own bucket from then on, and
    /// only the root user or AWS support can help.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Principal": "*", "Action": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    ///   "Resource": "arn:aws:s3:::audit-logs" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "Principal": "*", "Action": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    ///   "Resource": "arn:aws:s3:::audit-logs",
    ///   "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::222222222222:role/deploy" } } }
    /// ```
    pub(crate) static LOCKED_RESOURCE = {
        id: "locked-resource",
        summary: "policy locks out everyone who could change it",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for lockout in lockouts(cx.after) {
        let finding = findings.report(&LOCKED_RESOURCE, &lockout.policy.address);
        finding.input = lockout.policy.stack.as_deref().map(str::to_owned);
        finding.subject(lockout.resource.key.to_string());
        let owner = lockout.resource.owner.and_then(|owner| cx.after.node(owner));
        finding.accounts(owner.map(orgward_org::Node::label));
        let actions: Vec<String> = lockout.actions.iter().map(|action| format!("`{action}`")).collect();
        let actions = actions.join(" and ");
        let document = &lockout.policy.document;
        if let Some(statement) = lockout.statement {
            finding.says(format!(
                "no principal of the account may change this policy again: {actions} are denied"
            ));
            let span = statement.principals.as_ref().map_or(statement.span.clone(), |it| it.span.clone());
            finding.show(&source(document), span, "denies it to every principal");
            finding.help("exempt the role that manages it: `ArnNotLike` on `aws:PrincipalArn`");
        } else {
            finding
                .says(format!("no principal may change this key policy again: it gives {actions} to none"));
            finding.help("give `kms:*` to the account, `arn:aws:iam::ACCOUNT:root`, as AWS does by default");
            finding.note("AWS refuses such a key policy unless `bypass_policy_lockout_safety_check` is set");
        }
        finding.note(match lockout.root {
            Some(way) => format!("the root user of the account may still {way}"),
            None => "only AWS support can undo it".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::LOCKED_RESOURCE;
    use crate::testing::findings;

    #[test]
    fn it_says_which_way_is_left() {
        let last = |name: &str| findings(&LOCKED_RESOURCE, name)[0].notes.last().cloned().unwrap_or_default();
        assert_eq!(last("bad-bucket"), "the root user of the account may still delete the bucket policy");
        assert_eq!(last("bad-bucket-and-root"), "only AWS support can undo it");
        assert_eq!(last("bad-key"), "only AWS support can undo it");
    }

    #[test]
    fn it_says_what_is_denied() {
        let message = |name: &str| findings(&LOCKED_RESOURCE, name)[0].message.clone();
        assert_eq!(
            message("bad-everything"),
            "no principal of the account may change this policy again: `s3:PutBucketPolicy` and \
             `s3:DeleteBucketPolicy` are denied"
        );
        assert_eq!(
            message("bad-key"),
            "no principal may change this key policy again: it gives `kms:PutKeyPolicy` to none"
        );
    }
}
