use orgward_finding::Site;

use super::*;
use crate::testing;

const RULES: [&RuleInfo; 2] = [&testing::PUBLIC_TRUST, &testing::REGION_LOCK_GAP];

fn options(budget: usize) -> MarkdownOptions {
    MarkdownOptions { budget, ..MarkdownOptions::default() }
}

#[test]
fn one_of_everything() {
    let mut review = testing::full();
    review.findings[0].site = Some(Site { file: "roles.tf".into(), line: 12 });
    let last = review.findings.len() - 1;
    review.findings[last].status = Status::Waived;
    review.findings[last].waived = Some(testing::waived());
    let marker = Some("orgward:prod".to_owned());
    insta::assert_snapshot!(markdown(&review, &RULES, &MarkdownOptions { marker, ..options(60_000) }));
}

#[test]
fn nothing_found() {
    insta::assert_snapshot!(markdown(&testing::review(Vec::new()), &RULES, &options(60_000)), @r"
    ## ✅ orgward: clean

    **no findings**

    <sub>reviewed <code>second.json</code>: 12 accounts, 9 principals, 14 policies</sub>
    ");
}

#[test]
fn five_thousand_findings_stay_within_the_budget_and_the_worst_comes_first() {
    for budget in [60_000, 20_000, 5_000] {
        let page = markdown(&testing::many(), &RULES, &options(budget));
        assert!(page.chars().count() <= budget, "{budget}: {}", page.chars().count());
        let row = page.lines().find(|line| line.starts_with("| 🟥") || line.starts_with("| 🟨")).unwrap();
        assert!(row.contains("aws_iam_role.deploy"), "{row}");
        assert!(page.contains("further findings are left out here"));
        assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
        assert_eq!(page.matches("```").count() % 2, 0);
    }
}

#[test]
fn what_is_left_out_is_found_in_the_full_report() {
    let full_report = Some("https://ci.example/run/1?a=b&c=\"d\"".to_owned());
    let page = markdown(&testing::many(), &RULES, &MarkdownOptions { full_report, ..options(60_000) });
    assert!(
        page.contains(
            "See the <a href=\"https://ci.example/run/1?a=b&amp;c=&quot;d&quot;\">full report</a>."
        )
    );
}

#[test]
fn a_hostile_plan_obtains_nothing() {
    let review = testing::hostile();
    let options = MarkdownOptions {
        marker: Some(testing::HOSTILE.into()),
        title: Some(testing::HOSTILE.into()),
        ..options(0)
    };
    let page = markdown(&review, &RULES, &options);

    assert_eq!(page.lines().filter(|line| line.starts_with("## ")).count(), 1, "{page}");
    assert!(page.lines().nth(1).unwrap().starts_with("## ⚠️ "), "{page}");
    let (marker, rest) = page.split_once('\n').unwrap();
    assert_eq!((marker.matches("-->").count(), marker.ends_with(" -->")), (1, true), "{marker}");
    let shown = outside_of_code(rest);
    for forbidden in [
        "@octo",
        "#1 ",
        "GH-2",
        "www.evil",
        "https://evil",
        "<img",
        "](d)",
        "**b**",
        "~~",
        "deadbeef",
        ":tada",
    ] {
        assert!(!shown.contains(forbidden), "{forbidden} in {shown}");
    }
    testing::assert_commands_nobody(&page, &[]);
    assert_eq!(page.matches("<details>").count(), 3, "{page}");
    assert!(!page.contains('\u{202e}'));
}

/// What a reader of Markdown obeys: neither fences nor code spans nor the `<code>` of summaries.
fn outside_of_code(page: &str) -> String {
    let mut out = String::new();
    let mut fence = None;
    for line in page.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                let mut parts = line.split('`');
                while let Some(part) = parts.next() {
                    out.push_str(part);
                    parts.next();
                }
                out.push('\n');
            }
        }
    }
    let mut visible = String::new();
    for part in out.split("<code>") {
        visible.push_str(part.rsplit("</code>").next().unwrap_or_default());
    }
    visible
}
