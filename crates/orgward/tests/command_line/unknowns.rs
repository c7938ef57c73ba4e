//! What a plan does not say, judged from the outside: no guess is a fact, and nothing that can be told is left open.

use crate::support::{self, Folder, text_of};

/// Rule, verdict and address (or target) of each finding.
fn findings(fixture: &str) -> Vec<(String, String, String)> {
    let folder = Folder::new();
    folder.write("plan.json", text_of(fixture));
    let run = folder.run(["plan", "review", "--format", "json", "plan.json"]);
    let json = run.json();
    assert!(!run.all().contains("unknown-until-apply"), "a symbol is printed: {run:?}");
    assert!(!run.all().contains("o-unknownuntilapply"), "a symbol is printed: {run:?}");
    assert!(!run.all().contains("00000090"), "a symbol is printed: {run:?}");
    let word = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let all = json["findings"].as_array().unwrap().iter();
    all.map(|finding| {
        let place = word(finding, "address");
        let place = if place.is_empty() { word(finding, "target") } else { place };
        (word(finding, "rule"), word(finding, "verdict"), place)
    })
    .collect()
}

fn of_rule<'f>(findings: &'f [(String, String, String)], rule: &str) -> Vec<(&'f str, &'f str)> {
    let found = findings.iter().filter(|(name, ..)| name == rule);
    found.map(|(_, verdict, place)| (verdict.as_str(), place.as_str())).collect()
}

#[test]
fn a_role_of_the_same_plan_is_no_outsider_although_its_arn_is_unknown() {
    assert_eq!(findings("unknown-policies/good-role-of-this-plan.json"), []);
}

#[test]
fn an_organization_that_the_plan_creates_is_its_own() {
    assert_eq!(findings("unknown-policies/good-own-organization.json"), []);
}

#[test]
fn a_principal_that_anything_can_fill_is_neither_found_nor_safe() {
    let findings = findings("unknown-policies/bad-principal-from-elsewhere.json");
    assert_eq!(of_rule(&findings, "public-trust"), [("unverifiable", "aws_iam_role.reports")]);
}

#[test]
fn a_guard_that_anything_can_fill_is_neither_found_nor_safe() {
    let findings = findings("unknown-policies/bad-condition-from-elsewhere.json");
    assert_eq!(of_rule(&findings, "public-trust"), [("unverifiable", "aws_iam_role.reports")]);
}

#[test]
fn a_hole_that_guards_nothing_leaves_no_doubt() {
    let findings = findings("unknown-policies/bad-open-whatever-the-hole.json");
    assert_eq!(of_rule(&findings, "public-trust"), [("found", "aws_iam_role.reports")]);
}

#[test]
fn a_statement_that_an_override_opens_is_found() {
    let findings = findings("unknown-policies/bad-merged.json");
    assert_eq!(of_rule(&findings, "public-trust"), [("found", "aws_iam_role.reports")]);
}

#[test]
fn an_exemption_of_a_role_that_may_be_anywhere_may_open_the_lock() {
    let findings = findings("unknown-policies/bad-exemption-anywhere.json");
    let gaps = of_rule(&findings, "region-lock-gap");
    assert!(gaps.contains(&("unverifiable", "Root/runtime")), "{gaps:?}");
    assert!(gaps.iter().all(|(verdict, _)| *verdict == "unverifiable"), "{gaps:?}");
}

/// The role is in the account that the lock is to bind, and the plan creates both.
#[test]
fn a_lock_with_a_hole_for_one_role_is_locked_but_for_that_role() {
    let findings = findings("region-lock-gap/bad-unknown-exemption.json");
    assert_eq!(of_rule(&findings, "region-lock-gap"), [("found", "Root/runtime")]);
}

/// Two instances over two units: which takes which is unknown, and that both units get the lock is not.
#[test]
fn a_plan_from_nothing_is_locked_by_attachments_that_nobody_can_tell_apart() {
    let findings = findings("demo/create.json");
    assert_eq!(of_rule(&findings, "region-lock-gap"), []);
    let open = of_rule(&findings, "public-trust");
    assert!(!open.contains(&("unverifiable", "aws_iam_role.delivery")), "{open:?}");
    // Their policies are written with `jsonencode`, of which a plan shows no more than the references.
    assert_eq!(open.len(), 9, "{open:?}");
}

