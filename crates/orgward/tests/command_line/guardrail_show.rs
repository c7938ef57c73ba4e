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
        // `policy prove` takes the words in the form of scenarios.
        let words = guardrail.stdout.replace("not_actions", "notActions").replace("[guardrail.", "[");
        let kept = |line: &&str| {
            !["[[", "id", "description", "severity", "upheld_by", "targets"]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let words: Vec<&str> = words.lines().filter(kept).collect();
        let words = words.join("\n").replace("exempt_principals", "exemptPrincipals");
        folder.write("guardrail.toml", words);
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
    let run =
        folder.run(["guardrail", "show", "approved-services", "--set", "services=s3,ec2", "--as", "hcl"]);
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
          "s3:*",
          "ec2:*"
        ]
        Resource = "*"
      }
    ]
  })
}
"#;
    assert_eq!(run.stdout, expected);
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
