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

/// A call that an SCP denied: which statement of which level, what would have to change, and whether the plan does.
#[test]
fn an_event_is_decided_against_the_organization() {
    let folder = Folder::new();
    let state = folder.write("state.json", crate::support::text_of("decide-event/organization.json"));
    let plan = folder.write("plan.json", crate::support::text_of("decide-event/plan.json"));
    let event = folder.write("event.json", crate::support::text_of("decide-event/event.json"));
    let arguments = |rest: &[&str]| {
        let mut all: Vec<String> =
            ["policy", "decide", "--format", "json", "--event"].map(str::to_owned).into();
        all.push(event.display().to_string());
        all.extend(rest.iter().map(|&it| it.to_owned()));
        all
    };
    let run = folder.run(arguments(&["--org", &state.display().to_string()]));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    let answer = &run.json()[0];
    assert_eq!(answer["decision"], "denied", "{answer}");
    let denials = answer["deniedBy"].as_array().or_else(|| answer["before"]["deniedBy"].as_array()).unwrap();
    assert_eq!(denials.len(), 1, "{answer}");
    assert_eq!(denials[0]["policy"], "SCP `regions` at `Root`");
    assert_eq!(denials[0]["statement"], "Regions");
    let change = denials[0]["change"].as_str().unwrap();
    assert!(
        change.contains("use the region `eu-central-1`") && change.contains("use a role like"),
        "{change}"
    );
    assert_eq!(answer["place"], "303030303030 (`Root/Prod/shop-prod`)");
    assert!(answer.get("decisionAfter").is_none(), "no plan was given");

    // The plan detaches the policy.
    let run = folder.run(arguments(&["--plan", &plan.display().to_string()]));
    assert_eq!(run.json()[0]["decisionAfter"], "not denied", "{run:?}");
    let text = folder.run(["policy", "decide", "--event", "event.json", "--plan", "plan.json"]);
    assert!(text.stdout.contains("denied by: SCP `regions` at `Root`, statement `Regions`"), "{text:?}");
    assert!(text.stdout.contains("after the plan: not denied"), "{text:?}");
}

/// EC2 tells what it refused in a message that only a decoder reads.
#[test]
fn a_decoded_message_is_decided_for_the_role_of_the_session() {
    let folder = Folder::new();
    folder.write("state.json", crate::support::text_of("decide-event/organization.json"));
    let decoded = crate::support::text_of("decide-event/decoded.json");
    let run = folder.run_with_input(
        ["policy", "decide", "--format", "json", "--event", "-", "--org", "state.json"],
        decoded.as_bytes(),
    );
    assert_eq!(run.code, 0, "{run:?}");
    let answer = &run.json()[0];
    assert_eq!(answer["principal"], "arn:aws:iam::303030303030:role/platform/deploy", "{answer}");
    assert_eq!(
        (&answer["decision"], &answer["told"]),
        (&"not denied".into(), &"explicit deny by statement `Regions`".into())
    );
    assert!(answer["notes"].to_string().contains("what did is in no input"), "{answer}");
}

#[test]
fn what_is_no_event_is_refused() {
    let folder = Folder::new();
    folder.write("state.json", crate::support::text_of("decide-event/organization.json"));
    let run = folder.run(["policy", "decide", "--event", "state.json", "--org", "state.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("neither a record of CloudTrail nor a decoded authorization message"),
        "{run:?}"
    );
    folder.write(
        "event.json",
        crate::support::text_of("decide-event/event.json").replace("303030303030", "909090909090"),
    );
    let run = folder.run(["policy", "decide", "--event", "event.json", "--org", "state.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("no input shows account `909090909090`"), "{run:?}");
}
