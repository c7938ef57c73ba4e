use super::*;
use crate::testing;

const RULES: [&RuleInfo; 3] =
    [&testing::PUBLIC_TRUST, &testing::REGION_LOCK_GAP, &testing::ROOT_PARKED_ACCOUNT];

#[test]
fn one_of_everything() {
    let mut waived = testing::parked("sandbox", Status::Waived);
    waived.waived = Some(testing::waived());
    let review =
        testing::review(vec![testing::public_trust(), waived, testing::parked("attic", Status::Existing)]);
    insta::assert_snapshot!(junit(&review, &RULES), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="orgward" tests="4" failures="1" errors="0" skipped="1">
      <testsuite name="orgward" tests="4" failures="1" errors="0" skipped="1">
        <testcase classname="public-trust" name="aws_iam_role.deploy" file="second.json" line="1">
          <failure message="anyone on AWS may become this role" type="critical">    ╭─[aws_iam_role.deploy.assume_role_policy:6:20]
      4 │     {
      5 │       &quot;Effect&quot;: &quot;Allow&quot;,
      6 │       &quot;Principal&quot;: { &quot;AWS&quot;: &quot;*&quot; },
        ·                    ───────┬──────
        ·                           ╰── admits every principal of every account
      7 │       &quot;Action&quot;: &quot;sts:AssumeRole&quot;,
      8 │       &quot;Condition&quot;: {
      9 │         &quot;StringLike&quot;: { &quot;aws:PrincipalOrgID&quot;: &quot;*&quot; }
        ·                         ────────────┬────────────
        ·                                     ╰── `*` holds for every organization
     10 │       }
     11 │     }
        ╰────
    accounts: 222222222222
    note: the organization of this plan is `o-a1b2c3d4e5`
    request: sts:AssumeRole on arn:aws:iam::222222222222:role/deploy by arn:aws:iam::999999999999:root with aws:PrincipalOrgID = &quot;o-anyone&quot; with aws:TagKeys = [&quot;cost&quot;, &quot;team&quot;]
    help: compare with the id of the organization: `StringEquals` instead of `StringLike`
    fingerprint: 1d609a58448b615c
    </failure>
        </testcase>
        <testcase classname="root-parked-account" name="aws_organizations_account.attic" file="second.json" line="1">
          <system-out>low: account lies directly under the root</system-out>
        </testcase>
        <testcase classname="root-parked-account" name="aws_organizations_account.sandbox" file="second.json" line="1">
          <skipped message="waived by platform team, approved by security, until 2027-03-31: closed with the account in `legacy` (ORG-12)"/>
        </testcase>
        <testcase classname="region-lock-gap" name="account is not locked to the configured regions">
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn an_incomplete_input_is_an_error() {
    let mut review = testing::review(Vec::new());
    review.inputs[0].doubts.push("planning stopped at an error".into());
    assert!(
        junit(&review, &[]).contains("<error message=\"planning stopped at an error\" type=\"incomplete\"/>")
    );
}

#[test]
fn five_thousand_findings_begin_with_the_worst() {
    let text = junit(&testing::many(), &RULES);
    assert!(text.contains("tests=\"5002\" failures=\"5001\" errors=\"0\" skipped=\"0\""), "{}", &text[..300]);
    assert!(text.lines().nth(3).unwrap().contains("classname=\"public-trust\""));
    assert!(text.len() < 5_000_000, "{}", text.len());
}

#[test]
fn a_hostile_plan_obtains_nothing() {
    let text = junit(&testing::hostile(), &RULES);
    testing::assert_gives_no_commands(&text, &[]);
    // Every bracket is of an element that this writer knows.
    for tag in text.split('<').skip(1) {
        let name =
            tag.trim_start_matches('/').split([' ', '>', '/', '?']).find(|part| !part.is_empty()).unwrap();
        let known =
            ["xml", "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"];
        assert!(known.contains(&name), "{name}");
    }
    assert!(!text.contains("]]>") && !text.contains('\u{ffff}'));
}

/// A reader of `JUnit` keeps the history of a case by its class and name.
#[test]
fn every_finding_is_a_case_of_its_own() {
    let mut of_dev = testing::public_trust();
    of_dev.input = Some("stacks/dev/plan.json".into());
    let mut of_prod = testing::public_trust();
    of_prod.input = Some("stacks/prod/plan.json".into());
    let mut second = of_prod.clone();
    second.subject = "another statement".into();
    let report = junit(&testing::review(vec![of_dev, of_prod, second]), &[]);
    let names: Vec<&str> =
        report.split(" name=\"").skip(3).filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
    assert_eq!(
        names,
        [
            "aws_iam_role.deploy (stacks/dev/plan.json)",
            "aws_iam_role.deploy (stacks/prod/plan.json)",
            "aws_iam_role.deploy (stacks/prod/plan.json) #2",
        ]
    );
}
