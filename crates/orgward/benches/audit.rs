//! An audit of a live organization of many accounts: how long it takes, and how much memory.
//!
//! `cargo bench -p orgward --bench audit`. Each account has the roles that a landing zone gives to all, and roles of its own
//! workloads, whose names and resources are like those of no other account. `AUDIT_ACCOUNTS` and `AUDIT_ROLES` say how many
//! there are, and `AUDIT_KEEP` where to leave the snapshot.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run should say so")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use orgward_snapshot::{
    Account, AccountPart, AttachedPolicy, BoundaryArn, Described, InlinePolicy, ManagedPolicy,
    OrganizationPart, Part, Policy, PolicyTypeStatus, PolicyVersion, Role, Root, Unit, write,
};
use serde_json::{Value, json};

const MANAGEMENT: &str = "111111111111";
const TAKEN: &str = "2026-11-20T09:00:00Z";
const UNITS: usize = 20;

#[expect(clippy::print_stdout, reason = "a benchmark reports to whoever runs it")]
fn main() {
    let number = |name: &str, usual: usize| {
        std::env::var(name).ok().map_or(usual, |text| text.parse().expect("it is a number"))
    };
    let (accounts, roles) = (number("AUDIT_ACCOUNTS", 2_000), number("AUDIT_ROLES", 20));
    let kept = std::env::var_os("AUDIT_KEEP").map(PathBuf::from);
    let file = kept.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("orgward-audit-{}.snapshot", std::process::id()))
    });
    snapshot(&file, accounts, roles);
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgward"))
        .args(["org", "audit", "--format", "json"])
        .arg(&file)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program was built");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        peak = peak.max(peak_of(Path::new(&status)).unwrap_or(0));
        if let Some(code) = child.try_wait().expect("it is our child") {
            break code.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let took = begin.elapsed();
    assert!(matches!(code, Some(0 | 1)), "the program could not audit it: {code:?}");
    println!(
        "audit: {accounts} accounts with {roles} roles each in {took:.1?}, peak resident {} MiB",
        peak >> 20
    );
    if kept.is_none() {
        std::fs::remove_file(&file).expect("it was written above");
    }
}

/// The peak resident size of a process in bytes, where the kernel tells.
fn peak_of(status: &Path) -> Option<usize> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kilo| kilo << 10)
}

fn snapshot(file: &Path, accounts: usize, roles: usize) {
    let out = File::create(file).expect("the folder for temporary files can be written");
    let organization = Part::of_organization(&organization(accounts)).expect("it is small enough");
    let parts = (0..accounts).map(|number| Part::of_account(&account(number, roles)));
    write(&mut BufWriter::new(out), &organization, parts).expect("the file can be written");
}

fn id(number: usize) -> String {
    format!("{}", 200_000_000_000 + number)
}

fn unit(number: usize) -> String {
    format!("ou-acme-{:08}", number % UNITS)
}

fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn organization(accounts: usize) -> OrganizationPart {
    let arn = |what: &str| format!("arn:aws:organizations::{MANAGEMENT}:{what}");
    let account = |id: &str, name: String, parent_id: &str| Account {
        id: id.to_owned(),
        arn: arn(&format!("account/o-acmeexample1/{id}")),
        name,
        status: "ACTIVE".to_owned(),
        parent_id: parent_id.to_owned(),
        tags: Some(Vec::new()),
    };
    let members = (0..accounts).map(|number| account(&id(number), format!("app-{number}"), &unit(number)));
    let regions = json!([{ "Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*"], "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-central-1"] },
            "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/platform/*" } } }]);
    let leave = json!([{ "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*" }]);
    let scp = |number: usize, name: &str, text: &Value, targets: Vec<String>| Policy {
        id: format!("p-{number:08}"),
        arn: arn(&format!("policy/o-acmeexample1/service_control_policy/p-{number:08}")),
        name: name.to_owned(),
        kind: "SERVICE_CONTROL_POLICY".to_owned(),
        content: Some(policy(text)),
        targets: Some(targets),
        open_targets: false,
    };
    OrganizationPart {
        taken: TAKEN.to_owned(),
        organization: Described {
            id: "o-acmeexample1".to_owned(),
            arn: arn("organization/o-acmeexample1"),
            master_account_id: MANAGEMENT.to_owned(),
            master_account_arn: arn(&format!("account/o-acmeexample1/{MANAGEMENT}")),
            feature_set: "ALL".to_owned(),
        },
        roots: vec![Root {
            id: "r-acme".to_owned(),
            arn: arn("root/o-acmeexample1/r-acme"),
            name: "Root".to_owned(),
            policy_types: vec![PolicyTypeStatus {
                kind: "SERVICE_CONTROL_POLICY".to_owned(),
                status: "ENABLED".to_owned(),
            }],
        }],
        organizational_units: (0..UNITS)
            .map(|number| Unit {
                id: unit(number),
                arn: arn(&format!("ou/o-acmeexample1/{}", unit(number))),
                name: format!("Unit{number}"),
                parent_id: "r-acme".to_owned(),
            })
            .collect(),
        accounts: std::iter::once(account(MANAGEMENT, "management".to_owned(), "r-acme"))
            .chain(members)
            .collect(),
        policies: vec![
            scp(1, "leave", &leave, vec!["r-acme".to_owned()]),
            scp(2, "regions", &regions, (0..UNITS - 5).map(unit).collect()),
        ],
        ..OrganizationPart::default()
    }
}

