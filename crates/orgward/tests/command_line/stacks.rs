//! Several stacks of one organization, from the outside: `fixtures/stacks`.

use serde_json::Value;

use crate::support::{Folder, Run, fixture};

fn stack(name: &str) -> String {
    fixture(&format!("stacks/{name}.json")).display().to_string()
}

fn review(folder: &Folder, arguments: &[&str]) -> Run {
    folder.run(["plan", "review", "--format", "json"].iter().chain(arguments))
}

/// What is new, as `verdict severity rule address target`.
fn news(run: &Run) -> Vec<String> {
    let json = run.json();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    let mut news: Vec<String> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] == "new" && finding["severity"] != "info")
        .map(|finding| {
            ["verdict", "severity", "rule", "address", "target"].map(|key| text(finding, key)).join(" ")
        })
        .collect();
    news.sort();
    news
}

const LEAVES: &str = "found critical departing-account aws_organizations_account.partner -";

const DETACHED: [&str; 3] = [
    "found high guardrail-removed aws_organizations_policy_attachment.protect_audit Root",
    "found medium guardrail-removed aws_organizations_policy_attachment.protect_audit Root/prod",
    "found medium guardrail-removed aws_organizations_policy_attachment.region_lock[\"sandbox\"] Root/dev/sandbox",
];

