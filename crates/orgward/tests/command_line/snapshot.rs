//! Snapshots of a live organization as inputs. The fixtures are of an organization that Terraform made in moto: what the
//! collector read of it, at two times, and what Terraform says of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use orgward_snapshot::{AccountPart, Gap, OrganizationPart, POLICY_KINDS, Part, Snapshot};
use serde_json::{Value, json};

use crate::support::{Folder, Run, finish, fixture};

const FILES: [&str; 5] = [
    "organization.snapshot.zst",
    "later.snapshot.zst",
    "organization.json",
    "account-0.json",
    "account-1.json",
];
/// Accounts with identities that Terraform made.
const ACCOUNTS: [&str; 2] = ["537485260284", "979769963954"];

fn folder() -> Folder {
    let folder = Folder::new();
    for file in FILES {
        fs::copy(fixture(&format!("snapshot/{file}")), folder.path(file)).unwrap();
    }
    folder
}

/// What an organization has, by what AWS calls it.
fn nodes(run: &Run) -> BTreeSet<String> {
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    let after = &json["after"];
    let nodes = after["nodes"].as_array().unwrap();
    let id_of = |key: &Value| -> String {
        let found = nodes.iter().find(|node| node["key"] == *key);
        found.map_or_else(|| "-".to_owned(), |node| node["id"].to_string())
    };
    let node = |node: &Value| {
        let (parent, management) = (id_of(&node["parent"]), node["management"] == true);
        // Terraform does not say where the account is that it works from.
        let place = if management { String::new() } else { format!(" in {parent} of {}", node["account"]) };
        format!("{} {} {} {}{place}", node["kind"], node["id"], node["arn"], node["name"])
    };
    let attachment = |attached: &Value| {
        let (policy, target) = (id_of(&attached["policy"]), id_of(&attached["target"]));
        format!("{policy} attached to {target}: {}", attached["resolution"])
    };
    let attached = after["attachments"].as_array().unwrap().iter().map(attachment);
    nodes.iter().map(node).chain(attached).collect()
}

/// The snapshot shows the organization that Terraform made, node by node and attachment by attachment. What AWS makes in
/// each new account beside it, Terraform does not see.
#[test]
fn a_snapshot_equals_the_states_of_the_same_organization() {
    let folder = folder();
    let shown =
        |arguments: &[&str]| nodes(&folder.run(["org", "show", "--format", "json"].iter().chain(arguments)));
    let live = shown(&["organization.snapshot.zst"]);
    let states = shown(&["organization.json", "account-0.json", "account-1.json"]);
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> { a.difference(b).cloned().collect() };
    assert_eq!(only(&states, &live), [""; 0]);
    let more = only(&live, &states);
    assert_eq!(more.len(), 7, "{more:?}");
    assert!(more.iter().all(|node| node.contains("OrganizationAccountAccessRole")), "{more:?}");
    assert_eq!(states.len(), 87);
}

fn diff(folder: &Folder, a: &str, b: &str) -> (Run, Vec<String>) {
    let run = folder.run(["org", "diff", "--format", "json", a, b]);
    let json = run.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let all = json["drift"].as_array().unwrap().iter();
    let drift = all.map(|it| {
        format!(
            "{} {} {}: {} > {}",
            text(&it["what"]),
            text(&it["kind"]),
            text(&it["name"]),
            text(&it["from"]),
            text(&it["to"])
        )
    });
    let mut drift: Vec<String> = drift.collect();
    drift.sort();
    (run, drift)
}

/// Objects have other addresses in a snapshot than in a state, and are the same.
#[test]
fn a_snapshot_without_drift_differs_in_nothing_from_a_state() {
    let folder = folder();
    for (a, b) in [
        ("organization.json", "organization.snapshot.zst"),
        ("organization.snapshot.zst", "organization.json"),
        ("account-0.json", "organization.snapshot.zst"),
        ("organization.snapshot.zst", "account-1.json"),
    ] {
        let (run, drift) = diff(&folder, a, b);
        assert_eq!(drift, [""; 0], "{a} {b}");
        let json = run.json();
        let findings = json["review"]["findings"].as_array().unwrap();
        let new: Vec<&Value> = findings.iter().filter(|finding| finding["status"] == "new").collect();
        assert_eq!(new, Vec::<&Value>::new(), "{a} {b}");
        assert_eq!(json["review"]["access"]["gained"].as_array().map_or(0, Vec::len), 0, "{json}");
    }
}

