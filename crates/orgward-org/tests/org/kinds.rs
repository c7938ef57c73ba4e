//! What plans say of organizations in ways that are easily read wrong.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::sync::Arc;

use orgward_org::{
    Change, Declared, GrantedPolicy, Key, Membership, Modality, NodeId, Organization, PolicyType,
};
use orgward_plan::{Document, Plan, SourceFile, Sources};
use serde_json::{Value, json};

/// A row of a plan. Without `before` the plan creates it, without `after` it destroys it.
fn row(address: &str, before: &Value, after: &Value, unknown: &Value) -> Value {
    let data = address.strip_prefix("data.");
    let (kind, name) = data.unwrap_or(address).split_once('.').unwrap();
    let actions = match (before, after) {
        (Value::Null, _) if data.is_some() => json!(["read"]),
        (Value::Null, _) => json!(["create"]),
        (_, Value::Null) => json!(["delete"]),
        (before, after) if before == after => json!(["no-op"]),
        _ => json!(["update"]),
    };
    json!({
        "address": address, "mode": if data.is_some() { "data" } else { "managed" }, "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": { "actions": actions, "before": before, "after": after, "after_unknown": unknown },
    })
}

fn stays(address: &str, values: &Value) -> Value {
    row(address, values, values, &json!({}))
}

fn created(address: &str, values: &Value, unknown: &Value) -> Value {
    row(address, &Value::Null, values, unknown)
}

/// The configuration of a resource.
fn written(address: &str, expressions: &Value) -> Value {
    let data = address.strip_prefix("data.");
    let (kind, name) = data.unwrap_or(address).split_once('.').unwrap();
    json!({ "mode": if data.is_some() { "data" } else { "managed" }, "type": kind, "name": name,
        "provider_config_key": "aws", "expressions": expressions })
}

fn organization(rows: &[Value], resources: &[Value]) -> Change<Organization> {
    let plan = json!({ "format_version": "1.2", "planned_values": {}, "resource_changes": rows,
        "configuration": { "root_module": { "resources": resources } } });
    let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
    let plan = Plan::parse(&document).unwrap();
    Organization::of(&[plan], &[], &Declared::default())
}

fn find(organization: &Organization, key: &str) -> NodeId {
    organization.find(&Key(key.into())).unwrap()
}

fn targets(organization: &Organization, policy: &str) -> Vec<(String, Modality)> {
    let targets = organization.targets_of(find(organization, policy));
    let name = |id| organization.node(id).unwrap().key.to_string();
    targets.into_iter().map(|(id, attachment)| (name(id), attachment.resolved.modality())).collect()
}

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

fn policy() -> Value {
    json!({ "id": "p-lock0000", "name": "lock", "type": "SERVICE_CONTROL_POLICY", "content": POLICY })
}

fn attachment(target: &str) -> Value {
    json!({ "id": format!("{target}:p-lock0000"), "policy_id": "p-lock0000", "target_id": target })
}

/// Two resources are two organizations: what is attached to the root of one does not bind the accounts of the other.
#[test]
fn two_organizations_have_two_roots() {
    let root = |id: &str| json!([{ "id": id, "policy_types": [] }]);
    let shown = |id: &str, root_id: &str, management: &str, types: &Value| {
        json!({ "id": id, "roots": root(root_id), "master_account_id": management, "enabled_policy_types": types,
            "accounts": [{ "id": management }] })
    };
    let rows = [
        stays(
            "aws_organizations_organization.a",
            &shown("o-aaaaaaaaaa", "r-aaaa", "111111111111", &json!(["SERVICE_CONTROL_POLICY"])),
        ),
        stays(
            "aws_organizations_organization.b",
            &shown("o-bbbbbbbbbb", "r-bbbb", "555555555555", &json!([])),
        ),
        stays("aws_organizations_account.shop", &json!({ "id": "222222222222", "parent_id": "r-aaaa" })),
        stays("aws_organizations_account.lab", &json!({ "id": "666666666666", "parent_id": "r-bbbb" })),
        stays("aws_organizations_policy.lock", &policy()),
        stays("aws_organizations_policy_attachment.lock", &attachment("r-aaaa")),
    ];
    let after = organization(&rows, &[]).after;
    let (shop, lab) =
        (find(&after, "aws_organizations_account.shop"), find(&after, "aws_organizations_account.lab"));
    let kind = PolicyType::ServiceControl;
    let policies = |account| after.policy_chain(account, &kind).levels[0].attached.len();
    assert_eq!((policies(shop), policies(lab)), (2, 0), "`FullAWSAccess` and the lock, and nothing");
    assert_eq!(
        (after.is_enabled_at(shop, &kind), after.is_enabled_at(lab, &kind)),
        (Some(true), Some(false))
    );
    assert_eq!(after.is_enabled(&kind), None, "it is not the same everywhere");
    assert_eq!(after.membership(shop, "666666666666"), Membership::Outside);
    assert_eq!(after.membership(lab, "666666666666"), Membership::Inside);
    assert_eq!(after.symbolic_id_of(lab), Some("o-bbbbbbbbbb"));
    assert!(after.contradictions().is_empty());
}

