//! `orgward policy decide`.

use crate::support::{Folder, fixture};

const REQUEST: &str = r#""request":{"principal":"arn:aws:iam::111111111111:user/ann","action":"s3:GetObject","resource":"arn:aws:s3:::b/k"}"#;

fn denied(name: &str) -> String {
    format!(r#"{{"name":"{name}",{REQUEST},"policies":{{"identity":[]}}}}"#)
}

fn broken(name: &str) -> String {
    format!(
        r#"{{"name":"{name}",{REQUEST},"policies":{{"scp":[{{"target":"r-ab12","policies":[
  {{"name":"lock","document":{{"Statement":[{{"Efect":"Deny","Action":"*","Resource":"*"}}]}}}}]}}]}}}}"#
    )
}

#[test]
fn a_list_is_answered_in_order() {
    let folder = Folder::new();
    let file = fixture("scenarios/worked-examples.json");
    let run = folder.run(["policy".as_ref(), "decide".as_ref(), "--format=json".as_ref(), file.as_os_str()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let answers = run.json();
    let decisions: Vec<_> =
        answers.as_array().unwrap().iter().map(|a| a["decision"].as_str().unwrap()).collect();
    assert_eq!(
        decisions,
        [
            "allow",
            "explicit-deny",
            "allow",
            "allow",
            "allow",
            "implicit-deny",
            "implicit-deny",
            "implicit-deny"
        ]
    );
    assert_eq!(answers[1]["decidedBy"]["policy"], "keep-buckets");
    assert_eq!(
        answers[1]["message"],
        "User: arn:aws:iam::111111111111:role/R is not authorized to perform: s3:DeleteBucket on resource: \
         arn:aws:s3:::b with an explicit deny in a service control policy"
    );
    assert!(
        answers[6]["message"]
            .as_str()
            .unwrap()
            .ends_with("because no permissions boundary allows the iam:CreateUser action")
    );
    assert!(answers[0].get("message").is_none());
}

#[test]
fn one_scenario_and_lines_are_read_from_standard_input() {
    let folder = Folder::new();
    for (input, count) in [(denied("a"), 1), (format!("{}\n{}\n", denied("a"), denied("b")), 2)] {
        let run = folder.run_with_input(["policy", "decide", "-", "--format", "json"], input.as_bytes());
        assert_eq!((run.code, run.json().as_array().unwrap().len()), (0, count), "{run:?}");
    }
}

#[test]
fn what_is_no_policy_is_told_and_the_rest_decided() {
    let folder = Folder::new();
    let file = folder.write("s.json", format!("[\n{},\n{}\n]\n", broken("first"), denied("second")));
    let run = folder.run(["policy".as_ref(), "decide".as_ref(), file.as_os_str()]);
    assert_eq!(run.code, 2);
    assert!(
        run.stdout.contains("first: not decided") && run.stdout.contains("second: denied implicitly"),
        "{run:?}"
    );
    for part in [
        "scenario `first`: policy `lock` of `r-ab12` in `scp`, at `",
        "s.json:3:44`: unknown element `Efect`",
        "did you mean `Effect`?",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let run = folder.run(["policy".as_ref(), "decide".as_ref(), "--format=json".as_ref(), file.as_os_str()]);
    assert_eq!(run.json()[0]["error"], "policy `lock` of `r-ab12` in `scp`: unknown element `Efect`");
    assert_eq!(run.json()[1]["decision"], "implicit-deny");
}

#[test]
fn what_cannot_be_read_is_a_failure() {
    let folder = Folder::new();
    assert_eq!(folder.run(["policy", "decide", "missing.json"]).code, 2);
    assert_eq!(folder.run(["policy", "decide"]).code, 2);
    for text in ["{", "[{\"name\":}]", "nonsense", "\u{feff}[", "3", "", " \n"] {
        let run = folder.run_with_input(["policy", "decide", "-"], text.as_bytes());
        assert_eq!(run.code, 2, "{text}: {run:?}");
        assert!(!run.stderr.is_empty(), "{text}");
    }
    let run = folder.run_with_input(["policy", "decide", "-"], b"\xff\xfe\x00");
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn names_cannot_forge_a_verdict() {
    let folder = Folder::new();
    let input = denied("x\\u001b[2J\\nallowed");
    let run = folder.run_with_input(["policy", "decide", "-"], input.as_bytes());
    assert_eq!(run.code, 0);
    assert!(!run.all().contains('\u{1b}') && !run.stdout.contains("\nallowed"), "{run:?}");
}

#[test]
fn the_version_says_of_which_day_the_actions_are() {
    let run = Folder::new().run(["--version"]);
    assert!(run.stdout.starts_with("orgward 0.1.0 (actions as of 20"), "{run:?}");
}

#[test]
fn the_culprit_is_underlined_where_lines_are_short() {
    let folder = Folder::new();
    let file = folder.write("s.json", "{\n  \"name\": \"a\",\n  \"requst\": {}\n}\n");
    let run = folder.run(["policy".as_ref(), "decide".as_ref(), file.as_os_str()]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("3 │   \"requst\": {}") && run.stderr.contains("did you mean `request`?"),
        "{run:?}"
    );
}

#[test]
fn an_action_that_is_not_listed_is_decided_with_a_note() {
    let folder = Folder::new();
    let input = denied("typo").replace("s3:GetObject", "s3:GetObjects");
    let run = folder.run_with_input(["policy", "decide", "-", "--format", "json"], input.as_bytes());
    let answer = &run.json()[0];
    assert_eq!((run.code, answer["decision"].as_str()), (0, Some("implicit-deny")));
    assert!(answer["notes"][0].as_str().unwrap().ends_with("did you mean `s3:GetObject`?"), "{answer}");
    let input = denied("arn").replace("s3:GetObject", "ec2:DescribeVpcs");
    let run = folder.run_with_input(["policy", "decide", "-"], input.as_bytes());
    assert!(
        run.stdout.contains("note: `ec2:DescribeVpcs` is not authorized for single resources"),
        "{run:?}"
    );
}