fn account(number: usize, roles: usize) -> AccountPart {
    let id = id(number);
    let trust = |principal: Value| {
        policy(&json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }]))
    };
    let role = |name: &str, path: &str, trust: String, inline: Option<Value>, managed: &[String]| Role {
        arn: format!("arn:aws:iam::{id}:role{path}{name}"),
        role_name: name.to_owned(),
        path: path.to_owned(),
        assume_role_policy_document: trust,
        role_policy_list: inline
            .map(|text| InlinePolicy { policy_name: "own".to_owned(), policy_document: policy(&text) })
            .into_iter()
            .collect(),
        attached_managed_policies: managed
            .iter()
            .map(|arn| AttachedPolicy { policy_arn: arn.clone() })
            .collect(),
        permissions_boundary: None,
        tags: Vec::new(),
    };
    let of_aws = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    let own = |name: &str| format!("arn:aws:iam::{id}:policy/{name}");
    let pass = json!([{ "Effect": "Allow", "Action": ["iam:PassRole", "iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": format!("arn:aws:iam::{id}:role/app/*") }]);
    let management = json!({ "AWS": format!("arn:aws:iam::{MANAGEMENT}:root") });
    let mut all = vec![
        role("OrganizationAccountAccessRole", "/", trust(management), None, &[of_aws("AdministratorAccess")]),
        role(
            "deploy",
            "/platform/",
            trust(json!({ "AWS": format!("arn:aws:iam::{}:role/ci", self::id(0)) })),
            Some(pass),
            &[of_aws("PowerUserAccess")],
        ),
        role(
            "audit",
            "/platform/",
            trust(json!({ "AWS": format!("arn:aws:iam::{}:root", self::id(1)) })),
            None,
            &[of_aws("SecurityAudit")],
        ),
        role("ci", "/", trust(json!({ "Service": "codebuild.amazonaws.com" })), None, &[]),
    ];
    let services = ["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"];
    for (at, service) in services.iter().cycle().take(roles.saturating_sub(all.len())).enumerate() {
        let data = json!([
            { "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
                "Resource": format!("arn:aws:dynamodb:eu-west-1:{id}:table/app-{at}-*") },
            { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": format!("arn:aws:s3:::app-{number}-{at}/*") },
            { "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": format!("arn:aws:logs:eu-west-1:{id}:log-group:/app/{at}:*") },
        ]);
        let bound = BoundaryArn { permissions_boundary_arn: own("boundary") };
        let name = format!("app-{at}-{}", number % 7);
        let role = role(&name, "/app/", trust(json!({ "Service": service })), Some(data), &[own("secrets")]);
        all.push(Role { permissions_boundary: Some(bound), ..role });
    }
    let managed = |name: &str, text: &Value| ManagedPolicy {
        arn: own(name),
        policy_name: name.to_owned(),
        path: "/".to_owned(),
        policy_version_list: vec![PolicyVersion { document: policy(text), is_default_version: true }],
    };
    let secrets = json!([{ "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Resource": format!("arn:aws:secretsmanager:eu-west-1:{id}:secret:app/*") }]);
    let boundary = json!([
        { "Effect": "Allow", "Action": ["s3:*", "dynamodb:*", "logs:*", "secretsmanager:*"], "Resource": "*" },
        { "Effect": "Deny", "Action": "iam:*", "Resource": "*" },
    ]);
    AccountPart {
        account: id.clone(),
        taken: TAKEN.to_owned(),
        role_detail_list: all,
        policies: vec![managed("secrets", &secrets), managed("boundary", &boundary)],
        ..AccountPart::default()
    }
}
