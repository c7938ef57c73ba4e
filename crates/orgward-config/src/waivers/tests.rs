use std::collections::BTreeSet;

use jiff::civil::date;
use orgward_finding::{Finding, RuleInfo, Severity, Snippet, Status};
use orgward_plan::Address;

use super::*;

const RULE: RuleInfo = RuleInfo {
    id: "external-trust",
    summary: "role trusts an outsider",
    severity: Severity::High,
    unverifiable: Severity::Medium,
    docs: "",
};

const TODAY: Date = date(2026, 11, 21);

fn finding(address: &str, statement: &str) -> Finding {
    let text = format!(r#"{{"Statement":[{statement}]}}"#);
    let mut finding = Finding::about(&RULE, Some(&Address::new(address)));
    finding.says("role trusts account 999999999999").accounts(["222222222222".to_owned()]);
    let start = text.find(statement).unwrap();
    finding.snippets.push(Snippet {
        name: "trust".into(),
        span: start + 1..start + 2,
        text: Some(text.into()),
        label: String::new(),
    });
    finding
}

fn vendor() -> Finding {
    finding(
        "module.vendor[\"a\"].aws_iam_role.ci",
        r#"{"Principal":"999999999999","Condition":"external id"}"#,
    )
}

/// What `orgward waive` writes for [`vendor`].
fn waiver() -> Waiver {
    Waiver {
        rule: "external-trust".into(),
        address: Some("module.vendor[\"a\"].*".into()),
        target: None,
        reason: "reads invoices".into(),
        owner: "platform team".into(),
        until: date(2027, 3, 31),
        ticket: None,
        approver: None,
        accepted: BTreeSet::from([vendor().facts()]),
        accounts: BTreeSet::from(["222222222222".into()]),
        origin: "orgward.toml:3".into(),
    }
}

fn judged(waiver: &Waiver, finding: Finding) -> (Finding, Vec<&'static str>) {
    let mut findings = vec![finding];
    let mut config = Config::default();
    config.waivers.push(waiver.clone());
    apply(&config, TODAY, &mut findings);
    let first = findings.remove(0);
    (first, findings.iter().map(|finding| finding.rule).collect())
}

#[test]
fn what_was_accepted_is_waived_and_says_by_whom() {
    let (finding, about) = judged(&waiver(), vendor());
    assert_eq!((finding.status, about.as_slice()), (Status::Waived, [].as_slice()));
    assert_eq!(finding.waived.unwrap().owner, "platform team");
}

#[test]
fn the_last_day_counts() {
    let waiver = Waiver { until: TODAY, ..waiver() };
    assert_eq!(judged(&waiver, vendor()).0.status, Status::Waived);
}

#[test]
fn an_expired_waiver_waives_nothing_and_is_told() {
    let waiver = Waiver { until: date(2026, 11, 20), ..waiver() };
    let (finding, about) = judged(&waiver, vendor());
    assert_eq!((finding.status, about), (Status::New, vec!["expired-waiver"]));
    assert_eq!(finding.notes, ["the waiver at orgward.toml:3 ended on 2026-11-20"]);
}

#[test]
fn a_condition_that_is_gone_was_not_accepted() {
    let (finding, _) =
        judged(&waiver(), finding("module.vendor[\"a\"].aws_iam_role.ci", r#"{"Principal":"999999999999"}"#));
    assert_eq!(finding.status, Status::New);
    assert_eq!(
        finding.notes,
        ["the waiver at orgward.toml:3 does not apply: the statement has changed since it was accepted"]
    );
}

#[test]
fn an_account_that_joins_was_not_accepted_and_one_that_leaves_does_no_harm() {
    let mut grown = vendor();
    grown.accounts(["222222222222".to_owned(), "333333333333".to_owned()]);
    let (finding, _) = judged(&waiver(), grown);
    assert_eq!(finding.status, Status::New);
    assert!(finding.notes[0].ends_with("accounts were added since it was accepted: 333333333333"));
    let mut shrunk = vendor();
    shrunk.accounts([]);
    assert_eq!(judged(&waiver(), shrunk).0.status, Status::Waived);
}

#[test]
fn another_place_is_not_meant() {
    let mut other = vendor();
    other.address = Some(Address::new("module.vendor[\"b\"].aws_iam_role.ci"));
    let (finding, about) = judged(&waiver(), other);
    assert_eq!((finding.status, about), (Status::New, vec!["unmatched-waiver"]));
    assert_eq!(finding.notes, [""; 0]);
}

#[test]
fn a_waiver_that_says_not_what_was_accepted_accepts_nothing() {
    let waiver = Waiver { accepted: BTreeSet::new(), ..waiver() };
    let (finding, _) = judged(&waiver, vendor());
    assert_eq!(finding.status, Status::New);
    assert!(finding.notes[0].contains("it does not say what was accepted; `orgward waive "), "{finding:?}");
}

#[test]
fn of_a_sensitive_text_nobody_knows_whether_it_has_changed() {
    let mut secret = vendor();
    secret.snippets[0].text = None;
    let waiver = Waiver { accepted: BTreeSet::from([secret.facts()]), ..waiver() };
    let (finding, _) = judged(&waiver, secret);
    assert_eq!(finding.status, Status::New);
}

#[test]
fn a_wide_waiver_applies_and_is_told() {
    for wide in [
        Waiver { address: Some("*".into()), ..waiver() },
        Waiver { address: Some("*.*".into()), ..waiver() },
        Waiver { until: date(2029, 1, 1), ..waiver() },
    ] {
        let (finding, about) = judged(&wide, vendor());
        assert_eq!((finding.status, about), (Status::Waived, vec!["wide-waiver"]), "{wide:?}");
    }
}

#[test]
fn a_waiver_without_a_place_is_for_findings_without_one() {
    let nowhere = Waiver { address: None, ..waiver() };
    assert!(!nowhere.matches(&vendor()));
    let mut whole = vendor();
    whole.address = None;
    assert!(nowhere.matches(&whole));
}

#[test]
fn what_waive_writes_is_read_and_applies() {
    let mut other = vendor();
    other.address = Some(Address::new("module.vendor[\"b\"].aws_iam_role.ci"));
    other.accounts(["333333333333".to_owned()]);
    let said = Acceptance {
        reason: "it's \"fine\"\n[rules]".into(),
        owner: "platform".into(),
        until: date(2027, 3, 31),
        ticket: Some("ORG-1".into()),
        approver: None,
    };
    let findings = [vendor(), other];
    let waiver = Waiver::of(&findings[0], Some("module.vendor[*].aws_iam_role.ci"), &findings, said);
    let mut config = crate::Config::default();
    config.add_waivers("waivers.toml", &waiver.to_toml()).unwrap();
    assert_eq!(config.waivers, [Waiver { origin: "waivers.toml:1".into(), ..waiver.clone() }]);
    for finding in findings {
        assert_eq!(judged(&config.waivers[0], finding).0.status, Status::Waived);
    }
    insta::assert_snapshot!(waiver.to_toml());
}

#[test]
fn rules_about_waivers_are_turned_off_like_others() {
    let mut config = Config::parse("orgward.toml", "[rules]\ndisabled = ['unmatched-waiver']\n").unwrap();
    config.waivers = vec![Waiver { address: Some("another.stack".into()), ..waiver() }];
    let mut findings = vec![vendor()];
    apply(&config, TODAY, &mut findings);
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_finding_about_a_waiver_points_at_the_waiver() {
    let config =
        Waiver { address: Some("another.stack".into()), origin: "./orgward.toml:12".into(), ..waiver() };
    let finding = rules::unmatched(&config);
    assert_eq!(finding.site, Some(orgward_finding::Site { file: "orgward.toml".into(), line: 12 }));
}