/// What was done by hand is found beside the state and beside an older snapshot, and judged.
#[test]
fn what_was_made_by_hand_is_drift() {
    let folder = folder();
    for before in ["organization.json", "organization.snapshot.zst"] {
        let (run, drift) = diff(&folder, before, "later.snapshot.zst");
        assert_eq!(run.code, 1, "{run:?}");
        let tree: Vec<&String> = drift.iter().filter(|it| !it.contains("changed policy trail")).collect();
        assert_eq!(
            tree,
            [
                "added policy by-hand: - > -",
                "attached policy by-hand: - > Root/Sandbox",
                "detached policy region: Root/Sandbox > -",
                "moved account account-006: Root/Workloads/Team00 > Root/Sandbox",
            ],
            "{before}"
        );
        let json = run.json();
        let changed = json["drift"].as_array().unwrap().iter().find(|it| it["name"] == "trail").unwrap();
        assert_eq!(changed["gained"]["action"], "cloudtrail:StopLogging", "{changed}");
        assert!(changed["lost"].is_null());
        let findings = json["review"]["findings"].as_array().unwrap();
        let removed = |finding: &&Value| finding["rule"] == "guardrail-removed" && finding["status"] == "new";
        assert!(findings.iter().filter(removed).count() >= 3, "{findings:?}");
    }
    // A principal that the state manages is compared with all that it has been given.
    let (run, _) = diff(&folder, "account-0.json", "later.snapshot.zst");
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    let findings = json["review"]["findings"].as_array().unwrap();
    let administrators: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["rule"] == "administrator-grant" && finding["status"] == "new")
        .collect();
    assert_eq!(administrators.len(), 1, "{findings:?}");
    assert!(administrators[0]["message"].as_str().unwrap().contains("audit"), "{administrators:?}");
    // What other stacks manage is none of its business.
    let (run, _) = diff(&folder, "account-1.json", "later.snapshot.zst");
    assert_eq!(run.code, 0, "{run:?}");
}

/// A plan that creates something in an account.
fn plan(account: &str) -> String {
    let role = json!({
        "name": "new", "path": "/",
        "assume_role_policy": json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" } }] }).to_string(),
    });
    json!({
        "format_version": "1.2",
        "configuration": { "root_module": {} },
        "resource_changes": [{
            "address": "aws_iam_role.new", "mode": "managed", "type": "aws_iam_role", "name": "new",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"], "before": null, "after": role, "after_unknown": {},
                "after_identity": { "account_id": account, "name": "new" },
            },
        }],
    })
    .to_string()
}

/// A review looks at the accounts that the plan names, at those that these trust, and at no others.
#[test]
fn a_review_reads_the_accounts_around_its_plan() {
    let folder = folder();
    folder.write("plan.json", plan(ACCOUNTS[1]));
    let run = folder.run(["plan", "review", "plan.json", "--org", "organization.snapshot.zst", "--existing"]);
    // The role `audit` trusts the first account, and all trust the management account.
    assert!(
        run.stderr.contains(
            "note: of `organization.snapshot.zst`, the permissions of 3 of 8 accounts are read: the plans and what they \
             touch name no other"
        ),
        "{run:?}"
    );
    assert!(run.stdout.contains(ACCOUNTS[1]), "{run:?}");
    assert!(!run.stdout.contains("469022820850:role/OrganizationAccountAccessRole"), "{run:?}");
    // What is forbidden to everyone is asked of everyone.
    folder.write(
        "orgward.toml",
        "[[forbid]]\nid = \"keys\"\nactions = [\"iam:CreateAccessKey\"]\nresources = [\"*\"]\n",
    );
    let run = folder.run(["plan", "review", "plan.json", "--org", "organization.snapshot.zst"]);
    assert!(!run.stderr.contains("note: of `organization.snapshot.zst`"), "{run:?}");
}

