//! What a comment says, and what it never does.

use serde_json::{Value, json};

use super::document::Document;
use super::{Frame, bodies, body};

/// What plans might contain that a forge or a browser acts on.
const HOSTILE: [&str; 12] = [
    "x`@org/team` #1",
    "</details></code></summary><script>alert(1)</script><img src=x onerror=alert(1)>",
    "| a | b |\n| --- | --- |\n| ✅ | nothing blocks |",
    "```\n### ✅ orgward: nothing blocks\n/close\n/approve\n````\n",
    "<!-- orgward:default commit=abcdef1 time=2030-01-01T00:00:00Z -->",
    "[click](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example> www.evil.example",
    "closes #12, fixes org/repo#3, GH-4, !5, &6, %7, $8, ^9",
    "a\u{202e}b\u{200b}c\u{1b}[2J\r\n\n/merge",
    "\"] --> evil[\"x\"]; click n0 \"https://evil.example\"",
    "\\`\\|\\",
    "&lt;b&gt; &#64;team &commat;team",
    "`````",
];

fn finding(severity: &str, text: &str) -> Value {
    json!({
        "rule": "public-trust", "severity": severity, "status": "new", "verdict": "found", "confidence": "certain",
        "blocks": severity != "low", "address": text, "input": text, "target": text, "accounts": [text], "message": text,
        "help": text, "notes": [text], "restsOn": [text],
        "witness": { "principal": text, "action": text, "resource": text, "context": { text: [text] } },
        "site": { "file": text, "line": 3 },
        "snippets": [{ "name": text, "text": format!("{{\n{text}\n}}\n"), "start": 2, "end": 4, "line": 2, "column": 1, "label": text }],
        "fingerprint": text,
    })
}

fn document(findings: &[Value]) -> Document {
    let verdict = if findings.iter().any(|finding| finding["blocks"] == true) { "blocked" } else { "clean" };
    let gained: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let text = &finding["address"];
            json!({ "principal": text, "account": text, "service": text, "levels": ["read"], "actions": [text],
                "resources": [text] })
        })
        .collect();
    let text = json!({
        "access": { "gained": gained, "lost": [] },
        "schema": 1, "verdict": verdict, "gate": {}, "rules": [], "findings": findings,
        "summary": { "accounts": 2, "principals": 1, "policies": 3 },
        "inputs": [{ "name": "plan.json", "kind": "plan", "resources": 1 }],
    });
    Document::parse("review.json", text.to_string().as_bytes()).unwrap()
}

fn frame() -> Frame {
    Frame {
        marker: "<!-- marker -->".to_owned(),
        stack: None,
        commit: None,
        report: Some("https://ci.example/1".to_owned()),
        source: None,
    }
}