/// The configuration says how values are made of what they are made of.
#[test]
fn the_sources_tell_what_the_plan_does_not() {
    let source = support::fixture("demo/first").display().to_string();
    let plan = support::fixture("demo/create.json").display().to_string();
    let run = Folder::new().run(["plan", "review", &plan, "--source", &source, "--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    // Whether AWS denies the apply depends on ids that do not exist yet.
    let findings = run.json()["findings"].clone();
    let open = findings.as_array().unwrap().iter().filter(|it| it["rule"] != "denied-apply");
    assert_eq!(open.count(), 0, "{run:?}");
}

/// Sources of one stack say nothing of another: they are of the plan that declares the same.
#[test]
fn sources_are_believed_of_the_plan_that_they_fit() {
    let source = support::fixture("demo/first").display().to_string();
    let [create, other] = ["demo/create.json", "unknown-policies/good-role-of-this-plan.json"]
        .map(|plan| support::fixture(plan).display().to_string());
    let run = Folder::new().run(["plan", "review", &create, &other, "--source", &source, "--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    // Whether AWS denies the apply depends on ids that do not exist yet.
    let findings = run.json()["findings"].clone();
    let open = findings.as_array().unwrap().iter().filter(|it| it["rule"] != "denied-apply");
    assert_eq!(open.count(), 0, "{run:?}");
}

/// One stack lets a role of the partner in, the other sells the partner: each is fine by itself.
#[test]
fn two_plans_that_open_nothing_alone_and_something_together_are_found() {
    let [accounts, workload, state] = ["accounts", "workload", "state"]
        .map(|name| support::fixture(&format!("stacks/{name}.json")).display().to_string());
    // That the account leaves is told anyway; it opens nothing.
    let alone = Folder::new().run(["plan", "review", &accounts]);
    assert_eq!(alone.code, 1, "{alone:?}");
    assert!(
        alone.stdout.contains("departing-account") && !alone.stdout.contains("external-trust"),
        "{alone:?}"
    );
    let alone = Folder::new().run(["plan", "review", &workload, "--org", &state]);
    assert_eq!(alone.code, 0, "{alone:?}");
    for arguments in [[&accounts, &workload], [&workload, &accounts]] {
        let together = Folder::new().run(
            ["plan", "review", "--format", "json"]
                .into_iter()
                .chain(arguments.into_iter().map(String::as_str)),
        );
        assert_eq!(together.code, 1, "{together:?}");
        let json = together.json();
        let new = json["findings"].as_array().unwrap().iter().filter(|finding| finding["status"] == "new");
        let new = new.filter(|finding| finding["rule"] != "departing-account");
        let [finding] = new.collect::<Vec<_>>()[..] else { panic!("{json}") };
        assert_eq!(finding["rule"], "external-trust");
        assert_eq!(finding["verdict"], "found");
        assert_eq!(finding["address"], "aws_iam_role.exports");
    }
}

/// In each of these, one of the candidates is safe and the other is not, and the plan does not show which it is: no
/// guess is a fact. The sources tell, and what they tell is the unsafe one.
#[test]
fn of_candidates_none_is_picked_until_the_sources_tell() {
    for (story, rule, place, told) in [
        ("bad-target", "region-lock-gap", "Root/runtime", "Root/runtime"),
        ("bad-local", "region-lock-gap", "Root/runtime", "Root/runtime"),
        ("bad-policy", "region-lock-gap", "Root/runtime", "Root/runtime"),
        ("bad-parent", "region-lock-gap", "…/shop", "Root/sandbox"),
        ("bad-document", "public-trust", "aws_iam_role.reports", "aws_iam_role.reports"),
        ("bad-boundary", "unbounded-principal", "aws_iam_role.orders", "aws_iam_role.orders"),
    ] {
        let folder = Folder::new();
        folder.write("plan.json", text_of(&format!("candidates/{story}.json")));
        folder.write("orgward.toml", text_of("candidates/orgward.toml"));
        std::fs::create_dir(folder.path("stack")).unwrap();
        folder.write("stack/main.tf", text_of(&format!("candidates/{story}.tf")));
        let judged = |arguments: &[&str]| {
            let all = ["plan", "review", "plan.json", "--format", "json"].iter().chain(arguments);
            let json = folder.run(all).json();
            let findings =
                json["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == rule);
            let word = |finding: &serde_json::Value, key: &str| finding[key].as_str().map(str::to_owned);
            findings
                .map(|finding| {
                    let place = word(finding, "address").or(word(finding, "target")).unwrap();
                    (word(finding, "verdict").unwrap(), place)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(judged(&[]), [("unverifiable".to_owned(), place.to_owned())], "{story}");
        assert_eq!(judged(&["--source", "stack"]), [("found".to_owned(), told.to_owned())], "{story}");
    }
}

/// One of the candidates is a role of the plan, and of the other nothing is known: not even the sources tell.
#[test]
fn a_candidate_of_which_nothing_is_known_may_be_anything() {
    let findings = findings("candidates/bad-principal.json");
    assert_eq!(of_rule(&findings, "public-trust"), [("unverifiable", "aws_iam_role.reports")]);
}
