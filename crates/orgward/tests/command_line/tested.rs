//! Tests of one's own guardrails and rules.

use crate::support::{Folder, Run, fixture};

const TESTS: &str = r#"
[[test]]
name = "production cannot leave"
account = "666666666666"
action = "organizations:LeaveOrganization"
expect = "denied"

[[test]]
name = "teams work at home"
account = "666666666666"
action = "ec2:RunInstances"
context = { "aws:RequestedRegion" = "eu-central-1" }
expect = "allowed"

[[test]]
name = "nothing runs elsewhere"
account = "666666666666"
action = "ec2:RunInstances"
context = { "aws:RequestedRegion" = "us-east-1" }
expect = "denied"

[[test]]
name = "after the change it does"
plan = ["second.json"]
account = "666666666666"
action = "ec2:RunInstances"
context = { "aws:RequestedRegion" = "us-east-1" }
expect = "allowed"

[[test]]
name = "the import cannot leave"
plan = ["second.json"]
principal = "aws_iam_role.stock_import"
action = "organizations:LeaveOrganization"
expect = "denied"

[[test]]
name = "detaching is found"
plan = ["second.json"]
rule = "guardrail-removed"
address = "module.region_lock.*"
expect = "found"

[[test]]
name = "no key is made"
plan = ["second.json"]
rule = "long-lived-key"
expect = "quiet"
"#;

fn folder(tests: &str) -> Folder {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path(".orgward/tests")).unwrap();
    for name in ["second.json", "state.json"] {
        folder.write(
            &format!(".orgward/tests/{name}"),
            std::fs::read(fixture(&format!("demo/{name}"))).unwrap(),
        );
    }
    folder.write(".orgward/tests/guardrails.toml", tests);
    folder
}

fn test(folder: &Folder, more: &[&str]) -> Run {
    let mut arguments = vec!["test", "--no-source", "--org", ".orgward/tests/state.json"];
    arguments.extend(more);
    folder.run(arguments)
}

fn outcomes(run: &Run) -> Vec<String> {
    let json = run.json();
    let tests = json["tests"].as_array().unwrap().iter();
    tests.map(|it| it["outcome"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn requests_and_rules_are_as_expected() {
    let folder = folder(TESTS);
    let run = test(&folder, &["--format", "json"]);
    assert_eq!((run.code, outcomes(&run)), (0, vec!["passed".to_owned(); 7]), "{run:?}");
}

/// Each expectation can fail: with all of them turned round, none passes.
#[test]
fn each_expectation_can_fail() {
    let swap = |text: &str, one: &str, other: &str| {
        text.replace(one, "\"x\"").replace(other, one).replace("\"x\"", other)
    };
    let turned = swap(&swap(TESTS, "\"denied\"", "\"allowed\""), "\"found\"", "\"quiet\"");
    let run = test(&folder(&turned), &["--format", "json"]);
    assert_eq!((run.code, outcomes(&run)), (1, vec!["failed".to_owned(); 7]), "{run:?}");
}

#[test]
fn what_is_undecided_does_not_pass() {
    let text = TESTS.replacen("666666666666", "600000000000", 1).replacen("stock_import", "nobody", 1);
    let run = test(&folder(&text), &["--format", "json"]);
    let undecided = outcomes(&run).iter().filter(|it| *it == "undecided").count();
    assert_eq!((run.code, undecided), (2, 2), "{run:?}");
}

#[test]
fn coverage_names_the_statements_that_no_request_meets() {
    let run = test(&folder(TESTS), &["--format", "json"]);
    let json = run.json();
    let statements = json["statements"].as_array().unwrap();
    let touched = |sid: &str| {
        let found: Vec<_> =
            statements.iter().filter(|it| it["sid"] == sid).map(|it| it["touched"] == true).collect();
        assert_eq!(found.len(), 1, "{sid}");
        found[0]
    };
    assert!(touched("DenyOutsideAllowedRegions"));
    assert!(!touched("KeepTheData") && !touched("KeepTheAuditTrail"));
    let more = TESTS.to_owned()
        + "[[test]]\nname = \"data stays\"\naccount = \"666666666666\"\naction = \"s3:DeleteBucket\"\nexpect = \"denied\"\n";
    let json = test(&folder(&more), &["--format", "json"]).json();
    let data = json["statements"].as_array().unwrap().iter().find(|it| it["sid"] == "KeepTheData").unwrap();
    assert_eq!(data["touched"], true);
}

#[test]
fn test_runners_read_it() {
    let text = TESTS.replacen("production cannot leave", "a # <sign> & more", 1).replacen(
        "\"quiet\"",
        "\"found\"",
        1,
    );
    let folder = folder(&text);
    let tap = test(&folder, &["--format", "tap"]);
    assert!(tap.stdout.starts_with("TAP version 14\n1..7\nok 1 - a \\# <sign> & more\n"), "{}", tap.stdout);
    assert!(tap.stdout.contains(
        "\nnot ok 7 - no key is made\n  ---\n  message: \"`long-lived-key` finds nothing new there\"\n"
    ));
    assert!(tap.stdout.contains("# no test touches "));
    let junit = test(&folder, &["--format", "junit"]).stdout;
    assert!(junit.contains("tests=\"7\" failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains("name=\"a # &lt;sign&gt; &amp; more\"") && junit.contains("<failure message="));
    let text = test(&folder, &[]).stdout;
    assert!(
        text.contains("6 passed, 1 failed, 0 undecided; ") && text.contains("no test touches:"),
        "{text}"
    );
}

#[test]
fn mistakes_are_said_with_their_place() {
    let case = |keys: &str| format!("[[test]]\nname = \"a\"\n{keys}\n");
    for (text, says) in [
        (case("expect = \"denied\"\naction = \"s3:*\""), "has an `account` or a `principal`"),
        (case("expect = \"denied\"\naccount = \"1\""), "has an `action`"),
        (case("expect = \"found\"\naccount = \"1\"\naction = \"s3:*\""), "expects `denied` or `allowed`"),
        (case("expect = \"denied\"\nrule = \"public-trust\""), "expects `found` or `quiet`"),
        (case("expect = \"found\"\nrule = \"public-trst\""), "there is no rule `public-trst`"),
        (case("expect = \"found\"\nrule = \"public-trust\""), "needs a change"),
        (case("expect = \"denied\"\nacount = \"1\""), "unknown field `acount`"),
        (case("expect = \"no\""), "unknown variant `no`"),
        (
            TESTS.to_owned()
                + &case("expect = \"denied\"\naccount = \"1\"\naction = \"s3:*\"")
                    .replace("\"a\"", "\"teams work at home\""),
            "two tests are called `teams work at home`",
        ),
        (String::new(), "missing field `test`"),
    ] {
        let run = test(&folder(&text), &[]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{says}: {run:?}");
        assert!(
            run.stderr.contains(says) && run.stderr.contains("guardrails.toml"),
            "{says}: {}",
            run.stderr
        );
    }
    assert!(Folder::new().run(["test"]).stderr.contains("there are no tests in `.orgward/tests`"));
}
