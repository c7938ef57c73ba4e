//! What the rules about the life of an organization say of their plans: severity, verdict and message of each finding.
//! The plans come from `fixtures/life/generate`, which says what each of them changes.

use orgward_finding::{Severity, Status, Verdict};

use crate::catalog::RULES;
use crate::testing::findings;

use Severity::{Critical, High, Info, Low, Medium};

const FOUND: &[(&str, &str, Severity, &str)] = &[
    ("departing-account", "bad-closed", High, "account `303030303030` is closed"),
    ("departing-account", "bad-deposed", Critical, "account `505050505050` leaves the organization"),
    ("departing-account", "bad-destroyed", Critical, "account `303030303030` leaves the organization"),
    ("departing-account", "bad-everything", Critical, "the organization is destroyed"),
    (
        "departing-account",
        "bad-unmanaged",
        High,
        "account `606060606060` is given up by Control Tower: it moves to the root",
    ),
    (
        "guardrail-removed",
        "bad-unmanaged-account",
        High,
        "moving it from Root/Prod to Root takes it out from under `stay`",
    ),
    (
        "guardrail-removed",
        "bad-control-disabled",
        High,
        "`AWS-GR_RESTRICT_ROOT_USER_ACCESS_KEYS` no longer binds",
    ),
    (
        "guardrail-removed",
        "bad-control-for-more-regions",
        High,
        "`CT.MULTISERVICE.PV.1` denies less than it does today",
    ),
    ("over-quota", "bad-full-ten-scps", Info, "10 of 10 SCPs that are allowed are attached here"),
    ("over-quota", "bad-full-four-rcps", Info, "5 of 5 RCPs that are allowed are attached here"),
    (
        "departing-account",
        "bad-other-email",
        Critical,
        "is replaced by a new one, for another `email`: the old one leaves",
    ),
    ("weakened-detection", "bad-weaker-at-another-address", Medium, "fewer accounts are enrolled: `NONE`"),
    ("weakened-detection", "bad-recorded-by-list", Medium, "only the listed types are recorded"),
    ("weakened-detection", "bad-only-one-control", Medium, "controls are turned off: only `S3.1`"),
    ("lost-trusted-access", "bad-listed-by-the-state", High, "no longer trusts `guardduty.amazonaws.com`"),
    ("guardrail-removed", "bad-slip-corrected", Info, "no longer denies `guardduty:DeleteDetectr`"),
    ("lost-trusted-access", "bad-own-resource", High, "no longer trusts `ram.amazonaws.com`"),
    (
        "lost-trusted-access",
        "bad-two-services",
        High,
        "no longer trusts `guardduty.amazonaws.com` and 1 more",
    ),
    (
        "delegated-policy-control",
        "bad-detach-from-dev",
        Medium,
        "account `404040404040` may use `organizations:DetachPolicy`",
    ),
    (
        "delegated-policy-control",
        "bad-everyone",
        Medium,
        "every account that the document does not name may use",
    ),
    (
        "delegated-policy-control",
        "bad-outside",
        High,
        "account `909090909090`, which is not in the organization, administers GuardDuty",
    ),
    (
        "delegated-policy-control",
        "bad-stacksets-in-sandbox",
        High,
        "account `505050505050`, which is a sandbox, administers CloudFormation StackSets",
    ),
    ("weakened-management-policy", "bad-detached", Medium, "state` is no longer `block_new_sharing`"),
    ("weakened-management-policy", "bad-forbidden-override", Low, "a policy above forbids to override"),
    (
        "weakened-management-policy",
        "bad-override",
        Medium,
        "state` is `unblocked` instead of `block_new_sharing`",
    ),
    ("weakened-management-policy", "bad-type-off", Medium, "state` is no longer `block_new_sharing`"),
    (
        "weakened-management-policy",
        "bad-unblocked",
        Medium,
        "state` is `unblocked` instead of `block_new_sharing`",
    ),
    ("lost-root-control", "bad-denied", Medium, "`sts:AssumeRoot` is denied in account `202020202020`"),
    ("lost-root-control", "bad-sessions-off", Medium, "central root access is turned off: `RootSessions`"),
    ("lost-contact", "bad-outside", Low, "a mailbox outside of the organization, at `harbor.example.net`"),
    ("lost-contact", "bad-removed", Low, "the security contact of the account is removed"),
    ("weakened-trail", "bad-deletable", High, "others may delete logs"),
    ("weakened-trail", "bad-deletable-at-first", High, "others may delete logs"),
    ("weakened-trail", "bad-destroyed", High, "the trail is destroyed"),
    (
        "weakened-trail",
        "bad-kms-left-out",
        Medium,
        "management events of `kms.amazonaws.com` are no longer recorded",
    ),
    ("weakened-trail", "bad-lock-shortened", Medium, "logs can be deleted sooner: 30 days instead of 365"),
    ("weakened-trail", "bad-no-writes", High, "CloudTrail can no longer write the logs"),
    ("weakened-trail", "bad-single-region", High, "it records one region only"),
    ("weakened-trail", "bad-undenied", High, "its policy no longer denies what deletes logs"),
    ("weakened-trail", "bad-writes-only", Medium, "reads are no longer recorded"),
    ("weakened-detection", "bad-agent-off", Medium, "a protection is turned off: `EKS_ADDON_MANAGEMENT`"),
    ("weakened-detection", "bad-aggregator", Medium, "regions are no longer seen: `eu-west-1`"),
    ("weakened-detection", "bad-iam-left-out", Medium, "types are no longer recorded: `AWS::IAM::Role`"),
    ("weakened-detection", "bad-suspended", High, "GuardDuty is suspended"),
    ("weakened-default", "bad-volumes-in-clear", Medium, "new volumes are no longer encrypted by default"),
    (
        "weakened-default",
        "bad-encryption-destroyed",
        Medium,
        "the encryption of new volumes by default is destroyed",
    ),
    ("weakened-default", "bad-metadata", Medium, "without a token (IMDSv1): `optional`"),
    ("weakened-default", "bad-metadata-destroyed", Medium, "for their metadata by default is destroyed"),
    ("weakened-default", "bad-console", Low, "serial consoles of instances are open"),
    ("weakened-default", "bad-passwords", Medium, "passwords may be weaker: 8 instead of 14"),
    (
        "weakened-default",
        "bad-passwords-destroyed",
        Medium,
        "the password policy of the account is destroyed",
    ),
    ("weakened-default", "bad-vault-lock", Medium, "the lock of the backup vault is destroyed"),
    (
        "weakened-default",
        "bad-vault-lock-shorter",
        Medium,
        "backups may be kept for a shorter time: 7 instead of 30",
    ),
    ("weakened-default", "bad-vault-lock-for-a-time", Medium, "the lock can be lifted at any time"),
    ("weakened-default", "bad-flow-log", Medium, "the flow log is destroyed"),
    ("weakened-default", "bad-flow-log-narrowed", Medium, "it records less traffic: `REJECT`"),
    ("forgeable-exemption", "bad-colon-in-path", Low, "others can create such a role"),
    ("forgeable-exemption", "bad-prefix", High, "others can create such a role"),
    (
        "forgeable-exemption",
        "bad-tag",
        High,
        "spares who has the tag `team` = `security`, and others can give the tag",
    ),
    ("forgeable-exemption", "bad-trust-open", High, "others can change who may assume such a role"),
    ("forgeable-exemption", "bad-user", High, "others can create such a user"),
    (
        "over-quota",
        "bad-eleven-own-policies",
        Medium,
        "11 managed policies are attached, of which 10 are allowed",
    ),
    ("over-quota", "bad-permission-set", High, "21 managed policies are attached, of which 20 are allowed"),
    ("over-quota", "bad-three-keys", High, "the user gets 3 access keys, of which 2 are allowed"),
    ("over-quota", "bad-eleven-groups", High, "the user is in 11 groups, of which 10 are allowed"),
    (
        "over-quota",
        "bad-tag-policy-size",
        High,
        "TAG_POLICY has 12970 characters, of which 10000 are allowed",
    ),
    (
        "management-account-identity",
        "bad-permission-set",
        High,
        "people get `admin` in the management account, which administers it",
    ),
    ("management-account-identity", "bad-saml-role", High, "role for people in the management account"),
    (
        "weakened-detection",
        "bad-archived-by-severity",
        Severity::Medium,
        "nothing but their severity narrows it",
    ),
    (
        "weakened-detection",
        "bad-archived-narrowly",
        Severity::Low,
        "findings of GuardDuty that match it are archived",
    ),
    ("weakened-detection", "bad-suppressed", Severity::Medium, "findings of Security Hub that match it"),
    ("weakened-trail", "bad-key-policy-of-its-own", Severity::High, "CloudTrail can no longer use the key"),
    ("weakened-trail", "bad-key-policy-default", Severity::High, "since its policy becomes the default one"),
    (
        "weakened-trail",
        "bad-logs-deleted-sooner",
        Severity::Medium,
        "logs are deleted after 30 days; before, they were kept 2555 days",
    ),
    (
        "weakened-trail",
        "bad-logs-deleted-after-a-year",
        Severity::Low,
        "logs are deleted after 400 days; before, they were kept forever",
    ),
    (
        "weakened-management-policy",
        "bad-another-criterion",
        Severity::Medium,
        "allowed_images_settings.image_criteria.marketplace",
    ),
    ("lost-contact", "bad-other-kind", Severity::Low, "the security contact of the account is removed"),
    ("delegated-policy-control", "bad-lake", Severity::High, "administers Security Lake"),
];