/// Writes the fixture with something missing.
fn with_gaps(folder: &Folder, name: &str, change: impl Fn(&mut OrganizationPart, &mut Vec<AccountPart>)) {
    let mut snapshot =
        Snapshot::open(File::open(fixture("snapshot/organization.snapshot.zst")).unwrap()).unwrap();
    let mut organization = snapshot.organization().unwrap();
    let ids: Vec<String> = snapshot.accounts().keys().cloned().collect();
    let mut accounts = ids.iter().map(|id| snapshot.account(id).unwrap().unwrap()).collect();
    change(&mut organization, &mut accounts);
    let mut bytes = Vec::new();
    let organization = Part::of_organization(&organization).unwrap();
    orgward_snapshot::write(&mut bytes, &organization, accounts.iter().map(Part::of_account)).unwrap();
    folder.write(name, bytes);
}

fn refused(account: &mut AccountPart) {
    *account = AccountPart {
        account: account.account.clone(),
        gaps: vec![Gap {
            what: "the identities, permissions and resources".to_owned(),
            action: "sts:AssumeRole".to_owned(),
            why: "AccessDenied".to_owned(),
        }],
        ..AccountPart::default()
    };
}

/// An account whose resources are read, too, everywhere.
fn read_whole(account: &mut AccountPart) {
    account.regions = vec!["eu-central-1".to_owned()];
    account.all_regions = true;
    account.kinds = POLICY_KINDS.iter().map(|kind| kind.id.to_owned()).collect();
}