/// The text outside of fences and code, where a forge looks for markup.
fn outside(body: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in body.lines() {
        let ticks: String = line.chars().take_while(|character| *character == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                let mut rest = line;
                while let Some(start) = rest.find(['`', '<']) {
                    out.push_str(&rest[..start]);
                    let (skip, close) = if rest[start..].starts_with("<code>") {
                        (6, "</code>")
                    } else if rest[start..].starts_with('`') {
                        (1, "`")
                    } else {
                        out.push('<');
                        rest = &rest[start + 1..];
                        continue;
                    };
                    let end = rest[start + skip..].find(close).unwrap_or_else(|| panic!("open code: {line}"));
                    rest = &rest[start + skip + end + close.len()..];
                }
                out.push_str(rest);
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence is left open");
    out
}

#[test]
fn nothing_of_a_plan_is_markup() {
    for hostile in HOSTILE {
        for name in [hostile.to_owned(), format!("a {hostile} b"), format!("{hostile}`{hostile}")] {
            let text = body(&document(&[finding("high", &name)]), &frame(), 60_000);
            let outside = outside(&text);
            for word in [
                "@", "evil", "script>", "onerror", "/close", "/merge", "/approve", "#1", "#12", "GH-4", "!5",
                "✅", "team", "\u{202e}", "\u{1b}",
            ] {
                assert!(!outside.contains(word), "{word} of {name:?} got out:\n{outside}");
            }
            for line in text.lines().skip(1) {
                assert!(
                    !line.starts_with('/') && !line.starts_with("### ✅") && !line.starts_with("<!--"),
                    "{line}"
                );
            }
            let tags = |tag| outside.matches(tag).count();
            assert_eq!(tags("<details"), tags("</details>"), "{name:?}");
        }
    }
}

#[test]
fn a_picture_cannot_be_redrawn() {
    for hostile in HOSTILE {
        let text = body(&document(&[finding("high", hostile)]), &frame(), 60_000);
        let Some((_, picture)) = text.split_once("```mermaid\n") else { continue };
        let picture = picture.split("\n```").next().unwrap();
        for line in picture.lines().filter(|line| line.contains("[\"")) {
            let label = &line[line.find('"').unwrap() + 1..line.rfind('"').unwrap()];
            let label = label.replace("<br/>", "");
            let is_safe = |character: char| character.is_alphanumeric() || " -./#;?…".contains(character);
            assert!(label.chars().all(is_safe) && !label.trim().is_empty(), "{label}");
        }
        assert!(!picture.contains("-->") && !picture.contains("evil["), "{picture}");
    }
}

#[test]
fn five_thousand_findings_stay_within_the_limit() {
    let mut findings = vec![finding("critical", "the.worst")];
    findings.extend((0..2_000).map(|index| finding("high", &format!("aws_iam_role.high[{index}]"))));
    findings.extend((0..2_999).map(|index| finding("low", &format!("aws_iam_role.low[{index}]"))));
    let text = body(&document(&findings), &frame(), 60_000);
    assert!((30_000..=60_000).contains(&text.chars().count()), "{}", text.chars().count());
    assert!(outside(&text).contains("blocked by 1 critical and 2000 high findings"));
    let worst = text.find("The worst: `the.worst`").unwrap();
    assert!(worst < 300, "the most important thing comes first");
    assert!(text.contains("There is no room here for the details of "));
    assert!(text.contains("2999 low findings; the full report has them all"), "low ones go first");
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
    let roomy = body(&document(&findings), &frame(), 990_000);
    assert!(roomy.len() > text.len() && roomy.chars().count() <= 990_000);
}

#[test]
fn one_endless_finding_stays_within_the_limit() {
    let endless = "`|<".repeat(100_000);
    let text = body(&document(&[finding("critical", &endless)]), &frame(), 60_000);
    assert!(text.chars().count() <= 60_000, "{}", text.chars().count());
    outside(&text);
}

#[test]
fn a_clean_review_claims_no_more_than_it_knows() {
    let text = body(&document(&[]), &frame(), 60_000);
    assert_eq!(
        text,
        "<!-- marker -->\n### ✅ orgward: nothing new\n\nNo rule found anything that this plan brings about.\n\n\
         <sub>[Full report](https://ci.example/1) · 2 accounts, 1 principal, 3 policies after the plan</sub>\n"
    );
}

#[test]
fn a_waived_finding_does_not_block_and_is_not_passed_over() {
    let mut waived = finding("critical", "aws_iam_role.vendor");
    waived["status"] = json!("waived");
    waived["blocks"] = json!(false);
    let text = body(&document(&[waived]), &frame(), 60_000);
    assert!(text.contains("### ✅ orgward: nothing blocks, 1 critical finding waived"), "{text}");
    assert!(!text.contains("No rule found anything"), "{text}");
}

#[test]
fn what_was_there_before_is_folded_away() {
    let mut old = finding("high", "aws_iam_role.old");
    old["status"] = json!("existing");
    old["blocks"] = json!(false);
    let mut waived = finding("low", "aws_iam_role.waived");
    waived["status"] = json!("waived");
    waived["waiver"] = json!({ "owner": "@platform", "reason": "moves in July, see #7", "until": "2026-12-31", "origin": "orgward.toml:3" });
    let mut listed = finding("medium", "aws_iam_role.listed");
    listed["status"] = json!("baseline");
    listed["blocks"] = json!(false);
    let text = body(&document(&[old, waived, listed]), &frame(), 60_000);
    assert!(text.contains("<details><summary>1 high finding: without this plan, too</summary>"), "{text}");
    assert!(text.contains("<details><summary>1 low finding: waived</summary>"), "{text}");
    assert!(text.contains("<details><summary>1 medium finding: in the baseline</summary>"), "{text}");
    assert!(
        text.contains("\n  Waived by `@platform` until `2026-12-31`: moves in July, see `#7`\n"),
        "{text}"
    );
}

#[test]
fn a_sensitive_document_is_named_and_not_shown() {
    let mut secret = finding("high", "aws_iam_role.a");
    secret["snippets"] = json!([{ "name": "aws_iam_role.a.policy", "label": "admits anyone" }]);
    let text = body(&document(&[secret]), &frame(), 60_000);
    assert!(
        text.contains("`aws_iam_role.a.policy` (sensitive, so it is not shown): admits anyone"),
        "{text}"
    );
}

/// Who reads the comment has to see who gets what, and the cause before its consequences.
#[test]
fn access_is_told_and_consequences_stand_with_their_cause() {
    let mut cause = finding("high", "aws_organizations_policy_attachment.lock");
    cause["fingerprint"] = json!("c0");
    let mut consequence = finding("high", "Root/Runtime/prod");
    consequence["rule"] = json!("region-lock-gap");
    consequence["fingerprint"] = json!("f1");
    consequence["cause"] = json!("c0");
    let text = body(&document(&[cause, consequence.clone()]), &frame(), 60_000);
    assert!(text.contains("#### What changes"), "{text}");
    assert!(text.contains("Access:"), "{text}");
    assert!(text.contains("can now"), "{text}");
    let follows = text.find("**Follows:** high [region-lock-gap]").expect("it is told");
    assert!(text.find("aws_organizations_policy_attachment.lock").is_some_and(|at| at < follows));
    assert_eq!(text.matches("· fingerprint").count(), 1, "the consequence has no details of its own: {text}");
    // Without its cause it stands alone.
    let text = body(&document(&[consequence]), &frame(), 60_000);
    assert!(!text.contains("Follows"), "{text}");
    assert!(text.contains("region-lock-gap"), "{text}");
}

fn change(units: &[&str], text: &str) -> Value {
    json!({
        "policyType": "SCP", "units": units, "accounts": ["222222222222"],
        "noLongerDenied": {
            "summary": "`s3` (2 write)",
            "services": [{ "service": "s3", "actions": ["DeleteBucket", "PutBucketPolicy"] }],
            "example": { "principal": "p", "action": "s3:DeleteBucket", "resource": "*", "context": {} },
            "causes": [{ "what": text, "address": text, "site": { "file": "scps/all of them.tf", "line": 7 } }],
        },
        "newlyDenied": { "summary": "`ec2:RunInstances`", "causes": [] },
        "undecided": [text],
    })
}

fn with_changes(findings: &[Value], changes: &[Value]) -> Document {
    let text = json!({
        "schema": 1, "verdict": if findings.is_empty() { "clean" } else { "blocked" }, "findings": findings,
        "summary": { "accounts": 2, "principals": 1, "policies": 3 }, "inputs": [], "changes": changes,
    });
    Document::parse("review.json", text.to_string().as_bytes()).unwrap()
}

/// A reviewer of a long policy wants to know just this, also where no rule minds.
#[test]
fn what_changes_is_told_without_a_finding() {
    let document = with_changes(&[], &[change(&["Root/Prod", "Root/Dev"], "`lock` is detached from Root")]);
    let source = Some("https://forge.example/o/r/blob/abc".to_owned());
    let text = body(&document, &Frame { source, ..frame() }, 60_000);
    insta::assert_snapshot!(text, @r"
    <!-- marker -->
    ### ✅ orgward: nothing new

    No rule found anything that this plan brings about.

    #### What changes

    - **Root/Prod, Root/Dev (account `222222222222`)**
      - **no longer denied** by SCPs: `s3` (2 write); for example `s3:DeleteBucket`. Because `lock` is detached from Root ([`scps/all of them.tf:7`](https://forge.example/o/r/blob/abc/scps/all%20of%20them.tf#L7))
      - **newly denied** by SCPs: `ec2:RunInstances`
      - **undecided**: `lock` is detached from Root

    <details><summary>The actions, by service</summary>

    - Root/Prod, Root/Dev (account `222222222222`), no longer denied:
      - `s3`: `DeleteBucket`, `PutBucketPolicy`

    </details>

    <sub>[Full report](https://ci.example/1) · 2 accounts, 1 principal, 3 policies after the plan</sub>
    ");
    assert!(!document.is_silent(), "a first run has something to say");
}

/// Whatever a file is called, its link has the characters of an address and no others, and leads into the repository.
#[test]
fn a_link_to_a_line_is_nothing_else() {
    for hostile in HOSTILE.into_iter().chain(["../../../etc/passwd", "/etc/passwd", "a/../../b.tf"]) {
        let source = Some("https://forge.example/o/r/blob/abc".to_owned());
        let frame = Frame { source, ..frame() };
        let text = body(&document(&[finding("high", hostile)]), &frame, 60_000);
        for link in text.split("](https://forge.example/").skip(1) {
            let address = link.split(')').next().unwrap();
            let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~/%#".contains(c);
            assert!(address.chars().all(is_part), "{address}");
            assert!(!address.split('/').any(|part| part == ".."), "{address}");
        }
    }
}

#[test]
fn nothing_of_a_change_is_markup() {
    for hostile in HOSTILE {
        let document = with_changes(&[], &[change(&[hostile], hostile)]);
        let text = body(&document, &frame(), 60_000);
        let outside = outside(&text);
        for word in ["@", "evil", "script>", "/close", "/merge", "#12", "✅ |", "\u{202e}", "\u{1b}"] {
            assert!(!outside.contains(word), "{word} of {hostile:?} got out:\n{outside}");
        }
    }
}

/// One screen: whatever changes and whatever is found, no more than so many lines are not folded.
#[test]
fn a_large_comment_is_one_screen() {
    let findings: Vec<Value> = (0..60).map(|at| finding("high", &format!("aws_iam_role.r{at}"))).collect();
    let changes: Vec<Value> =
        (0..50).map(|at| change(&[&format!("Root/U{at}")], "`lock` is rewritten")).collect();
    let text = body(&with_changes(&findings, &changes), &frame(), 60_000);
    let mut depth = 0;
    let mut open = 0;
    for line in text.lines() {
        let was = depth;
        depth += line.matches("<details").count();
        depth -= line.matches("</details>").count();
        open += usize::from(was == 0 && !line.is_empty());
    }
    assert!(open <= 50, "{open} lines are not folded:\n{text}");
    assert_eq!(depth, 0);
    assert!(text.contains("and 52 high findings"), "{text}");
    assert!(text.contains("45 more groups of accounts"), "{text}");
}

#[test]
fn several_stacks_are_one_comment() {
    let bad = document(&[finding("high", "aws_iam_role.a")]);
    let good = document(&[]);
    let documents = [("dev".to_owned(), good), ("prod".to_owned(), bad)];
    let text = bodies(&documents, &frame(), 60_000);
    assert!(text.starts_with("<!-- marker -->\n### ❌ orgward: 1 of 2 stacks do not pass\n"), "{text}");
    assert!(
        text.contains("| ❌ | `prod` | blocked by 1 high finding |\n| ✅ | `dev` | nothing new |"),
        "{text}"
    );
    assert!(text.contains("<details open><summary>❌ <code>prod</code></summary>"), "{text}");
    assert_eq!(text.matches("<!-- marker -->").count(), 1);
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
}

#[test]
fn many_stacks_stay_within_the_limit() {
    let many = |at: usize| {
        let findings: Vec<Value> =
            (0..200).map(|it| finding("high", &format!("aws_iam_role.r{at}_{it}"))).collect();
        (format!("stack-{at}"), document(&findings))
    };
    let documents: Vec<(String, Document)> = (0..30).map(many).collect();
    let text = bodies(&documents, &frame(), 60_000);
    assert!(text.chars().count() <= 60_000, "{}", text.chars().count());
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
    for at in 0..30 {
        assert!(text.contains(&format!("| `stack-{at}` |")), "each stack has its verdict: {at}");
    }
}

/// What it was judged by stands in every report: a pull request may have chosen it.
#[test]
fn the_configuration_and_what_is_gone_are_told() {
    let text = json!({
        "schema": 1, "verdict": "clean", "findings": [],
        "summary": { "accounts": 2, "principals": 1, "policies": 3 }, "inputs": [],
        "configuration": { "files": [{ "name": "orgward.toml", "digest": "ab12" }], "letsPass": ["ignores public-trust"] },
        "gone": [{ "rule": "public-trust", "place": "aws_iam_role.a", "fingerprint": "f" }],
    });
    let document = Document::parse("review.json", text.to_string().as_bytes()).unwrap();
    let text = body(&document, &frame(), 60_000);
    assert!(text.contains("judged by"), "{text}");
    assert!(text.contains("ignores public-trust"), "{text}");
    assert!(text.contains("<details><summary>1 in the baseline and no longer there</summary>"), "{text}");
}