/// What is unknown until apply is said, and never found.
const UNDECIDED: &[(&str, &str, &str)] = &[
    (
        "guardrail-removed",
        "bad-unknown-control",
        "the plan disables the control `CT.DYNAMODB.PV.1` of Control Tower at Root/Prod",
    ),
    (
        "unverifiable-plan",
        "bad-unknown-control",
        "the text of control `CT.DYNAMODB.PV.1` is not read, so what it denies is not judged",
    ),
    ("delegated-policy-control", "bad-unknown-service", "administers a service that is unknown until apply"),
    ("weakened-management-policy", "bad-unknown-target", "what policies of type DECLARATIVE_POLICY_EC2 set"),
    ("guardrail-removed", "bad-unknown-types", "whether SCPs stay on"),
    ("lost-trusted-access", "bad-unknown", "whether the organization goes on trusting `sso.amazonaws.com`"),
    ("delegated-policy-control", "bad-unknown", "which accounts may change policies of the organization"),
    ("weakened-management-policy", "bad-unknown", "what policies of type DECLARATIVE_POLICY_EC2 set"),
    ("weakened-trail", "bad-unknown", "whether the trail no longer records; `enable_logging` is unknown"),
    ("weakened-trail", "bad-unknown-lifecycle", "whether logs are deleted sooner than before"),
    ("weakened-detection", "bad-unknown-filter", "whether and which findings of GuardDuty that match it"),
    ("weakened-default", "bad-unknown", "whether new volumes are no longer encrypted by default; `enabled`"),
    ("weakened-detection", "bad-unknown", "whether GuardDuty is suspended; `enable` is unknown"),
];

