//! `orgward guardrail show`, from the outside.

use crate::support::Folder;

const FULL: &str = r#"{"name":"FullAWSAccess","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}"#;

#[test]
fn packs_and_whether_they_are_on() {
    let folder = Folder::new();
    folder.write("orgward.toml", "[[pack]]\nname = \"baseline\"\n");
    let run = folder.run(["guardrail", "show"]);
    assert_eq!(run.code, 0, "{run:?}");
    for (pack, state) in [("baseline", "on"), ("production-data", "off")] {
        let line = run.stdout.lines().find(|line| line.starts_with(&format!("{pack} ")));
        assert_eq!(line.and_then(|line| line.split_whitespace().nth(1)), Some(state), "{run:?}");
    }
}

/// What is printed as a policy and what is printed as a guardrail belong together: the one proves the other.
#[test]
fn the_printed_policy_proves_the_printed_guardrail() {
    let folder = Folder::new();
    folder.write("orgward.toml", "[regions]\nallowed = [\"eu-west-1\"]\n");
    for name in ["baseline/keep-the-audit-trail", "production-data/keep-keys", "region-lock"] {
        let policy = folder.run(["guardrail", "show", name, "--as", "scp"]);
        let guardrail = folder.run(["guardrail", "show", name, "--as", "toml"]);
        assert_eq!((policy.code, guardrail.code), (0, 0), "{policy:?} {guardrail:?}");
        folder.write("guardrail.toml", &guardrail.stdout);
        folder.write("policy.json", &policy.stdout);
        let alone = folder.run(["policy", "prove", "guardrail.toml", "--scp", "policy.json"]);
        assert_eq!(alone.code, 0, "{name}: {alone:?}");
        folder.write("chain.json", format!(
            r#"[{{"target":"r-ab12","policies":[{FULL},{{"name":"it","document":{}}}]}},{{"target":"222222222222","policies":[{FULL}]}}]"#,
            policy.stdout
        ));
        folder.write("bare.json", format!(r#"[{{"target":"r-ab12","policies":[{FULL}]}}]"#));
        let proved = folder.run(["policy", "prove", "guardrail.toml", "--scp", "chain.json"]);
        assert_eq!(proved.code, 0, "{name}: {proved:?}");
        let refuted = folder.run(["policy", "prove", "guardrail.toml", "--scp", "bare.json"]);
        assert_eq!(refuted.code, 1, "{name}: {refuted:?}");
    }
}

/// A pack is several guardrails, and what does not fit in one policy is printed as several.
#[test]
fn a_pack_that_is_printed_is_proved_by_its_policies() {
    let folder = Folder::new();
    let policy = folder.run(["guardrail", "show", "amazon-infosec", "--as", "scp"]);
    let guardrails = folder.run(["guardrail", "show", "amazon-infosec", "--as", "toml"]);
    folder.write("guardrails.toml", &guardrails.stdout);
    folder.write("policy.json", &policy.stdout);
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    folder.write("two.json", format!("{}\n{other}\n", policy.stdout));
    for file in ["policy.json", "two.json"] {
        let run = folder.run(["policy", "prove", "guardrails.toml", "--scp", file]);
        assert_eq!((run.code, run.stdout.matches("holds").count()), (0, 5), "{file}: {run:?}");
    }
    folder.write("other.json", other);
    let run = folder.run(["policy", "prove", "guardrails.toml", "--scp", "other.json"]);
    assert_eq!(run.code, 1, "FullAWSAccess stands beside what only denies: {run:?}");
    assert!(run.stdout.contains("keep-buckets-private in other.json: holds"), "{run:?}");
}

#[test]
fn what_is_printed_as_a_guardrail_can_be_pasted() {
    let folder = Folder::new();
    let boundary = "boundary=arn:aws:iam::*:policy/boundary/application";
    let printed = folder.run(["guardrail", "show", "boundary-required", "--set", boundary, "--as", "toml"]);
    folder.write("orgward.toml", &printed.stdout);
    // The ids are still those of the pack, which is not on: they are guardrails of the configuration now.
    let again = folder.run(["guardrail", "show", "boundary-required", "--as", "toml"]);
    assert_eq!((again.code, &again.stdout), (0, &printed.stdout), "{again:?}");
}

#[test]
fn resources_of_terraform() {
    let folder = Folder::new();
    let run = folder.run([
        "guardrail",
        "show",
        "approved-services",
        "--set",
        "services=s3,ec2",
        "--set",
        "foundation=iam",
        "--as",
        "hcl",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    let expected = r#"resource "aws_organizations_policy" "approved_services" {
  name        = "approved-services"
  description = "Nothing outside a list of services is used."
  type        = "SERVICE_CONTROL_POLICY"

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ApprovedServicesOnly"
        Effect = "Deny"
        NotAction = [
          "ec2:*",
          "iam:*",
          "s3:*"
        ]
        Resource = "*"
      }
    ]
  })
}
"#;
    assert_eq!(run.stdout, expected);
}

