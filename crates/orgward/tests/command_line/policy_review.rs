//! Policies that Terraform does not manage, compared between revisions of git.

use std::process::Command;

use serde_json::Value;

use crate::support::{Folder, Run, finish};

/// A repository of git with files, committed; `None` where git is not there.
struct Repository(Folder);

impl Repository {
    fn with(files: &[(&str, &str)]) -> Option<Self> {
        let repository = Self(Folder::new());
        if !repository.git(&["init", "-q"]) {
            return None;
        }
        for (name, text) in files {
            repository.write(name, text);
        }
        assert!(repository.git(&["add", "."]) && repository.git(&["commit", "-q", "-m", "base"]));
        Some(repository)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.0.path(name).parent().unwrap()).unwrap();
        self.0.write(name, text);
    }

    fn git(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=n", "-c", "user.email=e@example.com"]).args(arguments);
        command.current_dir(self.0.path("")).output().is_ok_and(|output| output.status.success())
    }

    fn review(&self, arguments: &[&str]) -> Run {
        let path = std::env::var_os("PATH").unwrap();
        let all = ["policy", "review"].iter().chain(arguments);
        finish(self.0.command(all).env("PATH", path))
    }

    /// Rule, severity, address and line of what is new.
    fn findings(&self, arguments: &[&str]) -> (i32, Vec<(String, String, String, u64)>) {
        let all: Vec<&str> =
            arguments.iter().copied().chain(["--base", "HEAD", "--format", "json"]).collect();
        let run = self.review(&all);
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let json = run.json();
        let findings =
            json["findings"].as_array().unwrap().iter().filter(|finding| finding["status"] == "new");
        let line = |finding: &Value| finding["site"]["line"].as_u64().unwrap_or_default();
        let one = |it: &Value| (text(&it["rule"]), text(&it["severity"]), text(&it["address"]), line(it));
        (run.code, findings.map(one).collect())
    }
}

const TRAIL: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*" },
    { "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"], "Resource": "*" }
  ]
}
"#;

fn weaker() -> String {
    TRAIL.replace(", \"cloudtrail:DeleteTrail\"", "")
}

#[test]
fn a_plain_folder_is_compared_file_by_file() {
    let Some(repository) = Repository::with(&[("policies/scp/trail.json", TRAIL), ("package.json", "{}")])
    else {
        return;
    };
    assert_eq!(repository.findings(&["policies"]), (0, Vec::new()));
    repository.write("policies/scp/trail.json", &weaker());
    let (code, found) = repository.findings(&["policies"]);
    assert_eq!(code, 1);
    assert_eq!(found, [("widened-policy".into(), "medium".into(), "scp/trail.json".into(), 5)]);
    // What was committed is compared with what was committed, whatever the working tree holds.
    assert_eq!(repository.review(&["policies", "--base", "HEAD", "--head", "HEAD"]).code, 0);
    // The same edit in other words is none.
    let split = TRAIL.replace(
        "\"cloudtrail:StopLogging\", \"cloudtrail:DeleteTrail\"",
        "\"cloudtrail:DeleteTrail\", \"cloudtrail:StopLogging\"",
    );
    repository.write("policies/scp/trail.json", &split);
    assert_eq!(repository.findings(&["policies"]), (0, Vec::new()));
    // A waiver accepts it like any finding.
    repository.write("policies/scp/trail.json", &weaker());
    let run = repository.review(&[
        "policies",
        "--base",
        "HEAD",
        "--config",
        "rules = { disabled = [\"widened-policy\"] }",
    ]);
    assert!(run.stdout.contains("weakened-gate"), "what the change itself turns off is reported: {run:?}");
}