/// The attachment moves from the root to one unit, and the unit `sandbox` is replaced. The partner's account
/// leaves. An account that moves from one locked unit to another and a resource that `moved` renames are fine.
#[test]
fn the_stack_of_the_organization_alone() {
    let run = review(&Folder::new(), &[&stack("organization/change")]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(news(&run), [&[LEAVES][..], &DETACHED].concat());
}

/// Alone, a stack does not know who belongs to the organization, nor which account manages it, and says so.
#[test]
fn the_other_stacks_alone_say_what_they_cannot_know() {
    let run = review(&Folder::new(), &[&stack("workload/change")]);
    assert_eq!(
        news(&run),
        [
            "unverifiable low data-loss aws_sqs_queue.returns -",
            "unverifiable low management-account-workload - -",
            "unverifiable medium external-trust aws_iam_role.exports -",
        ]
    );
    let run = review(&Folder::new(), &[&stack("baseline/create")]);
    assert_eq!(
        news(&run),
        [
            "unverifiable medium external-trust aws_iam_role.break_glass -",
            "unverifiable medium external-trust module.audit.aws_iam_role.deploy -",
            "unverifiable medium external-trust module.shop.aws_iam_role.deploy -",
            "unverifiable medium external-trust module.shop_dev.aws_iam_role.deploy -",
        ]
    );
}

/// The partner's account is below `Root/dev`, and the role that trusts it is in production.
const UPWARD: &str = "found high upward-trust aws_iam_role.exports -";

/// A queue of production is deleted with what waits in it.
const QUEUE: &str = "found high data-loss aws_sqs_queue.returns -";

/// The boundaries of three accounts allow one service more.
const WEAKENED: [&str; 3] = [
    "found high weakened-boundary module.audit.aws_iam_policy.boundary -",
    "found high weakened-boundary module.development.aws_iam_policy.boundary -",
    "found high weakened-boundary module.shop.aws_iam_policy.boundary -",
];

/// As the organization stands, the partner whom the workload lets in is one of its accounts.
#[test]
fn each_stack_is_fine_in_the_organization_as_it_stands() {
    let state = stack("organization/state");
    for name in ["baseline/create", "workload/create", "workload/change", "baseline/change"] {
        let run = review(&Folder::new(), &[&stack(name), "--org", &state]);
        let expected: &[&str] = match name {
            "workload/change" => &[QUEUE, UPWARD],
            "baseline/change" => &WEAKENED,
            _ => &[],
        };
        let expected = (i32::from(!expected.is_empty()), expected.iter().map(ToString::to_string).collect());
        assert_eq!((run.code, news(&run)), expected, "{name}: {run:?}");
    }
}

/// Together, the partner leaves while the workload opens a role for it.
#[test]
fn together_they_are_worse() {
    let [organization, baseline, workload] =
        ["organization", "baseline", "workload"].map(|name| stack(&format!("{name}/change")));
    let folder = Folder::new();
    let run = review(&folder, &[&organization, &baseline, &workload]);
    assert_eq!(run.code, 1);
    let mut expected = vec![LEAVES, QUEUE, "found high external-trust aws_iam_role.exports -"];
    let [removed, moved @ ..] = DETACHED;
    expected.push(removed);
    expected.extend(WEAKENED);
    expected.extend(moved);
    assert_eq!(news(&run), expected);
    let other = review(&folder, &[&workload, &baseline, &organization]);
    assert_eq!(other.json()["findings"], run.json()["findings"], "the order of inputs changes nothing");
}

/// The role is in an account that the other stack puts into `Root/prod`.
#[test]
fn severities_by_unit_hold_across_stacks() {
    let folder = Folder::new();
    folder.write(
        "orgward.toml",
        "[[severity_for]]\ntargets = ['Root/prod']\nrules = ['external-trust']\nat_least = 'critical'\n",
    );
    let run = review(&folder, &[&stack("organization/change"), &stack("workload/change")]);
    assert!(
        news(&run).contains(&"found critical external-trust aws_iam_role.exports -".to_owned()),
        "{:?}",
        news(&run)
    );
}

#[test]
fn every_provider_is_placed_and_says_why() {
    let folder = Folder::new();
    for (from, to) in [("organization/state", "org.json"), ("baseline/create", "baseline.json")] {
        folder.write(to, std::fs::read(stack(from)).unwrap());
    }
    let run = folder.run(["org", "show", "baseline.json", "--org", "org.json"]);
    let (_, rest) = run.stdout.split_once("the account of each provider\n").unwrap();
    let (placements, advice) = rest.split_once("\nrecommended by AWS, and not seen in the inputs\n").unwrap();
    // The first stack manages the organization, and sets none of what AWS recommends.
    assert_eq!(advice.lines().count(), 9, "{advice}");
    assert_eq!(
        placements,
        "  baseline.json
    provider aws.audit: 222222222222, Root/prod/audit, eu-central-1 (3 resources)
      the role that provider aws.audit assumes, whose account `data.aws_ssm_parameter.audit` shows
    provider aws.shop: 444444444444, Root/prod/shop, eu-central-1 (2 resources)
      the role that provider aws.shop assumes, whose account `data.terraform_remote_state.organization` shows
    provider aws.shop_dev: 555555555555, Root/dev/shop-dev, eu-west-1 (2 resources)
      the role that provider aws.shop_dev assumes
  org.json
    provider not shown: 111111111111, eu-central-1 (15 resources)
      `aws_organizations_account.audit` itself
      the resource type
"
    );
    let run = folder.run(["org", "show", "baseline.json", "--org", "org.json", "--format", "json"]);
    let json = run.json();
    let shop = json["placements"].as_array().unwrap().iter().find(|placed| placed["provider"] == "aws.shop");
    assert_eq!(
        *shop.unwrap(),
        serde_json::json!({
            "input": "baseline.json", "provider": "aws.shop", "account": "444444444444", "path": "Root/prod/shop",
            "regions": ["eu-central-1"], "resources": 2,
            "evidence": ["the role that provider aws.shop assumes, whose account \
                          `data.terraform_remote_state.organization` shows"],
        })
    );
}

/// A plan whose provider is configured from outside.
const NOWHERE: &str = r#"{"format_version":"1.2","planned_values":{},"resource_changes":[
    {"address":"aws_sqs_queue.orders","mode":"managed","type":"aws_sqs_queue","name":"orders",
     "provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["create"],"before":null,"after":{}}}],
    "configuration":{"provider_config":{"aws":{"name":"aws"}},"root_module":{"resources":[
     {"mode":"managed","type":"aws_sqs_queue","name":"orders","provider_config_key":"aws"}]}}}"#;

#[test]
fn the_configuration_tells_the_account_of_a_stack() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("stacks/shop")).unwrap();
    folder.write("stacks/shop/plan.json", NOWHERE);
    let show = |folder: &Folder, plan: &str| folder.run(["org", "show", plan]).stdout;
    assert!(show(&folder, "stacks/shop/plan.json").contains("provider aws: account not known (1 resource)"));
    folder.write(
        "orgward.toml",
        "[organization]\nmanagement_account = '111111111111'\n[stacks]\n'stacks/shop/*' = { account = '111111111111', region = 'eu-west-1' }\n",
    );
    // However the path is spelled.
    let absolute = folder.path("stacks/shop/plan.json").display().to_string();
    for plan in ["stacks/shop/plan.json", "./stacks/../stacks/shop/plan.json", &absolute] {
        let shown = show(&folder, plan);
        assert!(shown.contains("provider aws: 111111111111"), "{shown}");
        assert!(shown.contains("eu-west-1 (1 resource)\n    `[stacks]` of the configuration\n"), "{shown}");
        assert_eq!(
            news(&review(&folder, &[plan])),
            ["found high management-account-workload aws_sqs_queue.orders -"]
        );
    }
}

