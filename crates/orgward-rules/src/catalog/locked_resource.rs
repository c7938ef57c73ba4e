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
    use serde_json::{Value, json};

    use super::LOCKED_RESOURCE;
    use crate::testing::{findings, findings_with_document};

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

    /// Whether each policy in place of that of a fixture locks its resource.
    fn locks(name: &str, statements: &Value) -> bool {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        !findings_with_document(&LOCKED_RESOURCE, ("locked-resource", name), ("policy", &text)).is_empty()
    }

    #[test]
    fn a_bucket_is_locked_where_each_way_back_is_denied_to_each_principal() {
        let deny = |more: Value| {
            let mut statement = json!({
                "Effect": "Deny", "Principal": "*", "Action": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
                "Resource": "arn:aws:s3:::audit-logs",
            });
            let members = statement.as_object_mut().unwrap();
            for (name, value) in more.as_object().unwrap() {
                members.insert(name.clone(), value.clone());
            }
            members.retain(|_, value| !value.is_null());
            statement
        };
        let if_not = |role: &str| json!({ "ArnNotLike": { "aws:PrincipalArn": format!("arn:aws:iam::222222222222:role/{role}") } });
        for (why, expected, statements) in [
            ("a pattern of actions", true, json!([deny(json!({ "Action": "s3:*Policy" }))])),
            (
                "all actions but one",
                true,
                json!([deny(json!({ "Action": null, "NotAction": "s3:GetObject" }))]),
            ),
            (
                "each resource but the objects",
                true,
                json!([deny(json!({ "Resource": null, "NotResource": "arn:aws:s3:::audit-logs/*" }))]),
            ),
            ("objects only", false, json!([deny(json!({ "Resource": "arn:aws:s3:::audit-logs/*" }))])),
            (
                "a condition that each principal meets",
                true,
                json!([deny(json!({ "Condition": { "StringLike": { "aws:PrincipalArn": "*" } } }))]),
            ),
            (
                "a condition that TLS does not meet",
                false,
                json!([deny(json!({ "Condition": { "Bool": { "aws:SecureTransport": "false" } } }))]),
            ),
            (
                "who has signed in with a second factor may",
                false,
                json!([deny(
                    json!({ "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } })
                )]),
            ),
            (
                "who comes through an endpoint may",
                false,
                json!([deny(
                    json!({ "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-0123456789abcdef0" } } })
                )]),
            ),
            (
                "the sessions of the role that is named and its account are denied",
                true,
                json!([deny(
                    json!({ "Principal": null, "NotPrincipal": { "AWS": "arn:aws:iam::222222222222:role/terraform" } })
                )]),
            ),
            (
                "a session is named, and its role and account",
                false,
                json!([deny(json!({ "Principal": null, "NotPrincipal": { "AWS": [
                    "arn:aws:iam::222222222222:root",
                    "arn:aws:iam::222222222222:role/terraform",
                    "arn:aws:sts::222222222222:assumed-role/terraform/ci",
                ] } }))]),
            ),
            (
                "the exempt role is denied by another statement",
                true,
                json!([
                    deny(json!({ "Condition": if_not("terraform") })),
                    deny(json!({ "Principal": { "AWS": "arn:aws:iam::222222222222:role/terraform" } })),
                ]),
            ),
            (
                "one way back is denied to all but one role, the other one to all",
                false,
                json!([
                    deny(json!({ "Action": "s3:PutBucketPolicy" })),
                    deny(json!({ "Action": "s3:DeleteBucketPolicy", "Condition": if_not("terraform") })),
                ]),
            ),
            ("another bucket", false, json!([deny(json!({ "Resource": "arn:aws:s3:::other" }))])),
        ] {
            assert_eq!(locks("bad-bucket", &statements), expected, "{why}: {statements}");
        }
    }

    #[test]
    fn a_key_is_locked_where_its_policy_gives_the_way_back_to_none() {
        let allow = |principal: &str, action: Value| json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*" });
        let root = "arn:aws:iam::222222222222:root";
        let deny =
            json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*" });
        for (why, expected, statements) in [
            ("a pattern of actions", false, json!([allow(root, json!("kms:Put*"))])),
            ("another account", false, json!([allow("arn:aws:iam::333333333333:root", json!("kms:*"))])),
            ("use only", true, json!([allow(root, json!(["kms:Encrypt", "kms:Decrypt", "kms:Describe*"]))])),
            ("denied to all", true, json!([allow(root, json!("kms:*")), deny])),
            ("a key policy has no other resource than the key", false, json!([allow(root, json!("*"))])),
        ] {
            assert_eq!(locks("bad-key", &statements), expected, "{why}: {statements}");
        }
    }
}