#[test]
fn a_manifest_says_which_accounts_lose_a_guardrail() {
    let organization = "organizationalUnits: [{ name: Security }, { name: Workloads }]
serviceControlPolicies:
  - name: Trail
    policy: scp/trail.json
    deploymentTargets:
      organizationalUnits: [Workloads]
";
    let accounts = "mandatoryAccounts:
  - { name: Management, email: m@example.com, organizationalUnit: Root }
  - { name: Audit, email: a@example.com, organizationalUnit: Security }
workloadAccounts:
  - { name: Shop, email: s@example.com, organizationalUnit: Workloads }
";
    let files = [
        ("organization-config.yaml", organization),
        ("accounts-config.yaml", accounts),
        ("scp/trail.json", TRAIL),
        (
            "orgward.toml",
            "[[guardrail]]\nid = \"stay\"\ntargets = [\"Root/Workloads\"]\nactions = [\"organizations:LeaveOrganization\"]\n",
        ),
    ];
    let Some(repository) = Repository::with(&files) else { return };
    assert_eq!(repository.findings(&["."]), (0, Vec::new()));
    repository.write("scp/trail.json", &weaker());
    let (code, found) = repository.findings(&["."]);
    let policy = "organization-config.yaml#policy/Trail".to_owned();
    assert_eq!(code, 1);
    assert_eq!(
        found,
        [
            ("guardrail-removed".to_owned(), "high".to_owned(), policy.clone(), 5),
            ("widened-policy".to_owned(), "info".to_owned(), policy, 5),
        ]
    );
    // Detached: the line of the manifest's entry, and the guardrail of the configuration is proved, too.
    repository.write("scp/trail.json", TRAIL);
    repository.write(
        "organization-config.yaml",
        &organization.replace("units: [Workloads]", "units: []").replace("Units: [Workloads]", "Units: []"),
    );
    let rules: Vec<String> = repository.findings(&["."]).1.into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(rules, ["guardrail-gap", "guardrail-removed"]);
    let run = repository.review(&[".", "--base", "HEAD"]);
    assert!(run.stdout.contains("accounts-config.yaml#account/Shop"), "{run:?}");
}

#[test]
fn what_cannot_be_read_is_no_clean_review() {
    let Some(repository) = Repository::with(&[("iam/reader.json", TRAIL), ("x.json", "{}")]) else { return };
    for base in ["nope", "--output=x", "HEAD:iam"] {
        let run = repository.review(&["iam", &format!("--base={base}")]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("revision"), "{run:?}");
    }
    assert_eq!(repository.review(&["nowhere", "--base", "HEAD"]).code, 2);
    repository.write("iam/reader.json", "{ \"Statement\": [ {\"Effect\": ");
    let (code, found) = repository.findings(&["iam"]);
    assert_eq!((code, found[0].0.as_str()), (1, "unreadable-policy"));
    repository.write("iam/reader.json", &" ".repeat((1 << 20) + 1));
    let run = repository.review(&["iam", "--base", "HEAD"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("larger than 1 MB"), "{run:?}");
    let empty = Folder::new();
    assert_eq!(empty.run(["policy", "review", ".", "--base", "HEAD"]).code, 2, "no repository at all");
}

#[test]
#[cfg(unix)]
fn links_lead_nowhere() {
    let Some(repository) = Repository::with(&[("iam/reader.json", TRAIL), ("iam/other.json", TRAIL)]) else {
        return;
    };
    let secret = Folder::new();
    secret.write("policy.json", weaker());
    std::fs::remove_file(repository.0.path("iam/reader.json")).unwrap();
    std::os::unix::fs::symlink(secret.path("policy.json"), repository.0.path("iam/reader.json")).unwrap();
    let run = repository.review(&["iam", "--base", "HEAD"]);
    assert_eq!(run.code, 2, "a policy that becomes a link is not judged: {run:?}");
    assert!(run.stderr.contains("is a link, and links are not followed"), "{run:?}");
    std::fs::remove_file(repository.0.path("iam/reader.json")).unwrap();
    std::fs::rename(repository.0.path("iam"), repository.0.path("moved")).unwrap();
    std::os::unix::fs::symlink("moved", repository.0.path("iam")).unwrap();
    let run = repository.review(&[".", "--base", "HEAD"]);
    assert_eq!(run.code, 2, "nor is one behind a link: {run:?}");
}
