//! Edits that cure findings, each proved by a review of the plan that it leads to.

use crate::support::{Folder, Run, text_of};

const ORGANIZATION: &str = "[organization]\nid = \"o-acmeexample\"\n";

/// A stack with a plan of the repository and the configuration that it was made from.
fn stack(rule: &str, name: &str, config: &str) -> Folder {
    let folder = Folder::new();
    folder.write("plan.json", text_of(&format!("{rule}/{name}.json")));
    folder.write("main.tf", text_of(&format!("{rule}/{name}.tf")));
    folder.write("orgward.toml", config);
    folder
}

fn fix(folder: &Folder) -> Run {
    folder.run(["fix", "plan.json"])
}

#[test]
fn every_public_role_gets_the_condition_that_is_missing_and_keeps_its_layout() {
    for name in [
        "bad-arn-like-role-name",
        "bad-external-id-only",
        "bad-for-all-values",
        "bad-if-exists-org",
        "bad-not-principal",
        "bad-star-string",
        "bad-statement-object",
    ] {
        let folder = stack("public-trust", name, ORGANIZATION);
        let before = std::fs::read_to_string(folder.path("main.tf")).unwrap();
        let run = fix(&folder);
        assert_eq!(run.code, 0, "{name}: {run:?}");
        let added: Vec<&str> =
            run.stdout.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++")).collect();
        assert_eq!(added.len(), 1, "{name}: one line is added or changed: {run:?}");
        assert!(added[0].contains("\"aws:PrincipalOrgID\" = \"o-acmeexample\""), "{name}: {run:?}");
        assert_eq!(
            std::fs::read_to_string(folder.path("main.tf")).unwrap(),
            before,
            "nothing is written unasked"
        );
    }
}

#[test]
fn an_edit_is_written_when_asked_for_and_only_once() {
    let folder = stack("public-trust", "bad-star-string", ORGANIZATION);
    assert_eq!(folder.run(["fix", "plan.json", "--apply"]).code, 0);
    let written = std::fs::read_to_string(folder.path("main.tf")).unwrap();
    assert!(
        written.contains("Condition = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-acmeexample\" } }"),
        "{written}"
    );
    // The plan is of the configuration before: made again, nothing is added to what is there.
    let again = folder.run(["fix", "plan.json", "--apply"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert_eq!(std::fs::read_to_string(folder.path("main.tf")).unwrap(), written);
}

#[test]
fn a_detached_guardrail_is_attached_again_by_reference() {
    let folder = stack("guardrail-removed", "bad-detached", &text_of("guardrail-removed/orgward.toml"));
    let run = fix(&folder);
    assert_eq!(run.code, 0, "{run:?}");
    for line in [
        "+resource \"aws_organizations_policy_attachment\" \"audit_trail\" {",
        "+  policy_id = aws_organizations_policy.audit_trail.id",
        "+  target_id = aws_organizations_organizational_unit.prod.id",
    ] {
        assert!(run.stdout.contains(line), "{run:?}");
    }
}

#[test]
fn a_dropped_boundary_comes_back() {
    let folder =
        stack("unbounded-principal", "bad-boundary-dropped", &text_of("unbounded-principal/orgward.toml"));
    let run = fix(&folder);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("+  permissions_boundary = \"arn:aws:iam::333333333333:policy/boundary/application\""),
        "{run:?}"
    );
}

#[test]
fn what_is_not_proved_is_not_shown() {
    // Nothing says which organization it is.
    let unknown = stack("public-trust", "bad-star-string", "");
    let run = fix(&unknown);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("not fixed: public-trust aws_iam_role.reports"), "{run:?}");
    // The configuration is another one than the plan was made from.
    let other = stack("public-trust", "bad-star-string", ORGANIZATION);
    other.write("main.tf", text_of("public-trust/good-service.tf").replace("\"audit\"", "\"reports\""));
    assert_eq!(fix(&other).stdout, "", "the evaluated configuration is not the edited plan");
    // A value that is made elsewhere is not replaced.
    let local = stack("public-trust", "bad-star-string", ORGANIZATION);
    let text = text_of("public-trust/bad-star-string.tf");
    let moved = text.replace(
        "assume_role_policy = jsonencode",
        "assume_role_policy = local.trust\n}\nlocals {\n  trust = jsonencode",
    );
    local.write("main.tf", moved);
    assert_eq!(fix(&local).stdout, "");
}

#[test]
fn documents_in_files_and_heredocs_are_edited_where_they_are() {
    let document = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Action\": \"sts:AssumeRole\",\n      \"Effect\": \"Allow\",\n      \"Principal\": \"*\"\n    }\n  ]\n}\n";
    let role = |value: &str| {
        format!(
            "provider \"aws\" {{\n  region = \"eu-central-1\"\n}}\n\nresource \"aws_iam_role\" \"reports\" {{\n  name = \"reports\"\n  assume_role_policy = {value}\n}}\n"
        )
    };
    let file = stack("public-trust", "bad-star-string", ORGANIZATION);
    std::fs::create_dir(file.path("policies")).unwrap();
    file.write("policies/trust.json", document);
    // The plan shows the references of an expression, and that one had none.
    file.write("main.tf", role("file(\"policies/trust.json\")"));
    let run = fix(&file);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("+++ b/policies/trust.json"), "{run:?}");
    assert!(
        run.stdout.contains(
            "+      \"Condition\": { \"StringEquals\": { \"aws:PrincipalOrgID\": \"o-acmeexample\" } }"
        ),
        "{run:?}"
    );
    file.write("main.tf", role(&format!("<<EOT\n{document}EOT")));
    let run = fix(&file);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("+++ b/main.tf") && run.stdout.contains("aws:PrincipalOrgID"), "{run:?}");
}

#[test]
fn no_configuration_and_no_plan_are_errors() {
    let folder = Folder::new();
    folder.write("plan.json", text_of("public-trust/bad-star-string.json"));
    let run = fix(&folder);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("there is no configuration"), "{run:?}");
    assert_eq!(folder.run(["fix", "nowhere.json"]).code, 2);
}
