//! Findings and reviews to write down in tests.

use std::sync::Arc;

use orgward_finding::{
    BaselineEntry, Finding, Gate, Input, Review, RuleInfo, Severity, Site, Snippet, Status, Verdict, Waived,
    Witness, WitnessValue,
};
use orgward_plan::Address;

pub(crate) const PUBLIC_TRUST: RuleInfo = RuleInfo {
    id: "public-trust",
    summary: "role may be assumed from outside the organization",
    severity: Severity::Critical,
    unverifiable: Severity::Medium,
    docs: "",
};

pub(crate) const REGION_LOCK_GAP: RuleInfo = RuleInfo {
    id: "region-lock-gap",
    summary: "account is not locked to the configured regions",
    severity: Severity::High,
    unverifiable: Severity::Medium,
    docs: "",
};

pub(crate) const ROOT_PARKED_ACCOUNT: RuleInfo = RuleInfo {
    id: "root-parked-account",
    summary: "account lies directly under the root",
    severity: Severity::Low,
    unverifiable: Severity::Info,
    docs: "",
};

pub(crate) const TRUST: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "AWS": "*" },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringLike": { "aws:PrincipalOrgID": "*" }
      }
    }
  ]
}
"#;

/// A snippet whose span is where `part` is.
pub(crate) fn snippet(name: &str, text: &str, part: &str, label: &str) -> Snippet {
    let start = text.find(part).unwrap();
    Snippet {
        name: Arc::from(name),
        text: Some(Arc::from(text)),
        span: start..start + part.len(),
        label: label.into(),
    }
}

pub(crate) fn public_trust() -> Finding {
    let name = "aws_iam_role.deploy.assume_role_policy";
    let mut finding = Finding::about(&PUBLIC_TRUST, Some(&Address::new("aws_iam_role.deploy")));
    finding.says("anyone on AWS may become this role").accounts(["222222222222".to_owned()]);
    finding.snippets.push(snippet(
        name,
        TRUST,
        r#"{ "AWS": "*" }"#,
        "admits every principal of every account",
    ));
    finding.snippets.push(snippet(
        name,
        TRUST,
        r#""aws:PrincipalOrgID": "*""#,
        "`*` holds for every organization",
    ));
    finding
        .note("the organization of this plan is `o-a1b2c3d4e5`")
        .witness(Witness {
            principal: "arn:aws:iam::999999999999:root".into(),
            action: "sts:AssumeRole".into(),
            resource: "arn:aws:iam::222222222222:role/deploy".into(),
            context: vec![
                ("aws:PrincipalOrgID".into(), WitnessValue::One("o-anyone".into())),
                ("aws:TagKeys".into(), WitnessValue::Many(vec!["cost".into(), "team".into()])),
            ],
        })
        .help("compare with the id of the organization: `StringEquals` instead of `StringLike`");
    finding
}

