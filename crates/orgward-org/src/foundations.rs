//! What AWS recommends for every organization, as far as the inputs do not show it: advice, and never a fault.

use orgward_plan::Attr;
use serde_json::Value;

use crate::{Organization, PolicyType};

/// Something that AWS recommends and that no input shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Foundation {
    /// What it is.
    pub what: &'static str,
    /// What it is good for.
    pub why: &'static str,
    /// What sets it.
    pub how: &'static str,
}

/// A recommendation, and how to tell that it is followed.
type Recommended = (Foundation, fn(&Organization) -> bool);

const fn foundation(what: &'static str, why: &'static str, how: &'static str) -> Foundation {
    Foundation { what, why, how }
}

#[rustfmt::skip]
const ALL: &[Recommended] = &[
    (
        foundation("central root access: root credentials", "member accounts need no password and no keys of a root user", "`RootCredentialsManagement` in `aws_iam_organizations_features`"),
        |org| has_feature(org, "RootCredentialsManagement"),
    ),
    (
        foundation("central root access: root sessions", "tasks of the root user are done from the management account, for 15 minutes", "`RootSessions` in `aws_iam_organizations_features`"),
        |org| has_feature(org, "RootSessions"),
    ),
    (
        foundation("security contact", "AWS reports abuse and vulnerabilities to people who act on it", "`aws_account_alternate_contact` of type `SECURITY`"),
        |org| has_contact(org, "SECURITY"),
    ),
    (
        foundation("operations contact", "AWS reports retirements and outages to people who act on it", "`aws_account_alternate_contact` of type `OPERATIONS`"),
        |org| has_contact(org, "OPERATIONS"),
    ),
    (
        foundation("billing contact", "AWS reports unpaid bills, after which it suspends accounts, to people who act on it", "`aws_account_alternate_contact` of type `BILLING`"),
        |org| has_contact(org, "BILLING"),
    ),
    (
        foundation("IMDSv2 by default", "a server that can be made to send requests does not give its role away", "`http_tokens` in a policy of type `DECLARATIVE_POLICY_EC2`, or `aws_ec2_instance_metadata_defaults`"),
        |org| sets(org, "DECLARATIVE_POLICY_EC2", "/ec2_attributes/instance_metadata_defaults/http_tokens", &["required"])
            || org.controls_of("aws_ec2_instance_metadata_defaults").any(|it| it.text("http_tokens").as_deref() == Some("required")),
    ),
    (
        foundation("no public snapshots", "a snapshot of a disk is never shared with everybody", "`snapshot_block_public_access` in a policy of type `DECLARATIVE_POLICY_EC2`, or `aws_ebs_snapshot_block_public_access`"),
        |org| sets(org, "DECLARATIVE_POLICY_EC2", "/ec2_attributes/snapshot_block_public_access/state", &["block_all_sharing", "block_new_sharing"])
            || is_closed(org, "aws_ebs_snapshot_block_public_access"),
    ),
    (
        foundation("no public images", "an image is never shared with everybody", "`image_block_public_access` in a policy of type `DECLARATIVE_POLICY_EC2`, or `aws_ec2_image_block_public_access`"),
        |org| sets(org, "DECLARATIVE_POLICY_EC2", "/ec2_attributes/image_block_public_access/state", &["block_new_sharing"])
            || is_closed(org, "aws_ec2_image_block_public_access"),
    ),
    (
        foundation("no public buckets", "no bucket of an account is opened to everybody", "`public_access_block_configuration` in a policy of type `S3_POLICY`, or `aws_s3_account_public_access_block`"),
        |org| sets(org, "S3_POLICY", "/s3_attributes/public_access_block_configuration", &["all"])
            || is_closed(org, "aws_s3_account_public_access_block"),
    ),
];

impl Organization {
    /// What AWS recommends for every organization and no input shows. Empty where the inputs do not manage the
    /// organization: what other stacks set is not known then.
    pub fn missing_foundations(&self) -> Vec<Foundation> {
        if self.controls_of("aws_organizations_organization").next().is_none() {
            return Vec::new();
        }
        ALL.iter().filter(|(_, is_followed)| !is_followed(self)).map(|(foundation, _)| *foundation).collect()
    }
}

fn has_feature(org: &Organization, feature: &str) -> bool {
    org.controls_of("aws_iam_organizations_features")
        .any(|control| control.texts("enabled_features").iter().any(|it| it == feature))
}

fn has_contact(org: &Organization, kind: &str) -> bool {
    org.controls_of("aws_account_alternate_contact")
        .any(|control| control.text("alternate_contact_type").as_deref() == Some(kind))
}

/// Whether a management policy that is attached somewhere sets a value.
fn sets(org: &Organization, policy_type: &str, pointer: &str, values: &[&str]) -> bool {
    let kind = PolicyType::Other(policy_type.to_owned());
    org.org_policies()
        .filter(|policy| policy.data.kind == kind && !org.targets_of(policy.id).is_empty())
        .filter_map(|policy| serde_json::from_str::<Value>(policy.data.document.text.expose()).ok())
        .any(|text| {
            let assigned = text.pointer(pointer).and_then(|it| it.get("@@assign"));
            assigned.and_then(Value::as_str).is_some_and(|value| values.contains(&value))
        })
}

/// Whether a switch against the public is on, in any account.
fn is_closed(org: &Organization, resource: &str) -> bool {
    let mut blocks = org.access().blocks.iter().filter(|block| block.kind == resource);
    blocks.any(|block| block.switches.iter().all(|(_, closed)| matches!(closed, Attr::Known(1..))))
}
