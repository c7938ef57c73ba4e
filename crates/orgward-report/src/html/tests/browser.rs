//! The page as a person sees it, in a real browser: light, dark, and on a phone. Where no browser is installed there is
//! nothing to see; the structure is checked all the same.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::html::html_page;
use crate::testing::{PUBLIC_TRUST, REGION_LOCK_GAP, ROOT_PARKED_ACCOUNT, full, many};

/// What the browser says of a page, for each look.
fn seen(name: &str, page: &str) -> Option<[Value; 3]> {
    let is_there = |program: &&str| Command::new(program).arg("--version").output().is_ok();
    let browser = ["chromium", "chromium-browser", "google-chrome", "chrome"].into_iter().find(is_there);
    let (Some(browser), true) = (browser, is_there(&"node")) else {
        assert!(std::env::var_os("TEST_NEEDS_BROWSER").is_none(), "neither a browser nor node is installed");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, page).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/html/tests/browser.mjs");
    let run = Command::new("node")
        .arg(&script)
        .args([browser.as_ref(), folder.path().join("profile").as_os_str()])
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    Some(serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error} {run:?}")))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// What holds for each page in each look.
fn looks_right(look: &str, seen: &Value) {
    assert_eq!(seen["complaints"], serde_json::json!([]), "{look}: the browser refuses something: {seen}");
    assert!(seen["overflow"].as_i64().unwrap() <= 0, "{look}: wider than the screen: {seen}");
    // What WCAG asks of text, level AA.
    assert!(seen["contrast"].as_f64().unwrap() >= 4.5, "{look}: too faint: {seen}");
    let light: u64 = seen["background"]
        .as_str()
        .unwrap()
        .split(|it: char| !it.is_ascii_digit())
        .flat_map(str::parse::<u64>)
        .sum();
    assert_eq!(light < 300, look == "dark", "{look}: {seen}");
    assert_eq!(seen["search"], true, "{look}: the script runs, so the search is there");
    assert_eq!(
        (number(&seen["filtered"]["left"]), seen["linked"]["visible"].clone()),
        (0, true.into()),
        "{look}: {seen}"
    );
    assert_eq!(seen["linked"]["inside"], true, "{look}: a link leads there: {seen}");
}

#[test]
fn few_findings_are_read_without_a_click() {
    let page = html_page(&full(), &[&PUBLIC_TRUST, &REGION_LOCK_GAP, &ROOT_PARKED_ACCOUNT]);
    let Some(all) = seen("few.html", &page) else { return };
    for (look, seen) in ["light", "dark", "phone"].into_iter().zip(&all) {
        looks_right(look, seen);
        assert!(number(&seen["shown"]) > 1, "{look}: {seen}");
        assert_eq!(seen["filtered"]["severities"], 4, "{look}: {seen}");
    }
}

/// Five thousand findings: a page that is scrolled in seconds, whatever is opened, in which each finding is found.
#[test]
fn five_thousand_findings_are_a_short_page_with_details_on_demand() {
    let page = html_page(&many(), &[&PUBLIC_TRUST]);
    let Some(all) = seen("many.html", &page) else { return };
    for (look, seen) in ["light", "dark", "phone"].into_iter().zip(&all) {
        looks_right(look, seen);
        assert_eq!((number(&seen["findings"]), number(&seen["shown"])), (5_001, 0), "{look}: {seen}");
        assert!(number(&seen["height"]) < 2_000, "{look}: {seen}");
        assert!(number(&seen["opened"]) < 40_000, "{look}: {seen}");
        assert_eq!(seen["found"], serde_json::json!({"shown": 1, "says": "1 of 5001"}), "{look}: {seen}");
        assert_eq!(seen["nothing"], serde_json::json!({"shown": 0, "says": "0 of 5001"}), "{look}: {seen}");
        assert_eq!(seen["cleared"], serde_json::json!({"shown": 0, "says": ""}), "{look}: {seen}");
    }
}
