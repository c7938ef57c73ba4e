use orgward_finding::{Severity, Status};
use sha2::{Digest as _, Sha256};

use super::{POLICY, SCRIPT, html_page};
use crate::testing::{PUBLIC_TRUST, REGION_LOCK_GAP, ROOT_PARKED_ACCOUNT, full, hostile, review, waived};

#[test]
fn a_page_holds_every_finding_with_its_place_excerpt_request_and_cure() {
    let page = html_page(&full(), &[&PUBLIC_TRUST, &REGION_LOCK_GAP, &ROOT_PARKED_ACCOUNT]);
    for finding in &full().findings {
        let place = finding.address.as_ref().map(ToString::to_string).or(finding.target.clone()).unwrap();
        assert!(page.contains(&place), "{place}");
    }
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("<code>aws_iam_role.deploy</code>"));
    assert!(page.contains("admits every principal of every account"), "the excerpt has its labels");
    assert!(page.contains("<dt>request</dt>"));
}

/// What a plan says is text and nothing else: no tag, no attribute, no address to load.
#[test]
fn text_of_a_plan_cannot_become_part_of_the_page() {
    let mut review = hostile();
    for finding in &mut review.findings {
        finding.message.push_str("</p><script>alert(1)</script><img src=x onerror=alert(1)>");
        finding.target = Some("\"><a href=\"javascript:alert(1)\">".to_owned());
        finding.notes.push("`<b>` and an odd ` <i>".to_owned());
    }
    let page = html_page(&review, &[]);
    assert_eq!(page.matches("<script").count(), 1, "its own");
    for tag in ["<script>alert", "<img", "<a href=\"javascript", "<b>", "<i>", "\u{1b}", "\u{202e}"] {
        assert!(!page.contains(tag), "{tag:?} in {:?}", page.split_once(tag).map(|(_, rest)| &rest[..40]));
    }
    assert!(page.contains("&lt;script&gt;"));
}

/// A page that is kept for months must not depend on, or tell anything to, another host.
#[test]
fn a_page_loads_nothing() {
    let page = html_page(&full(), &[&PUBLIC_TRUST]);
    assert!(page.contains("default-src 'none'"));
    for loads in ["src=", "<link", "@import", "url("] {
        assert!(!page.contains(loads), "{loads}");
    }
}

/// The browser runs the script with this digest and no other, whatever gets into the page.
#[test]
fn only_the_script_of_the_page_may_run() {
    let digest = base64(&Sha256::digest(SCRIPT));
    assert!(POLICY.contains(&format!("script-src 'sha256-{digest}'")), "the digest is {digest}");
    assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--"), "it would end before its end");
    let page = html_page(&full(), &[]);
    assert!(page.contains(&format!("<script>{SCRIPT}</script>")));
    assert!(!page.contains("onclick") && !POLICY.contains("script-src 'unsafe-inline'"));
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let bits =
            part.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - part.len()));
        for at in 0..4 {
            out.push(if at > part.len() { '=' } else { char::from(DIGITS[bits >> (18 - 6 * at) & 63]) });
        }
    }
    out
}

#[test]
fn what_does_not_count_is_folded() {
    let mut accepted = crate::testing::public_trust();
    accepted.status = Status::Waived;
    accepted.waived = Some(waived());
    let mut there = crate::testing::region_lock_gap();
    there.status = Status::Existing;
    there.severity = Severity::High;
    let page = html_page(&review(vec![accepted, there]), &[]);
    assert!(!page.contains("<details class=\"status\" open>"));
    assert!(page.contains("<dt>accepted</dt>"));
}

/// Who has to approve looks for who gets what.
#[test]
fn a_page_says_who_can_do_more() {
    let mut review = full();
    review.access.gained.push(orgward_finding::AccessEntry {
        principal: "arn:aws:iam::222222222222:role/deploy<b>".to_owned(),
        administrator: true,
        ..orgward_finding::AccessEntry::default()
    });
    let page = html_page(&review, &[]);
    assert!(page.contains("access (1)"));
    assert!(page.contains("role/deploy&lt;b&gt; is now an administrator"), "{page}");
}

/// A reader finds the rule that matters in a list, and hides what does not, without a script.
#[test]
fn a_page_begins_with_its_contents() {
    let review = full();
    let page = html_page(&review, &[&PUBLIC_TRUST, &REGION_LOCK_GAP, &ROOT_PARKED_ACCOUNT]);
    let (nav, rest) = page.split_once("<nav>").unwrap().1.split_once("</nav>").unwrap();
    for (id, count) in [("critical", 1), ("high", 1), ("medium", 14)] {
        assert!(nav.contains(&format!("<label for=\"show-{id}\">{id} ({count})</label>")), "{nav}");
        assert!(page.contains(&format!("body:has(#show-{id}:not(:checked)) .{id} {{ display: none }}")));
    }
    for target in nav.split("href=\"#").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)) {
        assert!(rest.contains(&format!("id=\"{target}\"")), "{target} is not on the page");
    }
    assert!(nav.contains("region-lock-gap</a> (15)"), "{nav}");
}

/// Five thousand findings are a page of headings, each of which opens.
#[test]
fn many_findings_are_folded_by_rule() {
    let review = crate::testing::many();
    let page = html_page(&review, &[&PUBLIC_TRUST]);
    assert!(page.contains("<details class=\"rule medium\">"), "it goes with the severity that all of it has");
    for open in ["rule", "part", "finding"] {
        assert!(!page.contains(&format!("<details class=\"{open}\" open")), "{open}");
    }
    let unfolded = page.split("<details class=\"rule").next().unwrap();
    assert_eq!(unfolded.matches("<details class=\"finding").count(), 0);
    let parts: Vec<_> = page.split("<details class=\"part").skip(1).collect();
    assert_eq!(parts.len(), 50);
    assert!(parts.iter().all(|part| part.matches("<details class=\"finding").count() <= 101));
}

/// Of findings that say the same, each place is on the page: what is not there cannot be searched.
#[test]
fn no_place_is_left_out() {
    let findings = (0..300).map(|at| {
        let mut finding = crate::testing::public_trust();
        finding.address = Some(orgward_finding::Address::new(format!("aws_iam_role.r[{at}]")));
        finding
    });
    let page = html_page(&review(findings.collect()), &[]);
    assert!((0..300).all(|at| page.contains(&format!("aws_iam_role.r[{at}]"))));
    assert!(page.contains("<summary>and 99 more</summary>"), "{page}");
}

mod browser;
