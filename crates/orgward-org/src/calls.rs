//! Which calls the AWS provider of Terraform makes when it creates, changes and deletes a resource, and what they carry.
//!
//! Certain calls were recorded from runs of the real provider (`data/record-calls`); those of `data/call-keys.tsv` and of
//! roles that are passed are from the documentation of AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use orgward_iam::{AccessLevel, Catalogue};
use orgward_plan::Attr;

use crate::{Operation, PlannedChange};

const RECORDED: &str = include_str!("../data/terraform-calls.tsv");
const KEYS: &str = include_str!("../data/call-keys.tsv");
/// What the provider may call, deflated; `data/generate-terraform-actions` says where it is from.
const POSSIBLE: &[u8] = include_bytes!("../data/terraform-actions.bin");
const RESOURCES: &str = include_str!("../data/call-resources.tsv");
const TAGS: &str = include_str!("../data/call-tags.tsv");
const PASSED: &str = include_str!("../data/passed-roles.tsv");

/// Stands in the table of keys for the region that an object is created in, in place of an attribute.
pub const REGION: &str = "@region";

/// A call that is certain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Call {
    /// The action, `ec2:RunInstances`.
    pub action: &'static str,
    /// Whether it carries the tags of the resource.
    pub with_tags: bool,
    /// Whether it is part of the deletion of the object that stands before the plan.
    pub deletes: bool,
}

/// The certain calls of a type.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Recorded {
    create: Vec<Call>,
    /// What is called besides where the resource has tags.
    create_tagged: Vec<Call>,
    /// By the attribute that changes.
    update: BTreeMap<&'static str, Vec<Call>>,
    delete: Vec<Call>,
}

/// A key of the context that a call carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CarriedKey {
    /// The action.
    pub action: &'static str,
    /// The type of the resources of which a request has it; `None` where those of all types have it.
    pub resource: Option<&'static str>,
    /// The key, `ec2:InstanceType`.
    pub key: &'static str,
    /// The attribute that its value comes from.
    pub attribute: &'static str,
    /// What the request has where the attribute is not set.
    pub unset: Unset,
}

/// A resource that a call is authorized for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authorized {
    /// The action; `None` for any.
    action: Option<&'static str>,
    /// Its type, as the actions of AWS name it.
    pub resource: &'static str,
    /// The attribute that has its ARN, or the last part of it.
    pub attribute: Option<&'static str>,
    /// The attribute with the tags that the call gives it.
    pub tags: Option<&'static str>,
}

/// What a request has in place of an attribute that is not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unset {
    /// The key is missing.
    Missing,
    /// AWS or the account decides.
    Unknown,
    /// This value.
    Value(&'static str),
}

static CALLS: LazyLock<BTreeMap<&'static str, Recorded>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Recorded> = BTreeMap::new();
    for line in rows(RECORDED) {
        let [kind, operation, calls] = line.as_slice() else { continue };
        let deletes = *operation == "delete";
        let calls = calls.split(' ').filter(|call| !call.is_empty()).map(|call| {
            let action = call.trim_end_matches('+');
            Call { action, with_tags: action.len() < call.len(), deletes }
        });
        let recorded = all.entry(kind).or_default();
        let list = match operation.split_once(':') {
            Some(("update", attribute)) => recorded.update.entry(attribute).or_default(),
            Some(_) => &mut recorded.create_tagged,
            None if deletes => &mut recorded.delete,
            None => &mut recorded.create,
        };
        list.extend(calls);
    }
    all
});

static CARRIED: LazyLock<BTreeMap<&'static str, Vec<CarriedKey>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Vec<CarriedKey>> = BTreeMap::new();
    for line in rows(KEYS) {
        let [kind, action, resource, key, attribute, unset] = *line.as_slice() else { continue };
        let resource = Some(resource).filter(|it| *it != "*");
        let unset = match unset {
            "-" => Unset::Missing,
            "?" => Unset::Unknown,
            value => Unset::Value(value),
        };
        all.entry(kind).or_default().push(CarriedKey { action, resource, key, attribute, unset });
    }
    all
});

