//! Decides the scenarios of `fixtures/scenarios/` and compares with what was written beside them by hand: in which
//! way AWS decides, and which layer does.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use orgward_iam::{Outcome, Scenario};
use serde::Deserialize;

#[derive(PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    decision: String,
    layer: Option<String>,
    target: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/scenarios")
}

fn topics() -> Vec<PathBuf> {
    let mut topics: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| !path.to_string_lossy().ends_with(".expected.json"))
        .collect();
    topics.sort();
    topics
}

fn decide(scenario: &Scenario) -> Expected {
    let decision = scenario.decide();
    let target = decision
        .deciding()
        .and_then(|deciding| scenario.policies.level(deciding.layer, deciding.level))
        .map(|level| level.target.clone());
    let outcome = match decision.outcome {
        Outcome::Allow => "allow",
        Outcome::ExplicitDeny => "explicit-deny",
        Outcome::ImplicitDeny => "implicit-deny",
        Outcome::NotApplicable => "not-applicable",
    };
    Expected {
        decision: outcome.to_owned(),
        layer: decision.decided_by.map(|layer| layer.as_str().to_owned()),
        target,
    }
}

#[test]
fn every_scenario_is_decided_as_aws_does() {
    let mut count = 0;
    for topic in topics() {
        let text = fs::read_to_string(&topic).unwrap();
        let expected = fs::read_to_string(topic.with_extension("expected.json")).unwrap();
        let mut expected: BTreeMap<String, Expected> = serde_json::from_str(&expected).unwrap();
        for scenario in Scenario::read(&text).unwrap() {
            let scenario = scenario.unwrap_or_else(|error| panic!("{topic:?}: {}: {error}", error.name));
            let wanted = expected.remove(&scenario.name);
            assert_eq!(Some(decide(&scenario)), wanted, "{topic:?}: {}", scenario.name);
            let allowed = scenario.decide().outcome == Outcome::Allow;
            assert_eq!(scenario.decide().message(&scenario.request).is_none(), allowed);
            count += 1;
        }
        assert!(expected.is_empty(), "{topic:?} has no scenario for {expected:?}");
    }
    assert!(count >= 100, "{count} scenarios");
}