pub(crate) fn region_lock_gap() -> Finding {
    let lock = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Lock","Effect":"Deny","NotAction":["iam:*","sts:*","organizations:*","ec2:*","support:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}]}"#;
    let all = "{\n  \"Statement\": { \"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\" }\n}";
    let mut finding = Finding::about(&REGION_LOCK_GAP, None);
    finding
        .target("Root/Workloads/Prod")
        .says("`ec2` is exempt from the region lock")
        .accounts((0..12).map(|number| format!("2222222222{number:02}")))
        .rests_on("`aws_organizations_policy_attachment.lock` attaches to the only unit it can mean")
        .help("take `ec2:*` out of `NotAction`");
    finding.snippets.push(snippet(
        "aws_organizations_policy.lock.content",
        lock,
        r#""ec2:*""#,
        "is not locked",
    ));
    finding.snippets.push(snippet("FullAWSAccess", all, r#""Action": "*""#, "and is allowed here"));
    finding
}

pub(crate) fn unverifiable(number: usize) -> Finding {
    let mut finding = Finding::about(
        &REGION_LOCK_GAP,
        Some(&Address::new(format!("aws_organizations_account.team[{number}]"))),
    );
    finding.verdict = Verdict::Unverifiable;
    finding.severity = Severity::Medium;
    finding
        .says("where this account will be is not known until apply")
        .note("`parent_id` comes from `data.external.units`, which is read while applying")
        .help("refer to the organizational unit directly");
    finding
}

pub(crate) fn parked(name: &str, status: Status) -> Finding {
    let mut finding = Finding::about(
        &ROOT_PARKED_ACCOUNT,
        Some(&Address::new(format!("aws_organizations_account.{name}"))),
    );
    finding.status = status;
    finding
}

pub(crate) fn review(mut findings: Vec<Finding>) -> Review {
    findings.sort_by(|left, right| left.order().cmp(&right.order()));
    Review {
        kind: orgward_finding::ReviewKind::Plan,
        stack: None,
        configuration: orgward_finding::ConfigurationInEffect::default(),
        inputs: vec![Input {
            name: "second.json".into(),
            kind: "plan",
            stack: None,
            is_context: false,
            terraform_version: Some("1.15.2".into()),
            resources: 31,
            unread: std::collections::BTreeMap::new(),
            doubts: Vec::new(),
        }],
        accounts: 12,
        principals: 9,
        policies: 14,
        findings,
        changes: Vec::new(),
        access: orgward_finding::AccessChange::default(),
        guardrails: Vec::new(),
        gone: Vec::new(),
        gate: Gate { fail_on: Some(Severity::Medium), existing: false },
        allow_incomplete: false,
    }
}

/// One of everything.
pub(crate) fn full() -> Review {
    let mut findings = vec![public_trust(), region_lock_gap()];
    findings.extend((0..14).map(unverifiable));
    findings.push(parked("sandbox", Status::New));
    findings.push(parked("legacy", Status::Existing));
    findings.push(parked("attic", Status::Existing));
    review(findings)
}

pub(crate) fn waived() -> Waived {
    Waived {
        owner: "platform team".into(),
        reason: "closed with the account in `legacy`".into(),
        until: "2027-03-31".into(),
        ticket: Some("ORG-12".into()),
        approver: Some("security".into()),
        origin: "orgward.toml:12".into(),
    }
}

/// A name that tries everything.
pub(crate) const HOSTILE: &str = "x`|](https://evil.example)<img src=x onerror=alert(1)>@octo/team #1 GH-2 \
     www.evil.example ::error::forged ##[error]forged %0A::error::forged -->\n::error::forged\n## ✅ orgward: clean\n\
     ```\n</details></code></failure>\"/>]]><!-- :tada: ~~a~~ **b** [c](d) deadbeefdeadbeef /close\u{202e}\u{ffff}\u{1b}[2J";

/// A review in which every text of a plan is [`HOSTILE`].
pub(crate) fn hostile() -> Review {
    let mut finding = public_trust();
    finding.address = Some(Address::new(HOSTILE));
    finding.says(HOSTILE).help(HOSTILE).note(HOSTILE).rests_on(HOSTILE).target(HOSTILE);
    finding.accounts([HOSTILE.to_owned()]);
    finding.input = Some(HOSTILE.to_owned());
    finding.site = Some(Site { file: HOSTILE.into(), line: 1 });
    for snippet in &mut finding.snippets {
        snippet.name = HOSTILE.into();
        snippet.text = Some(HOSTILE.into());
        snippet.label = HOSTILE.into();
        snippet.span = 0..9;
    }
    let mut accepted = finding.clone();
    accepted.status = Status::Waived;
    accepted.waived = Some(Waived { owner: HOSTILE.into(), reason: HOSTILE.into(), ..waived() });
    let mut without_site = finding.clone();
    without_site.site = None;
    let mut review = review(vec![finding, accepted, without_site]);
    review.inputs[0].name = HOSTILE.into();
    review.inputs[0].doubts.push(HOSTILE.into());
    review.gone = vec![BaselineEntry {
        rule: HOSTILE.into(),
        place: Some(HOSTILE.into()),
        fingerprint: HOSTILE.into(),
        accepted: orgward_finding::Accepted {
            facts: String::new(),
            accounts: std::collections::BTreeSet::default(),
            stack: None,
        },
    }];
    review
}

/// Asserts that no line of a log commands the runner of a job, but for those that begin as given.
pub(crate) fn assert_gives_no_commands(log: &str, but: &[&str]) {
    for line in log.lines() {
        let is_own = but.iter().any(|start| line.starts_with(start));
        assert!(is_own || !line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains("##vso"), "{line}");
        assert!(!line.contains('\u{1b}') && !line.contains('\u{202e}'), "{line}");
    }
}

/// Five thousand findings that all say something else, and one that is worse.
pub(crate) fn many() -> Review {
    let mut findings: Vec<_> = (0..5_000)
        .map(|number| {
            let mut finding = unverifiable(number);
            finding.says(format!("where account {number} will be is not known until apply"));
            // As the engine counts them: they differ in nothing but the position.
            finding.occurrence = number;
            finding
        })
        .collect();
    findings.push(public_trust());
    review(findings)
}