static AUTHORIZED: LazyLock<BTreeMap<&'static str, Vec<Authorized>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Vec<Authorized>> = BTreeMap::new();
    for line in rows(RESOURCES) {
        let [kind, action, resource, attribute, tags] = *line.as_slice() else { continue };
        let named = |cell: &'static str| Some(cell).filter(|cell| !matches!(*cell, "-" | "*"));
        let (action, attribute, tags) = (named(action), named(attribute), named(tags));
        all.entry(kind).or_default().push(Authorized { action, resource, attribute, tags });
    }
    all
});

static ROLES: LazyLock<BTreeMap<&'static str, Vec<(&'static str, &'static str)>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Vec<(&'static str, &'static str)>> = BTreeMap::new();
    for line in rows(PASSED) {
        let [kind, attribute, service] = *line.as_slice() else { continue };
        all.entry(kind).or_default().push((attribute, service));
    }
    all
});

/// The actions that may be called for a type.
#[derive(Clone, Debug, Default)]
struct Possible {
    create: Vec<String>,
    update: Vec<String>,
    delete: Vec<String>,
    attributes: BTreeMap<String, Vec<String>>,
}

/// The table has some 400 kB.
static MAYBE: LazyLock<BTreeMap<String, Possible>> = LazyLock::new(|| {
    let text = miniz_oxide::inflate::decompress_to_vec_with_limit(POSSIBLE, 4 << 20).unwrap_or_default();
    let text = String::from_utf8(text).unwrap_or_default();
    let actions = |cell: &str| cell.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [kind, create, update, delete, attributes] = *cells.as_slice() else { continue };
        let attributes = attributes.split(';').filter_map(|entry| {
            let (name, listed) = entry.split_once('=')?;
            Some((name.to_owned(), actions(listed)))
        });
        let possible = Possible {
            create: actions(create),
            update: actions(update),
            delete: actions(delete),
            attributes: attributes.collect(),
        };
        all.insert(kind.to_owned(), possible);
    }
    all
});

/// The actions that the provider may call for a change beside the certain ones, reads included, sorted.
pub fn possible(change: &PlannedChange) -> BTreeSet<&'static str> {
    let Some(listed) = MAYBE.get(&*change.kind) else { return BTreeSet::new() };
    let mut actions = BTreeSet::new();
    // The table mixes the directions: what ends an object is called by no creation and no change of it.
    let ends: BTreeSet<&str> = listed.delete.iter().map(String::as_str).collect();
    let ends = |action: &str| {
        let recorded = CALLS.get(&*change.kind);
        ends.contains(action) || recorded.is_some_and(|it| it.delete.iter().any(|call| call.action == action))
    };
    let is_own_end = |action: &str| {
        !change.operation.deletes()
            && Catalogue::get().action(action).is_none_or(|it| it.level() >= AccessLevel::Tagging)
            && ends(action)
    };
    let mut add = |list: &'static [String]| {
        actions.extend(list.iter().map(String::as_str).filter(|action| !is_own_end(action)));
    };
    if change.operation.creates() {
        add(&listed.create);
        for (name, list) in &listed.attributes {
            // Which attributes are set is kept for some of them only.
            if name != "tags"
                || change.after.as_ref().is_none_or(|it| !it.tags.known.is_empty() || !it.tags.complete)
            {
                add(list);
            }
        }
    }
    if change.operation.deletes() {
        add(&listed.delete);
    }
    if let Operation::Update(attributes) = &change.operation {
        add(&listed.update);
        for list in attributes.iter().filter_map(|name| listed.attributes.get(name)) {
            add(list);
        }
    }
    for call in certain(change) {
        actions.remove(call.action);
    }
    actions
}

/// The rows of a table; lines that begin with `#` say where it comes from.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

/// The types of which calls were recorded, sorted.
pub fn recorded_types() -> impl Iterator<Item = &'static str> {
    CALLS.keys().copied()
}

/// The keys that calls for a type carry.
pub fn keys_of(kind: &str) -> impl Iterator<Item = CarriedKey> + use<> {
    CARRIED.get(kind).map_or(&[][..], Vec::as_slice).iter().copied()
}

/// The attributes whose new value decides which call changes them.
pub(crate) fn attributes_that_decide(kind: &str) -> impl Iterator<Item = &'static str> + use<> {
    let updates = CALLS.get(kind).into_iter().flat_map(|recorded| recorded.update.keys());
    updates.filter_map(|key| key.split_once('=')).map(|(name, _)| name)
}