fn told(rule: &str, plan: &str) -> Vec<orgward_finding::Finding> {
    let rule = RULES.iter().find(|known| known.info.id == rule).unwrap();
    findings(rule, plan)
}

#[test]
fn what_is_found_is_told_with_its_weight() {
    for (rule, plan, severity, message) in FOUND {
        let told = told(rule, plan);
        let found = told.iter().any(|finding| {
            finding.verdict == Verdict::Found
                && finding.severity == *severity
                && finding.message.contains(message)
        });
        let messages: Vec<_> = told.iter().map(|it| (it.severity, &it.message)).collect();
        assert!(found, "{rule}/{plan}: {messages:#?}");
    }
}

#[test]
fn what_is_unknown_is_not_found() {
    for (rule, plan, message) in UNDECIDED {
        let told = told(rule, plan);
        assert!(told.iter().all(|it| it.verdict == Verdict::Unverifiable), "{rule}/{plan}");
        assert!(told.iter().any(|it| it.message.contains(message)), "{rule}/{plan}: {told:#?}");
    }
}

/// The destruction of everything is one finding about accounts and one about guardrails.
#[test]
fn everything_destroyed_is_told_once() {
    let review = crate::testing::review_of("departing-account", "bad-everything");
    let rules: Vec<_> = review.findings.iter().map(|finding| finding.rule).collect();
    assert!(rules.iter().filter(|rule| **rule == "departing-account").count() == 1, "{rules:?}");
    assert!(rules.len() <= 3, "{rules:?}");
}

/// The roles that a control spares by itself are kept by a mandatory control; those that people add are not.
#[test]
fn a_control_spares_the_roles_of_control_tower() {
    let review = crate::testing::review_of("guardrail-removed", "bad-control-for-more-regions");
    let rules: Vec<_> = review.findings.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&"guardrail-removed"), "{rules:?}");
    assert!(!rules.contains(&"region-lock-mistake") && !rules.contains(&"forgeable-exemption"), "{rules:?}");
}

/// What an account may do is compared request by request: more of it is new, and less of it is not.
#[test]
fn a_delegation_is_new_where_it_gives_more() {
    let status = |plan: &str| -> Vec<Status> {
        told("delegated-policy-control", plan).into_iter().map(|finding| finding.status).collect()
    };
    assert_eq!(status("bad-condition-dropped"), [Status::New]);
    assert_eq!(status("bad-fewer-actions"), [Status::Existing]);
}
