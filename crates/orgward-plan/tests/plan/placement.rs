//! Which account, and which region, an instance lands in.

use crate::support::{self, at, data, document};
use orgward_plan::{Attr, Declaration, Document, Landing, Placement, Plan};

fn told(placement: &Placement) -> Vec<String> {
    let evidence = placement.evidence.iter();
    evidence.map(|e| format!("{:?} {:?} {} {}", e.strength, e.basis, landing(&e.landing), e.source)).collect()
}

fn landing(landing: &Landing) -> String {
    match landing {
        Landing::Account(account) => account.clone(),
        Landing::Created(address) => address.to_string(),
        Landing::Management => "management".to_owned(),
    }
}

/// A plan with one provider block, and existing resources `(type, name, provider key, values)`.
fn plan(providers: &str, resources: &[(&str, &str, &str, &str)]) -> Document {
    let (mut rows, mut configured) = (Vec::new(), Vec::new());
    for (kind, name, key, values) in resources {
        let (mode, prefix) = if kind.starts_with("data.") { ("data", "data.") } else { ("managed", "") };
        let kind = kind.trim_start_matches("data.");
        rows.push(format!(
            r#"{{"address":"{prefix}{kind}.{name}","mode":"{mode}","type":"{kind}","name":"{name}","provider_name":"registry.terraform.io/hashicorp/aws",
            "change":{{"actions":["no-op"],"before":{values},"after":{values}}}}}"#
        ));
        configured.push(format!(
            r#"{{"mode":"{mode}","type":"{kind}","name":"{name}","provider_config_key":"{key}","expressions":{{}}}}"#
        ));
    }
    document(&format!(
        r#"{{"format_version":"1.2","planned_values":{{}},
        "variables":{{"role":{{"value":"arn:aws:iam::333333333333:role/x"}},"account":{{"value":"444444444444"}},"region":{{"value":"eu-west-1"}},"secret":{{"value":"555555555555"}},"accounts":{{"value":["666666666666"]}},"production":{{"value":false}}}},
        "resource_changes":[{}],
        "configuration":{{"provider_config":{{{providers}}},"root_module":{{"resources":[{}],"variables":{{"secret":{{"sensitive":true}}}}}}}}}}"#,
        rows.join(","),
        configured.join(",")
    ))
}

fn place(document: &Document, address: &str) -> Placement {
    let plan = support::plan(document);
    plan.placement(at(&plan, address))
}