/// The resources that a call for a type is authorized for, where the name of the type does not say it.
pub fn authorized(kind: &str, action: &str) -> impl Iterator<Item = Authorized> {
    let rows = AUTHORIZED.get(kind).map_or(&[][..], Vec::as_slice).iter().copied();
    rows.filter(move |row| row.action.is_none_or(|it| it == action))
}

/// The attributes that the table of resources names: those with an ARN or a name, and those with tags beside `tags`.
pub(crate) fn attributes_of_resources(
    kind: &str,
) -> (impl Iterator<Item = &'static str>, impl Iterator<Item = &'static str>) {
    let rows = AUTHORIZED.get(kind).map_or(&[][..], Vec::as_slice);
    let tags = rows.iter().filter_map(|row| row.tags).filter(|name| *name != "tags");
    (rows.iter().filter_map(|row| row.attribute), tags)
}

/// The actions that AWS authorizes besides where a call that creates gives tags, and that its reference does not list.
pub fn tagged_by(action: &str) -> impl Iterator<Item = &'static str> {
    let pairs = rows(TAGS).filter_map(|row| <[&'static str; 2]>::try_from(row).ok());
    pairs.filter_map(move |[call, tags]| (call == action).then_some(tags))
}

/// The attributes by which a resource passes roles, each with the service that gets the role.
pub fn passed_roles(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    ROLES.get(kind).map_or(&[][..], Vec::as_slice).iter().copied()
}

/// The calls that the provider certainly makes for a change, in order. Reads are not among them: the plan has made them.
pub fn certain(change: &PlannedChange) -> Vec<Call> {
    let Some(recorded) = CALLS.get(&*change.kind) else { return Vec::new() };
    let mut calls = Vec::new();
    if change.operation.deletes() && !change.before.as_ref().is_some_and(crate::Values::is_retained) {
        calls.extend(&recorded.delete);
    }
    if let Some(after) = change.after.as_ref().filter(|_| change.operation.creates())
        && !after.is_made_from_another()
    {
        calls.extend(&recorded.create);
        // An unknown map of tags may be empty.
        if !after.tags.known.is_empty() {
            calls.extend(&recorded.create_tagged);
        }
    }
    if let Operation::Update(attributes) = &change.operation {
        let mut seen = BTreeSet::new();
        // Tags that only go are taken off by another call.
        let adds_tags = || {
            let old = change.before.as_ref().map(|values| &values.tags.known);
            let new = change.after.as_ref().map(|values| &values.tags.known);
            new.is_some_and(|new| {
                new.iter().any(|(key, value)| old.and_then(|old| old.get(key)) != Some(value))
            })
        };
        // Tags that only the provider adds (`default_tags`) are in `tags_all` alone, and set by the same call.
        let own = attributes.iter().any(|name| name == "tags");
        let names = attributes.iter().map(|name| match name.as_str() {
            "tags_all" if !own => "tags",
            name => name,
        });
        for attribute in names.filter(|name| *name != "tags" || adds_tags()) {
            let is_now = change.after.as_ref().map_or(Attr::Unknown, |after| after.get(attribute));
            // A value that has a row of its own is not one of any other.
            let own = is_now.known().map(|value| format!("{attribute}={value}"));
            let own = own.filter(|key| recorded.update.contains_key(key.as_str()));
            let is_meant =
                |key: &str| own.as_deref().map_or_else(|| is_for(key, attribute, is_now), |own| key == own);
            let calls_of = recorded.update.iter().filter(|(key, _)| is_meant(key));
            calls.extend(calls_of.flat_map(|(_, calls)| calls).filter(|call| seen.insert(call.action)));
        }
    }
    calls
}

/// Whether a row of the table is about the change of an attribute to a value: `name`, or `name=value`.
fn is_for(key: &str, attribute: &str, is_now: Attr<&str>) -> bool {
    let Some((name, value)) = key.split_once('=') else { return key == attribute };
    name == attribute
        && match (value, is_now) {
            ("-", now) => matches!(now, Attr::Absent | Attr::Known("")),
            ("*", Attr::Known(now)) => !now.is_empty(),
            (value, now) => now == Attr::Known(value),
        }
}

#[cfg(test)]
mod tests {
    use orgward_iam::Catalogue;

    use super::{AUTHORIZED, CALLS, CARRIED, MAYBE, ROLES};
    use crate::{Operation, PlannedChange, ResourceType};

    fn change(kind: &str, operation: Operation) -> PlannedChange {
        PlannedChange {
            address: orgward_plan::Address::new(format!("{kind}.a")),
            stack: None,
            kind: kind.into(),
            operation,
            owner: None,
            account: None,
            region: orgward_plan::Attr::Absent,
            partition: "aws".to_owned(),
            principal: None,
            of: None,
            before: Some(crate::Values::default()),
            after: Some(crate::Values::default()),
        }
    }

    /// Which call is made may depend on the new value: a log group that keeps its events for good has no retention.
    #[test]
    fn the_new_value_decides_about_the_call() {
        let calls = |kind: &str, attribute: &'static str, value: &str| -> Vec<&str> {
            let mut change = change(kind, Operation::Update(vec![attribute.to_owned()]));
            let known = orgward_plan::Attr::Known(value.to_owned());
            change.after.as_mut().unwrap().attributes.insert(attribute, known);
            super::certain(&change).iter().map(|call| call.action).collect()
        };
        assert_eq!(calls("aws_cloudwatch_log_group", "retention_in_days", "14"), ["logs:PutRetentionPolicy"]);
        assert_eq!(
            calls("aws_cloudwatch_log_group", "retention_in_days", "0"),
            ["logs:DeleteRetentionPolicy"]
        );
        assert_eq!(calls("aws_kms_key", "is_enabled", "false"), ["kms:DisableKey"]);
        assert_eq!(calls("aws_kms_key", "is_enabled", "true"), ["kms:EnableKey"]);
        assert_eq!(calls("aws_sqs_queue", "visibility_timeout_seconds", "60"), ["sqs:SetQueueAttributes"]);
        // Whether it rises or falls decides there.
        assert_eq!(calls("aws_kinesis_stream", "retention_period", "48"), [""; 0]);
    }

    /// The calls of changes that policies of organizations deny most.
    #[test]
    fn a_change_makes_the_call_that_has_the_parameter() {
        for (kind, attribute, value, expected) in [
            ("aws_db_instance", "deletion_protection", "false", "rds:ModifyDBInstance"),
            ("aws_iam_role", "assume_role_policy", "{}", "iam:UpdateAssumeRolePolicy"),
            ("aws_iam_role", "max_session_duration", "7200", "iam:UpdateRole"),
            (
                "aws_iam_role",
                "permissions_boundary",
                "arn:aws:iam::aws:policy/x",
                "iam:PutRolePermissionsBoundary",
            ),
            ("aws_iam_group", "path", "/", "iam:UpdateGroup"),
            ("aws_instance", "disable_api_termination", "false", "ec2:ModifyInstanceAttribute"),
            ("aws_instance", "instance_type", "m7i.large", "ec2:ModifyInstanceAttribute"),
            ("aws_instance", "metadata_options", "", "ec2:ModifyInstanceMetadataOptions"),
            ("aws_instance", "monitoring", "false", "ec2:UnmonitorInstances"),
            ("aws_instance", "monitoring", "true", "ec2:MonitorInstances"),
            ("aws_instance", "source_dest_check", "false", "ec2:ModifyInstanceAttribute"),
            ("aws_instance", "user_data", "x", "ec2:ModifyInstanceAttribute"),
            ("aws_kms_key", "policy", "{}", "kms:PutKeyPolicy"),
            (
                "aws_lambda_function",
                "role",
                "arn:aws:iam::222222222222:role/x",
                "lambda:UpdateFunctionConfiguration",
            ),
            ("aws_organizations_account", "parent_id", "ou-1", "organizations:MoveAccount"),
            ("aws_organizations_policy", "content", "{}", "organizations:UpdatePolicy"),
            ("aws_rds_cluster", "deletion_protection", "false", "rds:ModifyDBCluster"),
            ("aws_s3_bucket_policy", "policy", "{}", "s3:PutBucketPolicy"),
            ("aws_sns_topic_policy", "policy", "{}", "sns:SetTopicAttributes"),
            ("aws_sqs_queue", "policy", "{}", "sqs:SetQueueAttributes"),
            ("aws_sqs_queue_policy", "policy", "{}", "sqs:SetQueueAttributes"),
            ("aws_ssoadmin_permission_set", "session_duration", "PT12H", "sso:UpdatePermissionSet"),
        ] {
            let mut change = change(kind, Operation::Update(vec![attribute.to_owned()]));
            let known = orgward_plan::Attr::Known(value.to_owned());
            change.after.as_mut().unwrap().attributes.insert(attribute, known);
            let calls = super::certain(&change);
            assert!(calls.iter().any(|call| call.action == expected), "{kind}.{attribute}: {calls:?}");
        }
    }

    /// Types that a recording with the local AWS does not show.
    #[test]
    fn types_of_services_that_were_not_recorded() {
        for (kind, create, delete) in [
            ("aws_docdb_cluster", "rds:CreateDBCluster", "rds:DeleteDBCluster"),
            ("aws_eks_node_group", "eks:CreateNodegroup", "eks:DeleteNodegroup"),
            ("aws_emr_cluster", "elasticmapreduce:RunJobFlow", "elasticmapreduce:TerminateJobFlows"),
            ("aws_lb", "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:DeleteLoadBalancer"),
            ("aws_msk_cluster", "kafka:CreateCluster", "kafka:DeleteCluster"),
            ("aws_opensearch_domain", "es:CreateDomain", "es:DeleteDomain"),
            ("aws_redshift_cluster", "redshift:CreateCluster", "redshift:DeleteCluster"),
        ] {
            for (operation, expected) in [(Operation::Create, create), (Operation::Delete, delete)] {
                let calls = super::certain(&change(kind, operation));
                assert!(calls.iter().any(|call| call.action == expected), "{kind}: {calls:?}");
            }
        }
    }

    #[test]
    fn every_type_is_one_of_the_provider_and_every_action_one_of_aws() {
        let catalogue = Catalogue::get();
        for (kind, recorded) in &*CALLS {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
            let updates = recorded.update.values().flatten();
            let all = recorded.create.iter().chain(&recorded.create_tagged).chain(&recorded.delete);
            for call in all.chain(updates) {
                assert!(catalogue.action(call.action).is_some(), "{kind}: {}", call.action);
            }
        }
    }

    #[test]
    fn the_table_of_possible_calls_is_read() {
        assert!(MAYBE.len() > 1_500);
        assert!(MAYBE["aws_s3_bucket"].create.iter().any(|action| action == "s3:CreateBucket"));
        assert_eq!(MAYBE["aws_s3_bucket"].delete, ["s3:DeleteBucket"]);
        assert_eq!(MAYBE["aws_s3_bucket"].attributes["tags"], ["s3:PutBucketTagging"]);
    }

    /// The table of possible calls mixes the directions: a role that changes is not deleted.
    #[test]
    fn what_ends_an_object_is_not_possible_where_it_stays() {
        let change = |operation| change("aws_iam_role", operation);
        let updated = super::possible(&change(Operation::Update(vec!["max_session_duration".to_owned()])));
        assert!(updated.contains("iam:GetRole") && !updated.contains("iam:DeleteRole"), "{updated:?}");
        let deleted = super::certain(&change(Operation::Delete));
        assert_eq!(deleted.last().map(|call| call.action), Some("iam:DeleteRole"));
    }

    /// A key that the action does not know is in no request: a condition on it would be judged by a value that AWS never
    /// sees.
    #[test]
    fn every_key_is_one_of_its_action() {
        for (kind, keys) in &*CARRIED {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
            for key in keys {
                let action = Catalogue::get().action(key.action);
                let mut known = action.into_iter().flat_map(orgward_iam::Action::condition_keys);
                assert!(
                    known.any(|it| it.name.eq_ignore_ascii_case(key.key)),
                    "{kind}: {} {}",
                    key.action,
                    key.key
                );
            }
        }
        for (kind, rows) in &*AUTHORIZED {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
            let own = CALLS[kind].create.first().map(|call| call.action);
            for row in rows {
                let action = Catalogue::get().action(row.action.or(own).unwrap()).unwrap();
                let pattern = format!("{}:*", action.service());
                let mut listed = Catalogue::get().actions_matching(&pattern);
                let known = listed.any(|it| it.resource_types().any(|kind| kind.name == row.resource));
                assert!(known, "{kind}: {}", row.resource);
            }
        }
        for kind in ROLES.keys() {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
        }
        for action in super::rows(super::TAGS).flatten() {
            assert!(Catalogue::get().action(action).is_some(), "{action}");
        }
    }
}