/// A snapshot that was made without `--region` shows no policy of any resource: it is not clean about them.
#[test]
fn resources_that_were_not_asked_for_are_undecided() {
    let folder = folder();
    with_gaps(&folder, "whole.zst", |_, accounts| accounts.iter_mut().for_each(read_whole));
    with_gaps(&folder, "one.zst", |_, accounts| {
        for account in accounts {
            account.regions = vec!["eu-central-1".to_owned()];
            let s3 = POLICY_KINDS.iter().filter(|kind| kind.service == "s3").map(|kind| kind.id.to_owned());
            account.kinds = s3.chain(["sqs".to_owned()]).collect();
        }
    });
    let said = "the snapshot does not show the policies of resources, trails and detection of 8 accounts: no region was read";
    let findings = |file: &str| -> Vec<(String, String)> {
        let run = folder.run(["org", "audit", file, "--format", "json"]);
        let json = run.json();
        let all = json["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "unverifiable-plan");
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        all.map(|it| (text(&it["severity"]), text(&it["message"]))).collect()
    };
    assert_eq!(findings("organization.snapshot.zst"), [("medium".to_owned(), said.to_owned())]);
    assert_eq!(findings("whole.zst"), []);
    // What the collector was told to leave out, and what it never reads, is named and does not block.
    let limits = findings("one.zst");
    let whats = [
        "resources in regions other than eu-central-1 of 8 accounts",
        "more kinds of resources of 8 accounts",
    ];
    assert_eq!(limits.len(), whats.len(), "{limits:?}");
    for ((severity, message), what) in limits.iter().zip(whats) {
        assert!(severity == "low" && message.contains(what), "{limits:?}");
    }
    // Only questions about services whose resources have policies depend on it.
    let undecided = |file: &str, action: &str| {
        let run = folder.run(["access", "who-can", action, "--org", file, "--format", "json"]);
        run.json()["undecided"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(undecided("organization.snapshot.zst", "s3:GetObject"), 1);
    assert_eq!(undecided("organization.snapshot.zst", "iam:CreateUser"), 0);
    assert_eq!(undecided("whole.zst", "s3:GetObject"), 0);
    assert_eq!(undecided("one.zst", "sqs:SendMessage"), 1);
    assert_eq!(undecided("one.zst", "kms:Decrypt"), 1);
    // Nor does a review with it say that what is forbidden is proved.
    folder.write("plan.json", plan(ACCOUNTS[0]));
    let forbid = |action: &str| {
        let toml = format!("[[forbid]]\nid = \"no\"\nactions = [\"{action}\"]\nresources = [\"*\"]\n");
        folder.write("orgward.toml", toml);
        let review =
            ["plan", "review", "plan.json", "--org", "organization.snapshot.zst", "--format", "json"];
        let json = folder.run(review).json();
        let all = json["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "forbidden-access");
        all.filter(|it| it["verdict"] == "unverifiable").count()
    };
    assert_eq!(forbid("backup:DeleteBackupVault"), 1);
    assert_eq!(forbid("sts:GetFederationToken"), 0);
}

const NOT_READ: &str = "the snapshot does not show the identities, permissions and resources of account 537485260284: \
                        `sts:AssumeRole`: AccessDenied";

/// What AWS refused to show is undecided: no answer says that nobody can.
#[test]
fn what_could_not_be_read_is_undecided() {
    let folder = folder();
    with_gaps(&folder, "whole.zst", |_, accounts| accounts.iter_mut().for_each(read_whole));
    with_gaps(&folder, "gaps.zst", |_, accounts| {
        accounts.iter_mut().for_each(read_whole);
        refused(accounts.iter_mut().find(|part| part.account == ACCOUNTS[0]).unwrap());
    });
    let run = folder.run(["access", "who-can", "sagemaker:CreateDomain", "--org", "gaps.zst"]);
    let one = "undecided: the snapshot does not show the identities, permissions and resources of one account: \
               `sts:AssumeRole`: AccessDenied";
    assert!(run.stdout.contains(one), "{run:?}");
    let path = ["access", "path", "account:979769963954", "account:469022820850", "--org"];
    let run = folder.run(path.iter().chain(&["whole.zst"]));
    assert!(run.stdout.starts_with("no way leads"), "{run:?}");
    let run = folder.run(path.iter().chain(&["gaps.zst"]));
    assert!(run.stdout.starts_with("undecided"), "{run:?}");
    // It was missing before the plan, too, and is said.
    folder.write("plan.json", plan(ACCOUNTS[0]));
    let review = |folder: &Folder| {
        folder.run(["plan", "review", "plan.json", "--org", "gaps.zst", "--format", "json"])
    };
    let missing = |run: &Run, rule: &str| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let json = run.json();
        let all = json["findings"].as_array().unwrap().iter();
        let of_rule = all.filter(|finding| finding["rule"] == *rule && finding["verdict"] == "unverifiable");
        of_rule.map(|it| (text(&it["status"]), text(&it["message"]))).collect()
    };
    let run = review(&folder);
    let said = "the snapshot does not show the identities, permissions and resources of one account: \
                `sts:AssumeRole`: AccessDenied";
    let existing = |message: &str| ("existing".to_owned(), message.to_owned());
    // So are the accounts that the plan has nothing to do with.
    let left = "the snapshot does not show the permissions of 6 of 8 accounts: the plans and what they touch name none of \
                them, and they are not read";
    assert_eq!(missing(&run, "unverifiable-plan"), [existing(said), existing(left)], "{run:?}");
    folder.write(
        "orgward.toml",
        "[[forbid]]\nid = \"domains\"\nactions = [\"sagemaker:CreateDomain\"]\nresources = [\"*\"]\n",
    );
    let run = review(&folder);
    let said = format!("`domains` is not proved: {NOT_READ}");
    assert!(missing(&run, "forbidden-access").contains(&existing(&said)), "{run:?}");
}

/// A guardrail whose text could not be read is not taken for one that denies nothing, or everything.
#[test]
fn a_policy_without_its_text_leaves_guardrails_undecided() {
    let folder = folder();
    let toml = "[[guardrail]]\nid = \"leave\"\ndescription = \"d\"\nactions = [\"organizations:LeaveOrganization\"]\ntargets = [\"Root\"]\n";
    folder.write("orgward.toml", toml);
    let check = |file: &str| folder.run(["guardrail", "check", "--org", file, "--format", "json"]);
    let verdicts = |run: &Run| -> Vec<(String, String)> {
        let json = run.json();
        let all = json["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "guardrail-gap");
        all.map(|it| (it["verdict"].as_str().unwrap().to_owned(), it["message"].to_string())).collect()
    };
    assert_eq!(verdicts(&check("organization.snapshot.zst")), []);
    with_gaps(&folder, "text.zst", |organization, _| {
        organization.policies.iter_mut().find(|policy| policy.name == "leave").unwrap().content = None;
    });
    let open = verdicts(&check("text.zst"));
    assert!(!open.is_empty() && open.iter().all(|(verdict, _)| verdict == "unverifiable"), "{open:?}");
    // Of a policy it is unknown what it is attached to.
    with_gaps(&folder, "targets.zst", |organization, _| {
        organization.policies.iter_mut().find(|policy| policy.name == "leave").unwrap().targets = None;
    });
    let open = verdicts(&check("targets.zst"));
    assert!(!open.is_empty() && open.iter().all(|(verdict, _)| verdict == "unverifiable"), "{open:?}");
}

#[test]
fn what_is_no_snapshot_that_can_be_used_is_an_error() {
    let folder = folder();
    let bytes = fs::read(fixture("snapshot/organization.snapshot.zst")).unwrap();
    folder.write("cut.zst", &bytes[..bytes.len() - 100]);
    let mut changed = bytes.clone();
    changed[3000] ^= 0xFF;
    folder.write("changed.zst", changed);
    for (file, why) in [("cut.zst", "it is cut short"), ("changed.zst", "is damaged")] {
        let run = folder.run(["org", "show", file]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(&format!("cannot read the snapshot `{file}`: ")), "{run:?}");
        assert!(run.stderr.contains(why), "{run:?}");
    }
    let run = folder.run(["plan", "review", "organization.snapshot.zst"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("is a snapshot of a live organization, not a plan"), "{run:?}");
    // Standard input is as good as a file.
    let run = folder.run_with_input(["org", "show", "-"], &bytes);
    assert!(run.stdout.contains("ou Workloads"), "{run:?}");
}

/// Who reviews plans has no credentials of AWS and builds none of its SDK: that is in the collector, and in nothing else.
#[test]
fn the_sdk_is_in_no_dependency_of_this_program() {
    let tree = |package: &str| {
        let arguments =
            ["tree", "-e", "normal,build", "--prefix", "none", "--offline", "--locked", "-p", package];
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let of_sdk = |tree: &str| tree.lines().filter(|line| line.starts_with("aws-")).count();
    let own = tree("orgward");
    assert!(own.contains("orgward-snapshot") && own.contains("ruzstd"), "{own}");
    assert_eq!(of_sdk(&own), 0, "{own}");
    assert!(of_sdk(&tree("orgward-collect")) > 10);
}

/// The collector is a program of its own: this one says where to get it.
#[test]
fn a_missing_collector_is_named_with_the_cure() {
    let folder = folder();
    // Beside the program of the tests, the collector may be there.
    let alone = folder.path(&format!("orgward{}", std::env::consts::EXE_SUFFIX));
    let program = env!("CARGO_BIN_EXE_orgward");
    fs::hard_link(program, &alone).or_else(|_| fs::copy(program, &alone).map(|_| ())).unwrap();
    let mut command = Command::new(&alone);
    command
        .args(["org", "snapshot", "-o", "x.zst"])
        .current_dir(folder.path(""))
        .env_clear()
        .stdin(Stdio::null());
    let run = finish(&mut command);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("`orgward-collect` is neither beside `orgward` nor on PATH"), "{run:?}");
    assert!(run.stderr.contains("cargo install orgward-collect"), "{run:?}");
}