/// A data source is read before the plan is applied and says nothing of what is known after it.
#[test]
fn unknown_policy_types_leave_open_whether_policies_act() {
    let types = json!({ "id": "o-aaaaaaaaaa", "roots": [{ "id": "r-aaaa", "policy_types": [{ "type": "SERVICE_CONTROL_POLICY", "status": "ENABLED" }] }] });
    let mut before = types.clone();
    before["enabled_policy_types"] = json!(["SERVICE_CONTROL_POLICY"]);
    let rows = [
        row("aws_organizations_organization.this", &before, &types, &json!({ "enabled_policy_types": true })),
        stays("data.aws_organizations_organization.read", &before),
        stays("aws_organizations_policy.lock", &policy()),
        stays("aws_organizations_policy_attachment.lock", &attachment("r-aaaa")),
    ];
    let change = organization(&rows, &[]);
    let kind = PolicyType::ServiceControl;
    assert_eq!((change.before.is_enabled(&kind), change.after.is_enabled(&kind)), (Some(true), None));
    let bound = |side| targets(side, "aws_organizations_policy.lock");
    assert_eq!(bound(&change.before), [("root".to_owned(), Modality::Must)]);
    assert_eq!(bound(&change.after), [("root".to_owned(), Modality::May)]);
}

/// The target of an attachment exists whether the plan attaches anything to it or not.
#[test]
fn a_target_that_only_an_attachment_names_stays() {
    let rows = [
        stays("aws_organizations_policy.lock", &policy()),
        row(
            "aws_organizations_policy_attachment.lock",
            &attachment("ou-aaaa-prod0000"),
            &Value::Null,
            &json!({}),
        ),
    ];
    let change = organization(&rows, &[]);
    assert_eq!(targets(&change.before, "aws_organizations_policy.lock").len(), 1);
    assert_eq!(targets(&change.after, "aws_organizations_policy.lock"), []);
    assert!(change.after.find(&Key("ou-aaaa-prod0000".into())).is_some());
}

/// Terraform runs every row: what one address destroys is gone, although another one manages it, too.
#[test]
fn what_is_destroyed_at_one_address_is_gone_at_all() {
    let old = attachment("ou-aaaa-prod0000");
    let rows = [
        stays("aws_organizations_policy.lock", &policy()),
        stays("aws_organizations_policy_attachment.new", &old),
        row("aws_organizations_policy_attachment.old", &old, &Value::Null, &json!({})),
    ];
    let change = organization(&rows, &[]);
    assert_eq!(targets(&change.before, "aws_organizations_policy.lock").len(), 2);
    assert_eq!(targets(&change.after, "aws_organizations_policy.lock"), []);
}

/// `skip_destroy` leaves the old attachment in AWS when the new one takes its address.
#[test]
fn a_replacement_leaves_behind_what_it_does_not_destroy() {
    let mut before = attachment("ou-aaaa-prod0000");
    before["skip_destroy"] = json!(true);
    let mut replaced =
        row("aws_organizations_policy_attachment.lock", &before, &attachment("ou-aaaa-test0000"), &json!({}));
    replaced["change"]["actions"] = json!(["delete", "create"]);
    let change = organization(&[stays("aws_organizations_policy.lock", &policy()), replaced], &[]);
    let names: Vec<_> =
        targets(&change.after, "aws_organizations_policy.lock").into_iter().map(|(key, _)| key).collect();
    assert_eq!(names, ["ou-aaaa-prod0000", "ou-aaaa-test0000"]);
}

/// The filter of the data source says of which type the policies are that it lists.
#[test]
fn policies_for_target_are_of_the_type_of_the_filter() {
    let listed = json!({ "target_id": "r-aaaa", "filter": "TAG_POLICY", "ids": ["p-tags0000"] });
    let after = organization(&[stays("data.aws_organizations_policies_for_target.tags", &listed)], &[]).after;
    let kinds: Vec<_> = after.org_policies().map(|it| (it.node.label(), it.data.kind.clone())).collect();
    assert!(
        kinds.contains(&("p-tags0000".to_owned(), PolicyType::Other("TAG_POLICY".to_owned()))),
        "{kinds:?}"
    );
}

