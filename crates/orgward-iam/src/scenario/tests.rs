use proptest::prelude::*;

use super::{Scenario, ScenarioError};
use crate::Outcome;

fn error(text: &str) -> (ScenarioError, String) {
    let read = Scenario::read(text).unwrap();
    let error = read.into_iter().next().unwrap().unwrap_err();
    let place = text.get(error.error.span.clone()).unwrap().to_owned();
    (error, place)
}

fn with(request: &str, policies: &str) -> String {
    format!(
        r#"{{"name":"n","request":{{"principal":"arn:aws:iam::111111111111:user/ann","action":"s3:GetObject","resource":"arn:aws:s3:::b/k"{request}}},"policies":{{{policies}}}}}"#
    )
}

const ADMIN: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

#[test]
fn one_or_a_list_or_lines() {
    let one = with("", &format!(r#""identity":[{ADMIN}]"#));
    for (text, count) in [
        (one.clone(), 1),
        (format!("[{one},{one}]"), 2),
        (format!("{one}\n{one}\n"), 2),
        ("[]".to_owned(), 0),
    ] {
        let read = Scenario::read(&text).unwrap();
        assert_eq!(read.len(), count, "{text}");
        assert!(read.iter().all(|one| one.as_ref().unwrap().decide().outcome == Outcome::Allow));
    }
}

#[test]
fn what_is_wrong_with_one_leaves_the_rest() {
    let good = with("", "");
    let bad = with("", r#""identity":[{"name":"lock","document":{"Statement":{"Efect":"Deny"}}}]"#);
    let read = Scenario::read(&format!("[{bad},{good}]")).unwrap();
    assert!(read[0].is_err() && read[1].is_ok());
}

#[test]
fn a_document_that_is_no_policy_is_named() {
    let (found, place) = error(&with(
        "",
        r#""scp":[{"target":"r-ab12","policies":[{"name":"lock","document":{"Statement":{"Efect":"Deny"}}}]}]"#,
    ));
    assert_eq!((found.name.as_str(), found.part.as_str()), ("n", "policy `lock` of `r-ab12` in `scp`"));
    assert_eq!(place, r#""Efect""#);
    assert_eq!(found.error.help, "did you mean `Effect`?");
    let (found, place) = error(&with("", r#""identity":[{"Version":"2012-10-17"}]"#));
    assert_eq!(
        (found.part.as_str(), place.as_str()),
        ("policy 1 in `identity`", r#"{"Version":"2012-10-17"}"#)
    );
}

#[test]
fn unknown_keys_are_refused() {
    let check = |text: &str, wanted: &str, help: &str| {
        let (found, place) = error(text);
        assert_eq!((place.as_str(), found.error.help.as_str()), (wanted, help));
    };
    check(
        &with(r#","resourceAcount":"111111111111""#, ""),
        r#""resourceAcount""#,
        "did you mean `resourceAccount`?",
    );
    check(&with("", r#""identiy":[]"#), r#""identiy""#, "did you mean `identity`?");
    check(&with("", r#""scp":[{"targt":"x","policies":[]}]"#), r#""targt""#, "did you mean `target`?");
    check(&with("", r#""boundary":[{"nam":"x","document":{}}]"#), r#""nam""#, "did you mean `name`?");
}

#[test]
fn values_that_mean_nothing_are_refused() {
    let message = |text: &str| error(text).0.error.message;
    let request = |principal: &str, action: &str, resource: &str| {
        format!(r#"{{"request":{{"principal":{principal},"action":"{action}","resource":"{resource}"}}}}"#)
    };
    let user = r#""arn:aws:iam::111111111111:user/a""#;
    assert_eq!(message(&request(r#""somebody""#, "s3:X", "*")), "cannot tell who `somebody` is");
    assert_eq!(message(&request(user, "s3:*", "*")), "`s3:*` is not an action");
    assert_eq!(message(&request(user, "s3:X", "b/k")), "`b/k` is not a resource");
    assert_eq!(message(&with(r#","context":{"a:B":null}"#, "")), "null is no value of a context key");
    assert_eq!(message(&with(r#","context":{"a:B":1,"A:b":2}"#, "")), "`A:b` is the same key as `a:B`");
    assert_eq!(message(&with(r#","resourceAccount":"12""#, "")), "`12` is not an account");
    assert_eq!(
        message(&with(r#","principalRole":"arn:aws:iam::111111111111:role/x""#, "")),
        "the principal is not a session of a role"
    );
    assert_eq!(message("[3]"), "a scenario is a number where an object belongs");
    assert_eq!(message(r#"{"name":"x"}"#), "the scenario has no `request`");
}

#[test]
fn text_that_is_no_json_has_a_place() {
    let text = "{\"name\": \"a\",\n  oops }";
    let error = Scenario::read(text).unwrap_err();
    assert_eq!(text.get(error.span.clone()), Some("o"), "{error:?}");
}

#[test]
fn the_role_of_a_session_has_its_path() {
    let text = r#"{"request":{"principal":"arn:aws:sts::111111111111:assumed-role/ci/run","principalRole":"arn:aws:iam::111111111111:role/team/ci","action":"s3:X","resource":"*"}}"#;
    let scenario = Scenario::read(text).unwrap().remove(0).unwrap();
    assert_eq!(scenario.name, "scenario 1");
    let arn = crate::ContextValue::One("arn:aws:iam::111111111111:role/team/ci".to_owned());
    assert_eq!(scenario.request.context.get("aws:principalarn"), Some(&arn));
}

proptest! {
    /// Whatever is pasted, errors point into the text, between characters.
    #[test]
    fn mangled_scenarios_have_places(at in 0_usize..400, cut in 0_usize..12, put in "[\\[\\]{}\",:a1é ]{0,3}") {
        let text = with(
            r#","context":{"aws:TagKeys":["é"]}"#,
            &format!(r#""scp":[{{"target":"r-ab12","policies":[{ADMIN}]}}],"identity":[{{"name":"a","document":{ADMIN}}}]"#),
        );
        let start = text.floor_char_boundary(at);
        let end = text.floor_char_boundary(start + cut).max(start);
        let mangled = format!("{}{put}{}", &text[..start], &text[end..]);
        let spans = match Scenario::read(&mangled) {
            Ok(read) => read.into_iter().filter_map(Result::err).map(|error| error.error.span).collect(),
            Err(error) => vec![error.span],
        };
        for span in spans {
            prop_assert!(mangled.get(span.clone()).is_some(), "{:?} in {}", span, mangled);
        }
    }
}
