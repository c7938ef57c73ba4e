use orgward_finding::Verdict;

use orgward_finding::Site;

use super::*;
use crate::testing;

#[test]
fn one_of_everything() {
    let mut review = testing::full();
    review.findings[0].site = Some(Site { file: "roles.tf".into(), line: 12 });
    review.findings[1].status = Status::Waived;
    review.findings[1].waived = Some(testing::waived());
    review.findings.retain(|finding| finding.verdict == Verdict::Found);
    insta::assert_snapshot!(github(&review), @"
    ::error file=roles.tf,line=12,endLine=12,title=public-trust (critical)::aws_iam_role.deploy: anyone on AWS may become this role%0Ahelp: compare with the id of the organization: `StringEquals` instead of `StringLike`
    ::warning title=root-parked-account (low)::aws_organizations_account.sandbox: account lies directly under the root
    ::notice title=orgward::blocked: 1 critical finding is new (2 existing, 1 waived and 1 milder ones do not block)%0Awaived: region-lock-gap at Root/Workloads/Prod: platform team, approved by security, until 2027-03-31: closed with the account in `legacy` (ORG-12)
    ");
}

#[test]
fn five_thousand_findings_become_ten_and_a_count() {
    let text = github(&testing::many());
    assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert!(text.starts_with("::error title=public-trust (critical)::aws_iam_role.deploy"), "{text}");
    assert!(text.contains("and 4991 more: the full report has them"), "{text}");
}

#[test]
fn a_hostile_plan_obtains_nothing() {
    let text = github(&testing::hostile());
    testing::assert_gives_no_commands(&text, &["::error ", "::notice title=orgward::"]);
    assert_eq!(text.lines().count(), 3, "{text}");
    let properties = text.strip_prefix("::error ").unwrap().split("::").next().unwrap();
    assert_eq!(properties.split(',').count(), 4, "{properties}");
    assert!(text.contains("%250A") && !text.contains("%0A::"), "{text}");
}