/// A control that denies regions is a policy that Control Tower writes; its text is in no plan.
#[test]
fn a_control_of_control_tower_is_a_policy_without_a_text() {
    let control = json!({
        "control_identifier": "arn:aws:controltower:eu-west-1::control/CT.MULTISERVICE.PV.1",
        "target_identifier": "arn:aws:organizations::111111111111:ou/o-aaaaaaaaaa/ou-aaaa-prod0000",
    });
    let change =
        organization(&[row("aws_controltower_control.regions", &control, &Value::Null, &json!({}))], &[]);
    let control = find(&change.before, "aws_controltower_control.regions");
    let control = change.before.org_policy(control).unwrap();
    assert_eq!(control.data.kind, PolicyType::ServiceControl);
    assert!(control.data.document.policy().is_none());
    assert_eq!(
        targets(&change.before, "aws_controltower_control.regions"),
        [("ou-aaaa-prod0000".to_owned(), Modality::Must)]
    );
    assert!(change.after.find(&Key("aws_controltower_control.regions".into())).is_none());
}

/// What AWS publishes of a control is a policy like any other; its parameters fill it in.
#[test]
fn a_control_with_a_published_text_denies_what_it_says() {
    let control = json!({
        "control_identifier": "arn:aws:controltower:eu-west-1::control/CT.MULTISERVICE.PV.1",
        "target_identifier": "arn:aws:organizations::111111111111:ou/o-aaaaaaaaaa/ou-aaaa-prod0000",
        "parameters": [
            { "key": "AllowedRegions", "value": "[\"eu-west-1\"]" },
            { "key": "ExemptedPrincipalArns", "value": "[\"arn:aws:iam::*:role/network\"]" },
        ],
    });
    let after = organization(&[stays("aws_controltower_control.regions", &control)], &[]).after;
    let policy = after.org_policy(find(&after, "aws_controltower_control.regions")).unwrap();
    let text = policy.data.document.text.expose();
    assert!(policy.data.is_control && policy.data.document.policy().is_some());
    for part in
        ["aws:RequestedRegion", "eu-west-1", "role/network", "role/AWSControlTowerExecution", "NotAction"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    // One that finds what is there denies nothing, and where it is enabled may be unknown.
    let detective = json!({ "control_identifier": "arn:aws:controltower:eu-west-1::control/AWS-GR_RESTRICTED_SSH",
        "target_identifier": "arn:aws:organizations::111111111111:ou/o-aaaaaaaaaa/ou-aaaa-prod0000" });
    let root =
        json!({ "control_identifier": "arn:aws:controltower:eu-west-1::control/AWS-GR_RESTRICT_ROOT_USER" });
    let rows = [
        stays("aws_controltower_control.ssh", &detective),
        created("aws_controltower_control.root", &root, &json!({ "target_identifier": true })),
    ];
    let after = organization(&rows, &[written("aws_controltower_control.root", &json!({}))]).after;
    assert!(after.find(&Key("aws_controltower_control.ssh".into())).is_none());
    assert_eq!(after.loose_attachments().len(), 1, "what is not attached to anything known is not dropped");
}

/// A baseline of units is the policy of the mandatory controls that it brings for certain; one that is not read is not
/// judged.
#[test]
fn a_baseline_is_the_policy_of_its_mandatory_controls() {
    let unit = "arn:aws:organizations::111111111111:ou/o-aaaaaaaaaa/ou-aaaa-prod0000";
    let baseline = |id: &str| {
        json!({ "baseline_identifier": format!("arn:aws:controltower:eu-west-1::baseline/{id}"),
                "baseline_version": "4.0", "target_identifier": unit })
    };
    let of_units = baseline("17BSJV3IGJ2QSGA2");
    let change = organization(
        &[row("aws_controltower_baseline.prod", &of_units, &Value::Null, &json!({}))],
        &[written("aws_controltower_baseline.prod", &json!({}))],
    );
    let policy = change.before.org_policy(find(&change.before, "aws_controltower_baseline.prod")).unwrap();
    assert_eq!((policy.data.kind.clone(), policy.data.is_control), (PolicyType::ServiceControl, true));
    assert!(policy.data.document.text.expose().contains("cloudtrail:StopLogging"));
    assert_eq!(
        targets(&change.before, "aws_controltower_baseline.prod"),
        [("ou-aaaa-prod0000".to_owned(), Modality::Must)]
    );
    assert!(change.after.find(&Key("aws_controltower_baseline.prod".into())).is_none());
    assert_eq!(change.after.unjudged(), []);

    let backup = baseline("3WPD0NA6TJ9AOMU2");
    let rows = [created("aws_controltower_baseline.backup", &backup, &json!({}))];
    let after = organization(&rows, &[written("aws_controltower_baseline.backup", &json!({}))]).after;
    assert!(after.find(&Key("aws_controltower_baseline.backup".into())).is_none());
    assert_eq!(after.unjudged().len(), 1, "{:?}", after.unjudged());
}

/// The data source shows what other stacks enable, and no parameters.
#[test]
fn controls_of_other_stacks_are_known_by_data() {
    let unit = "arn:aws:organizations::111111111111:ou/o-aaaaaaaaaa/ou-aaaa-prod0000";
    let arn = |name: &str| format!("arn:aws:controltower:eu-west-1::control/{name}");
    let names = ["CT.IAM.PV.1", "CT.EC2.PV.5", "AWS-GR_RESTRICTED_SSH", "CT.EC2.PV.6"];
    let listed = json!({ "target_identifier": unit,
        "enabled_controls": names.map(arn) });
    let own = json!({ "control_identifier": arn("CT.EC2.PV.6"), "target_identifier": unit });
    let rows = [
        stays("data.aws_controltower_controls.prod", &listed),
        row("aws_controltower_control.spot", &own, &Value::Null, &json!({})),
    ];
    let change = organization(&rows, &[]);
    let shown = |organization: &Organization| -> Vec<(String, bool)> {
        let controls = organization.org_policies().filter(|policy| policy.data.is_control);
        let mut shown: Vec<_> =
            controls.map(|policy| (policy.node.title(), policy.data.document.policy().is_some())).collect();
        shown.sort();
        shown
    };
    // What may be exempt by a parameter is not known to hold, and what the plan disables is gone.
    let both = [("CT.EC2.PV.5".to_owned(), false), ("CT.IAM.PV.1".to_owned(), true)];
    assert_eq!(shown(&change.after), both);
    let before = shown(&change.before);
    assert!(before.len() == 3 && before.contains(&("CT.EC2.PV.6".to_owned(), true)), "{before:?}");
}

/// A declarative control is a declarative policy.
#[test]
fn a_declarative_control_sets_what_it_says() {
    let control = json!({
        "control_identifier": "arn:aws:controltower:eu-west-1::control/CT.EC2.PV.7",
        "target_identifier": "arn:aws:organizations::111111111111:ou/o-aaaaaaaaaa/ou-aaaa-prod0000",
    });
    let after = organization(&[stays("aws_controltower_control.snapshots", &control)], &[]).after;
    let policy = after.org_policy(find(&after, "aws_controltower_control.snapshots")).unwrap();
    assert_eq!(policy.data.kind, PolicyType::Other("DECLARATIVE_POLICY_EC2".to_owned()));
    assert!(!policy.data.is_unread_control());
    assert!(policy.data.document.text.expose().contains("block_all_sharing"));
}

/// Accounts of factories lie where their request says, by name or by id, and stay when AFT forgets them.
#[test]
fn a_request_of_a_factory_is_an_account() {
    let units = [
        stays(
            "aws_organizations_organizational_unit.prod",
            &json!({ "id": "ou-aaaa-prod0000", "name": "Prod", "parent_id": "r-aaaa" }),
        ),
        stays(
            "aws_organizations_organizational_unit.dev",
            &json!({ "id": "ou-aaaa-dev00000", "name": "Dev", "parent_id": "r-aaaa" }),
        ),
    ];
    let item = |unit: &str| {
        let parameters = json!({ "AccountName": { "S": "orders" }, "AccountEmail": { "S": "aws+orders@example.com" },
            "ManagedOrganizationalUnit": { "S": unit } });
        let item = json!({ "id": { "S": "aws+orders@example.com" }, "control_tower_parameters": { "M": parameters } });
        json!({ "table_name": "aft-request", "hash_key": "id", "item": item.to_string() })
    };
    let parameter = |key: &str, value: &str| json!({ "key": key, "value": value });
    let product = |unit: &str| {
        json!({ "name": "shop", "product_name": "AWS Control Tower Account Factory", "provisioning_parameters": [
            parameter("AccountName", "shop"), parameter("AccountEmail", "aws+shop@example.com"),
            parameter("ManagedOrganizationalUnit", unit)] })
    };
    let address = "aws_dynamodb_table_item.orders";
    let shop = "aws_servicecatalog_provisioned_product.shop";
    let path = |org: &Organization, key: &str| org.path(find(org, key));
    let moved = [
        row(address, &item("Dev"), &item("Prod"), &json!({})),
        stays(shop, &product("Prod (ou-aaaa-prod0000)")),
    ];
    let change = organization(&[&units[..], &moved].concat(), &[]);
    assert!(path(&change.before, address).ends_with("Dev/orders"), "{}", path(&change.before, address));
    assert!(path(&change.after, address).ends_with("Prod/orders"));
    assert!(path(&change.after, shop).ends_with("Prod/shop"));

    let gone = [
        row(address, &item("Prod"), &Value::Null, &json!({})),
        row(shop, &product("Prod"), &Value::Null, &json!({})),
    ];
    let change = organization(&[&units[..], &gone].concat(), &[]);
    assert!(path(&change.after, address).ends_with("Prod/orders"), "AFT closes no account and moves none");
    assert_eq!(path(&change.after, shop), "Root/shop", "Control Tower gives it up, and it moves to the root");
    assert_eq!(change.after.departures().len(), 1);

    let unknown = [created(address, &item("Elsewhere"), &json!({}))];
    let after = organization(&[&units[..], &unknown].concat(), &[]).after;
    let account = after.account(find(&after, address)).unwrap();
    assert!(account.unknown_parent.is_some(), "where it lies is unknown, and not the root");
    // Any other item of a table is none.
    let other = json!({ "table_name": "sessions", "hash_key": "id", "item": "{\"id\":{\"S\":\"1\"}}" });
    assert!(
        organization(&[stays("aws_dynamodb_table_item.x", &other)], &[]).after.accounts().next().is_none()
    );
}

/// The manifest of a landing zone names accounts, and what for.
#[test]
fn a_landing_zone_says_which_accounts_keep_logs_and_watch() {
    use orgward_org::{AccountRole, RoleMatch, Structure, account_plays};
    let manifest = json!({ "governedRegions": ["eu-west-1"], "centralizedLogging": { "accountId": "222222222222" },
        "securityRoles": { "accountId": "333333333333" } });
    let zone = json!({ "manifest_json": manifest.to_string(), "version": "3.3" });
    let after = organization(&[stays("aws_controltower_landing_zone.this", &zone)], &[]).after;
    let plays = |id: &str, role| account_plays(&Structure::default(), &after, find(&after, id), role);
    assert_eq!(plays("222222222222", AccountRole::LogArchive), RoleMatch::Declared);
    assert_eq!(plays("333333333333", AccountRole::SecurityTooling), RoleMatch::Declared);
    assert!(!plays("333333333333", AccountRole::LogArchive).is_yes());
    // What people configure counts more.
    let own = Structure {
        accounts: [(AccountRole::LogArchive, vec!["444444444444".to_owned()])].into(),
        ..Structure::default()
    };
    assert!(!account_plays(&own, &after, find(&after, "222222222222"), AccountRole::LogArchive).is_yes());
}

/// The account and the region say which partition a role is in before it has an ARN.
#[test]
fn a_role_in_govcloud_gets_an_arn_of_its_partition() {
    let caller = json!({ "account_id": "222222222222", "arn": "arn:aws-us-gov:iam::222222222222:user/ci" });
    let rows = [
        stays("data.aws_caller_identity.current", &caller),
        created("aws_iam_role.web", &json!({ "name": "web", "path": "/app/" }), &json!({ "arn": true })),
        created(
            "aws_iam_role.job",
            &json!({ "name_prefix": "job-", "path": "/" }),
            &json!({ "arn": true, "name": true }),
        ),
    ];
    let resources = [
        written("data.aws_caller_identity.current", &json!({})),
        written("aws_iam_role.web", &json!({})),
        written("aws_iam_role.job", &json!({})),
    ];
    let after = organization(&rows, &resources).after;
    let arn = |key| after.iam_arn(find(&after, key)).unwrap();
    assert_eq!(arn("aws_iam_role.web").text("?").unwrap(), "arn:aws-us-gov:iam::222222222222:role/app/web");
    // AWS appends an unknown text to a prefix.
    assert_eq!(arn("aws_iam_role.job").prefix.unwrap(), "role/job-");
}

/// A key of a user that another stack manages is in the account of its provider.
#[test]
fn credentials_of_users_elsewhere_have_an_owner() {
    let caller = json!({ "account_id": "222222222222", "arn": "arn:aws:iam::222222222222:user/ci" });
    let rows = [
        stays("data.aws_caller_identity.current", &caller),
        created("aws_iam_access_key.ci", &json!({ "user": "ci" }), &json!({ "id": true })),
    ];
    let resources = [
        written("data.aws_caller_identity.current", &json!({})),
        written("aws_iam_access_key.ci", &json!({})),
    ];
    let after = organization(&rows, &resources).after;
    let user = after.users().next().unwrap();
    assert_eq!(user.data.credentials.len(), 1);
    assert_eq!(after.owner(user.id).unwrap().0.node.label(), "222222222222");
}

/// A document that overrides others does not lower their version, and one that is unknown leaves what has no `Sid`.
#[test]
fn documents_are_merged_as_the_provider_merges_them() {
    let base = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let over = r#"{"Statement":[{"Sid":"A","Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
    let reference =
        json!({ "references": ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"] });
    let of = |after: &Value, unknown: &Value| {
        let rows = [
            created(
                "aws_organizations_policy.lock",
                &json!({ "name": "lock" }),
                &json!({ "content": true, "id": true }),
            ),
            created("data.aws_iam_policy_document.d", after, unknown),
        ];
        let resources = [
            written("aws_organizations_policy.lock", &json!({ "content": reference })),
            written("data.aws_iam_policy_document.d", &json!({})),
        ];
        organization(&rows, &resources).after
    };
    let known =
        json!({ "source_policy_documents": [base], "override_policy_documents": [over], "version": null });
    let after = of(&known, &json!({ "json": true }));
    let lock = after.org_policy(find(&after, "aws_organizations_policy.lock")).unwrap();
    let text = lock.data.document.text.expose();
    assert!(text.contains("2012-10-17") && text.contains("ec2:*") && !text.contains("s3:*"), "{text}");
    let open = json!({ "source_policy_documents": [base, null], "version": null });
    let after = of(&open, &json!({ "json": true, "source_policy_documents": [false, true] }));
    let lock = after.org_policy(find(&after, "aws_organizations_policy.lock")).unwrap();
    let permissive = lock.data.document.completed(orgward_org::Completion::Permissive).unwrap();
    assert!(permissive.text.expose().contains("s3:*"), "what is known stands in every completion");
}

/// The policies that a role is given by a fixture of terraform's own, with its sources or without.
fn given(story: &str, holder: &str, has_sources: bool) -> Vec<(GrantedPolicy, Modality)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/administrator-grant");
    let bytes = std::fs::read(folder.join(format!("{story}.json"))).unwrap();
    let document = Document::decode("plan.json", bytes).unwrap();
    let mut plan = Plan::parse(&document).unwrap();
    if has_sources {
        let text = std::fs::read_to_string(folder.join(format!("{story}.tf"))).unwrap();
        let mut files = vec![SourceFile { name: "main.tf".to_owned(), text }];
        plan.with_sources(Arc::new(Sources::load("", &mut |_| std::mem::take(&mut files))));
    }
    let after = Organization::of(&[plan], &[], &Declared::default()).after;
    let holder = find(&after, holder);
    let grants = after.access().grants.iter().filter(|grant| grant.holder == holder);
    grants.map(|grant| (grant.policy.clone(), grant.modality)).collect()
}

#[test]
fn a_set_with_a_created_element_has_its_constants_too() {
    let story = "bad-unknown-set-beside-a-created-policy";
    let told = given(story, "aws_iam_role.reports", true);
    let is_administrator = |policy: &GrantedPolicy| match policy {
        GrantedPolicy::Arn(arn) => arn.expose().ends_with("/AdministratorAccess"),
        GrantedPolicy::Node(_) | GrantedPolicy::Unknown => false,
    };
    assert!(
        told.iter().any(|(policy, must)| is_administrator(policy) && *must == Modality::Must),
        "{told:?}"
    );
    assert!(told.iter().all(|(_, must)| *must == Modality::Must), "the sources show all of it: {told:?}");
    // The plan alone shows the reference, and no constant beside it: the role may have any policy.
    let shown = given(story, "aws_iam_role.reports", false);
    assert!(shown.contains(&(GrantedPolicy::Unknown, Modality::May)), "{shown:?}");
    assert!(shown.iter().any(|(policy, _)| matches!(policy, GrantedPolicy::Node(_))), "{shown:?}");
}