/// A list of certified services is dated, and one that does not exist is no empty list.
#[test]
fn lists_of_certified_services() {
    let folder = Folder::new();
    let show =
        |set: &str| folder.run(["guardrail", "show", "approved-services", "--set", set, "--as", "toml"]);
    let run = show("certified=pci-dss");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("`pci-dss` as of 2021-09-23"), "{run:?}");
    assert!(run.stderr.contains("certified services is of 2021-09-23, more than a year ago"), "{run:?}");
    assert!(run.stderr.contains("generate-certified-services"), "{run:?}");
    std::fs::create_dir(folder.path("lists")).unwrap();
    folder.write("lists/certified.tsv", "@pci-dss\t2022-07-15\thttps://audit.example/\ndynamodb\tpci-dss\n");
    folder.write("orgward.toml", "[files]\ncertified_services = \"lists/certified.tsv\"\n");
    let run = show("certified=pci-dss");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout.contains("`pci-dss` as of 2022-07-15") && run.stdout.contains("\"dynamodb:*\""),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("the list `pci-dss` of certified services is of 2022-07-15"),
        "it is old: {run:?}"
    );
    let run = show("certified=pci");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.all().contains("unknown list of certified services `pci`"), "{run:?}");
    // A pull request chooses the path.
    let secret = folder.path("secret");
    folder.write("secret", "hunter2\n");
    std::fs::create_dir_all(folder.path("inner/.git")).unwrap();
    let toml = format!("[files]\ncertified_services = {secret:?}\n");
    folder.write("inner/orgward.toml", &toml);
    let run = folder.run(["guardrail", "show", "--config", "inner/orgward.toml"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("leads out of") && !run.all().contains("hunter2"), "{run:?}");
}

/// What the script writes from a page is a file that the configuration takes.
#[test]
fn the_script_writes_a_list_from_a_page() {
    let folder = Folder::new();
    let page = "<table><tr><th>Services / Program</th><th>FedRAMP Moderate</th><th>FedRAMP High</th></tr>\
                <tr><td>Amazon DynamoDB</td><td>✓</td><td>✓</td></tr>\
                <tr><td>AWS Step Functions [excludes drafts]</td><td>✓</td><td></td></tr>\
                <tr><td>Amazon Nothing</td><td>✓</td><td></td></tr></table>";
    folder.write("page.html", page);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../orgward-config/data/generate-certified-services");
    let python = std::process::Command::new("python3")
        .args([script, "fedramp-moderate", "2026-02-03"])
        .arg(folder.path("lists.tsv"))
        .arg("Moderate")
        .stdin(std::fs::File::open(folder.path("page.html")).unwrap())
        .output();
    let Ok(output) = python else { return };
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no prefix for: Amazon Nothing"), "{output:?}");
    folder.write("orgward.toml", "[files]\ncertified_services = \"lists.tsv\"\n");
    let set = "certified=fedramp-moderate";
    let run = folder.run(["guardrail", "show", "approved-services", "--set", set, "--as", "toml"]);
    assert_eq!(run.code, 0, "{run:?}");
    for part in ["`fedramp-moderate` as of 2026-02-03", "\"dynamodb:*\"", "\"states:*\""] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    assert!(!run.stdout.contains("\"ecs:*\""), "{run:?}");
}

#[test]
fn what_has_to_be_set_is_never_made_up() {
    let folder = Folder::new();
    let run = folder.run(["guardrail", "show", "approved-services", "--as", "scp"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("needs `services`"), "{run:?}");
    // To read, an example does, and says that it is one.
    let run = folder.run(["guardrail", "show", "approved-services"]);
    assert!(run.code == 0 && run.stdout.contains("has to be set, for example to"), "{run:?}");
}

#[test]
fn mistakes_are_told_with_a_cure() {
    let folder = Folder::new();
    for (arguments, says) in [
        (&["baselin"][..], "did you mean `baseline`?"),
        (&["baseline/keep-guarduty"], "did you mean `baseline/keep-guardduty`?"),
        (&["region-lock"], "`[regions]` names no regions"),
        (&["baseline", "--set", "role=x"], "has no parameter `role`"),
        (
            &["boundary-required", "--set", "boundary=x", "--set", "platform_roles=x"],
            "cannot take these parameters",
        ),
    ] {
        let run = folder.run(["guardrail", "show"].iter().chain(arguments));
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
}
