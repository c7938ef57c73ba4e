//! An organization at two times.

use serde_json::Value;

use crate::support::{Folder, Run, text_of};

fn diff(arguments: &[&str]) -> Run {
    let folder = Folder::new();
    folder.write("state.json", text_of("demo/state.json"));
    folder.write("same.json", text_of("demo/state.json"));
    folder.write("plan.json", text_of("demo/second.json"));
    folder.write("orgward.toml", text_of("demo/orgward.toml"));
    folder.run(["org", "diff"].iter().chain(arguments))
}

fn drift(run: &Run, what: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let json = run.json();
    let all = json["drift"].as_array().unwrap().iter().filter(|each| each["what"] == what);
    all.map(|each| (text(&each["kind"]), text(&each["name"]))).collect()
}

#[test]
fn the_same_organization_has_no_drift() {
    let run = diff(&["state.json", "same.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout.starts_with("the two organizations have the same tree, policies and attachments"),
        "{run:?}"
    );
}

#[test]
fn a_plan_shows_what_it_moves_and_detaches_with_the_proof() {
    let run = diff(&["state.json", "plan.json", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let moved = drift(&run, "moved");
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert_eq!(moved[0].0, "account");
    assert!(moved[0].1.contains("ecommerce-prod"), "{moved:?}");
    assert_eq!(drift(&run, "detached").len(), 1, "the region lock");
    let json = run.json();
    let findings = json["review"]["findings"].as_array().unwrap();
    let removed: Vec<&Value> =
        findings.iter().filter(|finding| finding["rule"] == "guardrail-removed").collect();
    assert_eq!(removed.len(), 2, "{findings:?}");
    assert!(removed.iter().all(|finding| finding["status"] == "new"));
    // The other way round, nothing is lost: what comes back is no regression.
    let back = diff(&["plan.json", "state.json", "--format", "json"]);
    assert_eq!(drift(&back, "attached").len(), 1, "{back:?}");
    let json = back.json();
    let lost = |finding: &Value| finding["rule"] == "guardrail-removed" && finding["status"] == "new";
    assert!(!json["review"]["findings"].as_array().unwrap().iter().any(lost), "{back:?}");
}

#[test]
fn what_is_no_organization_is_an_error() {
    assert_eq!(diff(&["state.json", "nowhere.json"]).code, 2);
    assert_eq!(diff(&["state.json", "orgward.toml"]).code, 2);
}