fn configured(expressions: &str) -> Vec<String> {
    let provider = format!(r#""aws":{{"name":"aws","expressions":{{{expressions}}}}}"#);
    told(&place(
        &plan(&provider, &[("aws_s3_bucket", "x", "aws", r#"{"arn":"arn:aws:s3:::x"}"#)]),
        "aws_s3_bucket.x",
    ))
}

#[test]
fn real_plan_with_two_providers() {
    let document = data("org_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let member = plan.placement(at(&plan, "module.roles.aws_iam_role.this"));
    assert_eq!(
        told(&member),
        [
            "Strong CallerIdentity 222222222222 data.aws_caller_identity.member",
            "Strong AssumeRole 222222222222 provider aws.member",
            "Strong AllowedAccounts 222222222222 provider aws.member",
        ]
    );
    // The module is given the default provider as `aws.second`.
    let second = plan.placement(at(&plan, "module.roles.aws_iam_role.second"));
    assert_eq!(second.landing(), Some(&Landing::Account("111111111111".to_owned())));
    let unit = plan.placement(at(&plan, "aws_organizations_organizational_unit.workloads"));
    assert_eq!(unit.landing(), Some(&Landing::Account("111111111111".to_owned())));
    assert_eq!(
        told(&unit).last().unwrap().split(' ').take(3).collect::<Vec<_>>(),
        ["Structural", "Type", "management"]
    );
    assert_eq!(plan.region(at(&plan, "aws_iam_role.trust")), Attr::Known("us-east-1".to_owned()));
    assert_eq!(
        plan.region(at(&plan, "aws_organizations_policy.rcp")),
        Attr::Known("eu-central-1".to_owned())
    );
}

#[test]
fn own_arn_identity_and_owner() {
    let resources = [
        ("aws_iam_role", "a", "aws", r#"{"arn":"arn:aws:iam::111111111111:role/a"}"#),
        ("aws_vpc", "v", "aws.other", r#"{"owner_id":"222222222222"}"#),
        ("aws_iam_policy", "managed", "aws.none", r#"{"arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#),
    ];
    let document = plan("", &resources);
    assert_eq!(told(&place(&document, "aws_iam_role.a")), ["Conclusive Arn 111111111111 aws_iam_role.a"]);
    assert_eq!(told(&place(&document, "aws_vpc.v")), ["Strong Owner 222222222222 aws_vpc.v"]);
    assert!(place(&document, "aws_iam_policy.managed").evidence.is_empty());
}

#[test]
fn arguments_that_name_another_account() {
    let document = document(
        r#"{"format_version":"1.0","values":{"root_module":{"resources":[
        {"address":"aws_guardduty_member.m","mode":"managed","type":"aws_guardduty_member","name":"m","provider_name":"registry.terraform.io/hashicorp/aws","values":{"account_id":"222222222222"}},
        {"address":"aws_organizations_delegated_administrator.d","mode":"managed","type":"aws_organizations_delegated_administrator","name":"d","provider_name":"registry.terraform.io/hashicorp/aws","values":{"account_id":"222222222222"}}]}}}"#,
    );
    assert_eq!(told(&place(&document, "aws_guardduty_member.m")), [""; 0]);
    let delegated = place(&document, "aws_organizations_delegated_administrator.d");
    assert_eq!(delegated.landing(), Some(&Landing::Management));
}

#[test]
fn organizational_arn_names_the_management_account() {
    let arn = r#"{"arn":"arn:aws:organizations::111111111111:policy/o-x/service_control_policy/p-x"}"#;
    let resources = [("aws_organizations_policy", "p", "aws", arn), ("aws_sns_topic", "t", "aws", "{}")];
    let document = plan("", &resources);
    assert_eq!(
        told(&place(&document, "aws_organizations_policy.p")),
        [
            "Conclusive Arn 111111111111 aws_organizations_policy.p",
            "Structural Type management aws_organizations_policy.p",
        ]
    );
    // A delegated administrator can manage policies, so the provider may be that of another account.
    assert!(place(&document, "aws_sns_topic.t").evidence.is_empty());
}

#[test]
fn data_sources_read_what_others_own() {
    let arn = r#"{"arn":"arn:aws:kms:us-east-1:999999999999:key/x"}"#;
    let resources = [("data.aws_kms_key", "k", "aws", arn), ("aws_sns_topic", "t", "aws", "{}")];
    let document = plan("", &resources);
    assert!(place(&document, "aws_sns_topic.t").evidence.is_empty());
    assert!(place(&document, "data.aws_kms_key.k").evidence.is_empty());
}

#[test]
fn siblings_and_conflict() {
    let resources = [
        ("aws_iam_role", "a", "aws", r#"{"arn":"arn:aws:iam::111111111111:role/a"}"#),
        ("aws_iam_role", "b", "aws", r#"{"arn":"arn:aws:iam::222222222222:role/b"}"#),
        ("aws_s3_bucket", "x", "aws", r#"{"arn":"arn:aws:s3:::x"}"#),
    ];
    let agreed = place(&plan("", &[resources[0], resources[2]]), "aws_s3_bucket.x");
    assert_eq!(told(&agreed), ["Strong Sibling 111111111111 aws_iam_role.a"]);
    let document = plan("", &resources);
    let torn = place(&document, "aws_s3_bucket.x");
    assert_eq!(torn.landing(), None);
    let (one, other) = torn.conflict().unwrap();
    assert_ne!(one.landing, other.landing);
    // One that says itself where it is, is not in doubt because others contradict each other.
    assert_eq!(told(&place(&document, "aws_iam_role.a")), ["Conclusive Arn 111111111111 aws_iam_role.a"]);
}

#[test]
fn assumed_roles() {
    let constant = r#""assume_role":[{"role_arn":{"constant_value":"arn:aws:iam::111111111111:role/first"}},{"role_arn":{"constant_value":"arn:aws:iam::222222222222:role/last"}}]"#;
    assert_eq!(configured(constant), ["Strong AssumeRole 222222222222 provider aws"]);
    let variable = r#""assume_role":[{"role_arn":{"references":["var.role"]}}]"#;
    assert_eq!(configured(variable), ["Strong AssumeRole 333333333333 provider aws"]);
    let inside = r#""assume_role":[{"role_arn":{"references":["var.account"]}}]"#;
    assert_eq!(configured(inside), ["Good AssumeRole 444444444444 provider aws"]);
    // `var.production ? var.account : "222222222222"` is shown like this.
    let chosen = r#""assume_role":[{"role_arn":{"references":["var.production","var.account"]}}]"#;
    assert_eq!(configured(chosen), [""; 0]);
    let web = r#""assume_role_with_web_identity":[{"role_arn":{"constant_value":"arn:aws:iam::222222222222:role/x"}}]"#;
    assert_eq!(configured(web), ["Strong AssumeRole 222222222222 provider aws"]);
    assert_eq!(configured(r#""assume_role":[{"role_arn":{"references":["local.role"]}}]"#), [""; 0]);
    assert_eq!(configured(r#""assume_role":[{"role_arn":{"references":["var.secret"]}}]"#), [""; 0]);
}

#[test]
fn allowed_accounts() {
    let one = r#""allowed_account_ids":{"constant_value":["222222222222"]}"#;
    assert_eq!(configured(one), ["Strong AllowedAccounts 222222222222 provider aws"]);
    // Terraform takes a number for a string.
    let number = r#""allowed_account_ids":{"constant_value":[222222222222]}"#;
    assert_eq!(configured(number), ["Strong AllowedAccounts 222222222222 provider aws"]);
    // `[var.account]` is shown like `[var.account, "222222222222"]`.
    assert_eq!(configured(r#""allowed_account_ids":{"references":["var.account"]}"#), [""; 0]);
    let list = r#""allowed_account_ids":{"references":["var.accounts"]}"#;
    assert_eq!(configured(list), ["Good AllowedAccounts 666666666666 provider aws"]);
    assert_eq!(
        configured(r#""allowed_account_ids":{"constant_value":["222222222222","333333333333"]}"#),
        [""; 0]
    );
}

#[test]
fn vended_account() {
    let provider = r#""aws.new":{"name":"aws","alias":"new","expressions":{"assume_role":[{"role_arn":{"references":["aws_organizations_account.new.id","aws_organizations_account.new"]}}]}}"#;
    let resources = [
        ("aws_organizations_account", "new", "aws", r#"{"id":"222222222222"}"#),
        ("aws_s3_bucket", "x", "aws.new", "{}"),
    ];
    let placement = place(&plan(provider, &resources), "aws_s3_bucket.x");
    assert_eq!(told(&placement), ["Good Vending aws_organizations_account.new provider aws.new"]);
    assert_eq!(landing(placement.landing().unwrap()), "aws_organizations_account.new");
}

#[test]
fn keys_that_old_versions_did_not_rewrite() {
    let document = |providers: &str, key: &str| {
        crate::support::document(&format!(
            r#"{{"format_version":"1.0","planned_values":{{}},"resource_changes":[{{"address":"module.a.module.b.aws_iam_role.r","module_address":"module.a.module.b","mode":"managed","type":"aws_iam_role","name":"r","provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":["create"],"after":{{}}}}}}],
            "configuration":{{"provider_config":{{{providers}}},"root_module":{{"module_calls":{{"a":{{"module":{{"module_calls":{{"b":{{"module":{{"resources":[{{"mode":"managed","type":"aws_iam_role","name":"r","provider_config_key":"{key}"}}]}}}}}}}}}}}}}}}}}}"#
        ))
    };
    let block = |key: &str, account: &str| {
        format!(r#""{key}":{{"expressions":{{"allowed_account_ids":{{"constant_value":["{account}"]}}}}}}"#)
    };
    let told = |providers: &str, key: &str| {
        told(&place(&document(providers, key), "module.a.module.b.aws_iam_role.r"))
    };
    let root = block("aws", "111111111111");
    let both = format!("{root},{}", block("module.a:aws", "222222222222"));
    assert_eq!(told(&root, "aws"), ["Strong AllowedAccounts 111111111111 provider aws"]);
    for key in ["module.a.module.b:aws", "b:aws"] {
        assert_eq!(told(&root, key), ["Good AllowedAccounts 111111111111 provider aws"]);
        assert_eq!(told(&both, key), ["Good AllowedAccounts 222222222222 provider module.a:aws"]);
    }
    let own = block("module.a.module.b:aws", "333333333333");
    let inner = "Strong AllowedAccounts 333333333333 provider module.a.module.b:aws";
    assert_eq!(told(&format!("{both},{own}"), "module.a.module.b:aws"), [inner]);
}

#[test]
fn raw_state_tells_providers_apart() {
    let resource = |kind: &str, alias: &str, attributes: &str| {
        format!(
            r#"{{"mode":"managed","type":"{kind}","name":"x","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]{alias}","instances":[{{"attributes":{attributes}}}]}}"#
        )
    };
    let role = resource("aws_iam_role", ".eu", r#"{"arn":"arn:aws:iam::111111111111:role/x"}"#);
    let (same, other) = (resource("aws_s3_bucket", ".eu", "{}"), resource("aws_s3_object", "", "{}"));
    let document = document(&format!(r#"{{"version":4,"resources":[{role},{same},{other}]}}"#));
    assert_eq!(told(&place(&document, "aws_s3_bucket.x")), ["Strong Sibling 111111111111 aws_iam_role.x"]);
    assert!(place(&document, "aws_s3_object.x").evidence.is_empty());
}

#[test]
fn regions() {
    let provider = r#""aws":{"expressions":{"region":{"references":["var.region"]}}},"aws.local":{"expressions":{"region":{"references":["local.region"]}}}"#;
    let resources = [
        (
            "aws_sns_topic",
            "own",
            "aws",
            r#"{"region":"us-west-2","arn":"arn:aws:sns:us-east-1:111111111111:t"}"#,
        ),
        ("aws_sns_topic", "arn", "aws", r#"{"arn":"arn:aws:sns:us-east-1:111111111111:t"}"#),
        ("aws_sns_topic", "provider", "aws", "{}"),
        ("aws_sns_topic", "local", "aws.local", "{}"),
    ];
    let document = plan(provider, &resources);
    let plan = Plan::parse(&document).unwrap();
    let region = |name: &str| plan.region(at(&plan, &format!("aws_sns_topic.{name}"))).known();
    assert_eq!(
        ["own", "arn", "provider", "local"].map(region),
        [Some("us-west-2".to_owned()), Some("us-east-1".to_owned()), Some("eu-west-1".to_owned()), None]
    );
}

#[test]
fn management_and_created_do_not_contradict_an_id() {
    let provider = r#""aws":{"expressions":{"assume_role":[{"role_arn":{"references":["aws_organizations_account.a.id","aws_organizations_account.a"]}}],"allowed_account_ids":{"constant_value":["111111111111"]}}}"#;
    let document = plan(provider, &[("aws_organizations_account", "a", "aws", "{}")]);
    let placement = place(&document, "aws_organizations_account.a");
    assert_eq!((placement.evidence.len(), placement.conflict()), (3, None));
    assert_eq!(placement.landing(), Some(&Landing::Account("111111111111".to_owned())));
}

#[test]
fn identity_says_it_outright() {
    let change = r#""before":null,"after":{},"after_identity":{"account_id":"111111111111","region":"eu-west-1","name":"x"}"#;
    let row = support::row(r#"["create"]"#, change);
    let document = support::changes(&row);
    assert_eq!(told(&place(&document, "aws_x.y")), ["Conclusive Identity 111111111111 aws_x.y"]);
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(plan.region(at(&plan, "aws_x.y")), Attr::Known("eu-west-1".to_owned()));
}

/// A provider whose role is in an account that data shows, and one bucket of it.
fn assumed(references: &str, data: &[(&str, &str, &str, &str)]) -> Vec<String> {
    let provider = format!(
        r#""aws.x":{{"name":"aws","alias":"x","expressions":{{"assume_role":[{{"role_arn":{{"references":[{references}]}}}}]}}}}"#
    );
    let resources = [data, &[("aws_s3_bucket", "b", "aws.x", "{}")]].concat();
    told(&place(&plan(&provider, &resources), "aws_s3_bucket.b"))
}

#[test]
fn the_state_of_another_stack_names_the_account() {
    let state = [(
        "data.terraform_remote_state",
        "o",
        "terraform",
        r#"{"outputs":{"accounts":{"shop":"222222222222"},"role":"arn:aws:iam::333333333333:role/x"}}"#,
    )];
    let account = r#""data.terraform_remote_state.o.outputs.accounts[\"shop\"]","data.terraform_remote_state.o.outputs.accounts","data.terraform_remote_state.o.outputs","data.terraform_remote_state.o""#;
    assert_eq!(
        assumed(account, &state),
        ["Good Value 222222222222 provider aws.x by data.terraform_remote_state.o"]
    );
    let role = r#""data.terraform_remote_state.o.outputs.role","data.terraform_remote_state.o.outputs","data.terraform_remote_state.o""#;
    assert_eq!(
        assumed(role, &state),
        ["Strong Value 333333333333 provider aws.x by data.terraform_remote_state.o"]
    );
    // Something else takes part, and it may be the account as well.
    let two = format!(r#"{account},"local.name""#);
    assert_eq!(
        assumed(&two, &state),
        ["Good Value 222222222222 provider aws.x by data.terraform_remote_state.o"]
    );
    let missing = r#""data.terraform_remote_state.o.outputs.gone","data.terraform_remote_state.o.outputs","data.terraform_remote_state.o""#;
    assert_eq!(assumed(missing, &state), [""; 0]);
}

/// The provider marks the value of every parameter sensitive, and shows plain ones a second time.
#[test]
fn a_parameter_names_the_account_unless_it_is_a_secret() {
    let parameter = |values: &str| {
        crate::support::document(&format!(
            r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[
            {{"address":"aws_s3_bucket.b","mode":"managed","type":"aws_s3_bucket","name":"b","provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":["create"],"before":null,"after":{{}}}}}}],
            "prior_state":{{"values":{{"root_module":{{"resources":[{{"address":"data.aws_ssm_parameter.p","mode":"data","type":"aws_ssm_parameter","name":"p","provider_name":"registry.terraform.io/hashicorp/aws","values":{values},"sensitive_values":{{"value":true}}}}]}}}}}},
            "configuration":{{"provider_config":{{"aws.x":{{"name":"aws","alias":"x","expressions":{{"assume_role":[{{"role_arn":{{"references":["data.aws_ssm_parameter.p.value","data.aws_ssm_parameter.p"]}}}}]}}}}}},
            "root_module":{{"resources":[{{"mode":"managed","type":"aws_s3_bucket","name":"b","provider_config_key":"aws.x"}}]}}}}}}"#
        ))
    };
    let plain = parameter(r#"{"value":"222222222222","insecure_value":"222222222222"}"#);
    assert_eq!(
        told(&place(&plain, "aws_s3_bucket.b")),
        ["Good Value 222222222222 provider aws.x by data.aws_ssm_parameter.p"]
    );
    let secret = parameter(r#"{"value":"222222222222","insecure_value":""}"#);
    assert!(place(&secret, "aws_s3_bucket.b").evidence.is_empty());
}

#[test]
fn a_role_that_exists_names_its_account() {
    let role = [("data.aws_iam_role", "r", "aws", r#"{"arn":"arn:aws:iam::222222222222:role/r"}"#)];
    let reference = r#""data.aws_iam_role.r.arn","data.aws_iam_role.r""#;
    assert_eq!(
        assumed(reference, &role),
        ["Strong Value 222222222222 provider aws.x by data.aws_iam_role.r"]
    );
}

#[test]
fn a_topic_is_in_the_account_of_its_owner_and_a_ticket_is_not() {
    let resources = [
        ("aws_sns_topic", "t", "aws.t", r#"{"owner":"222222222222"}"#),
        ("aws_s3_bucket", "b", "aws.b", r#"{"owner":"222222222222"}"#),
    ];
    let document = plan("", &resources);
    assert_eq!(told(&place(&document, "aws_sns_topic.t")), ["Strong Owner 222222222222 aws_sns_topic.t"]);
    assert!(place(&document, "aws_s3_bucket.b").evidence.is_empty());
}

#[test]
fn what_manages_accounts_is_in_the_management_account() {
    let resources = [
        ("aws_organizations_account", "a", "aws", "{}"),
        ("aws_s3_bucket", "b", "aws", "{}"),
        ("aws_organizations_policy", "p", "aws.policies", "{}"),
        ("aws_s3_bucket", "c", "aws.policies", "{}"),
    ];
    let document = plan("", &resources);
    assert_eq!(
        told(&place(&document, "aws_s3_bucket.b")),
        ["Structural Sibling management aws_organizations_account.a"]
    );
    assert!(place(&document, "aws_s3_bucket.c").evidence.is_empty(), "a delegated administrator may do this");
}

#[test]
fn what_is_declared_counts_where_there_is_no_evidence() {
    let declaration = Declaration {
        account: Some("777777777777".to_owned()),
        providers: [("aws.audit".to_owned(), "888888888888".to_owned())].into(),
        region: Some("eu-west-3".to_owned()),
        principal: None,
    };
    let resources = [
        ("aws_s3_bucket", "b", "aws", "{}"),
        ("aws_s3_bucket", "audit", "aws.audit", "{}"),
        ("aws_s3_bucket", "other", "aws.other", "{}"),
        ("aws_iam_role", "known", "aws.known", r#"{"arn":"arn:aws:iam::111111111111:role/a"}"#),
    ];
    let document = plan("", &resources);
    let mut declared = Plan::parse(&document).unwrap();
    declared.declare(declaration.clone());
    let told = |plan: &Plan<'_>, address: &str| told(&plan.placement(at(plan, address)));
    let source = "`[stacks]` of the configuration";
    assert_eq!(told(&declared, "aws_s3_bucket.b"), [format!("Declared Declaration 777777777777 {source}")]);
    assert_eq!(
        told(&declared, "aws_s3_bucket.audit"),
        [format!("Declared Declaration 888888888888 {source}")]
    );
    // The account of the stack says nothing of its other providers.
    assert_eq!(told(&declared, "aws_s3_bucket.other"), [""; 0]);
    assert_eq!(declared.region(at(&declared, "aws_s3_bucket.b")), Attr::Known("eu-west-3".to_owned()));

    // What the plan shows is right, and the contradiction is told.
    let role = ("aws_iam_role", "known", "aws", r#"{"arn":"arn:aws:iam::111111111111:role/a"}"#);
    let document = self::plan("", &[role]);
    let mut contradicted = Plan::parse(&document).unwrap();
    contradicted.declare(declaration);
    let placement = contradicted.placement(at(&contradicted, "aws_iam_role.known"));
    assert_eq!(placement.landing(), Some(&Landing::Account("111111111111".to_owned())));
    assert!(placement.conflict().is_some());
}

#[test]
fn each_provider_is_reported_once() {
    let resources = [
        ("aws_iam_role", "a", "aws", r#"{"arn":"arn:aws:iam::111111111111:role/a"}"#),
        ("aws_sns_topic", "t", "aws", r#"{"region":"us-west-2"}"#),
        ("aws_sns_topic", "lost", "aws.lost", "{}"),
    ];
    let document = plan(r#""aws":{"expressions":{"region":{"constant_value":"eu-west-1"}}}"#, &resources);
    let plan = Plan::parse(&document).unwrap();
    let reports: Vec<_> = plan
        .provider_placements()
        .into_iter()
        .map(|report| {
            let landing = report.placement.landing().map(landing);
            (
                report.provider.unwrap(),
                landing,
                report.regions.into_iter().collect::<Vec<_>>(),
                report.resources,
            )
        })
        .collect();
    assert_eq!(
        reports,
        [
            (
                "aws".to_owned(),
                Some("111111111111".to_owned()),
                vec!["eu-west-1".to_owned(), "us-west-2".to_owned()],
                2
            ),
            ("aws.lost".to_owned(), None, vec![], 1),
        ]
    );
}

/// The ARN of an event target names the target, that of a secret's version the secret: each can be another account's.
#[test]
fn an_arn_of_something_else_is_no_evidence() {
    let elsewhere = r#"{"arn":"arn:aws:events:us-east-1:111111111111:event-bus/central"}"#;
    for kind in
        ["aws_cloudwatch_event_target", "aws_sns_topic_subscription", "aws_secretsmanager_secret_version"]
    {
        let document = plan("", &[(kind, "x", "aws", elsewhere), ("aws_s3_bucket", "b", "aws", "{}")]);
        assert!(place(&document, "aws_s3_bucket.b").evidence.is_empty(), "{kind}");
        assert!(place(&document, &format!("{kind}.x")).evidence.is_empty(), "{kind}");
    }
    // A delegated administrator can make the organization's trail, which belongs to the management account.
    let trail =
        r#"{"is_organization_trail":true,"arn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/all"}"#;
    let document = plan("", &[("aws_cloudtrail", "x", "aws", trail), ("aws_s3_bucket", "b", "aws", "{}")]);
    assert!(place(&document, "aws_s3_bucket.b").evidence.is_empty());
}

/// Resources that name no account can come first, and many.
#[test]
fn evidence_stands_behind_many_resources_that_have_none() {
    let names: Vec<String> = (0..100).map(|number| format!("r{number}")).collect();
    let mut resources: Vec<_> = names
        .iter()
        .map(|name| ("aws_route53_record", name.as_str(), "aws", r#"{"fqdn":"a.example.com"}"#))
        .collect();
    resources.push(("aws_sqs_queue", "old", "aws", r#"{"arn":"arn:aws:sqs:us-east-1:111111111111:old"}"#));
    resources.push(("aws_s3_bucket", "b", "aws", "{}"));
    let document = plan("", &resources);
    assert_eq!(told(&place(&document, "aws_s3_bucket.b")), ["Strong Sibling 111111111111 aws_sqs_queue.old"]);
}