#[test]
fn a_stack_that_is_somewhere_else_than_the_configuration_says_is_told() {
    let folder = Folder::new();
    folder.write("plan.json", std::fs::read(stack("workload/change")).unwrap());
    folder.write("orgward.toml", "[stacks]\n'plan.json' = '999999999999'\n");
    let json = review(&folder, &["plan.json"]).json();
    let findings = json["findings"].as_array().unwrap().iter();
    let told: Vec<&Value> = findings.filter(|finding| finding["rule"] == "unverifiable-plan").collect();
    assert_eq!(told.len(), 3, "two roles and a queue: {json}");
    for finding in told {
        let message = finding["message"].as_str().unwrap();
        assert!(message.starts_with("evidence puts it into two accounts: 444444444444 by "), "{message}");
        assert!(message.ends_with(", and 999999999999 by `[stacks]` of the configuration"), "{message}");
        assert_eq!(finding["help"], "correct `[stacks]` of `orgward.toml`: what the plan shows was believed");
    }
    let shown = folder.run(["org", "show", "plan.json"]).stdout;
    assert!(shown.contains("provider aws: 444444444444"), "{shown}");
    assert!(shown.contains("`[stacks]` of the configuration, says 999999999999"), "{shown}");
}

/// A waiver of a finding holds however somebody spells the path of the plan, and whether the state of the
/// organization is given.
#[test]
fn fingerprints_do_not_depend_on_how_a_path_is_spelled() {
    let folder = Folder::new();
    for name in ["organization", "workload"] {
        folder.write(&format!("{name}.json"), std::fs::read(stack(&format!("{name}/change"))).unwrap());
    }
    folder.write("state.json", std::fs::read(stack("workload/state")).unwrap());
    let fingerprints = |arguments: &[&str]| -> Vec<String> {
        let json = review(&folder, arguments).json();
        // What it lacks as a whole is no matter of inputs.
        let findings = json["findings"].as_array().unwrap().iter();
        let findings = findings.filter(|finding| finding["rule"] == "guardrail-removed");
        findings.map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let plain = fingerprints(&["organization.json", "workload.json"]);
    let absolute = [folder.path("organization.json"), folder.path("workload.json")]
        .map(|path| path.display().to_string());
    assert_eq!(fingerprints(&["./organization.json", "./workload.json"]), plain);
    assert_eq!(fingerprints(&[&absolute[0], &absolute[1]]), plain);
    let alone = fingerprints(&["organization.json"]);
    assert_eq!(alone.len(), 3);
    assert_eq!(fingerprints(&["organization.json", "--org", "state.json"]), alone);
    let twice = folder.run(["plan", "review", "organization.json", "./organization.json"]);
    assert!(twice.stderr.contains("`organization.json` is given twice"), "{twice:?}");
}

#[test]
fn inputs_that_contradict_each_other_are_told() {
    let folder = Folder::new();
    for (from, to) in [("organization/change", "new.json"), ("organization/create", "old.json")] {
        folder.write(to, std::fs::read(stack(from)).unwrap());
    }
    let run = review(&folder, &["new.json", "old.json"]);
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let told = findings.iter().find(|finding| finding["rule"] == "unverifiable-plan").unwrap();
    assert_eq!(
        told["message"],
        "`new.json` and `old.json` both manage what is `aws_organizations_organization.this`"
    );
    assert_eq!((&told["verdict"], &told["severity"]), (&"unverifiable".into(), &"high".into()));
}
