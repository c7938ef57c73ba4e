//! What holds for every rule.

use std::fmt::Write as _;
use std::path::Path;

use orgward_finding::{Severity, Verdict};

use super::RULES;
use crate::testing::{findings, names, review_of, review_with};
use orgward_config::waivers;

/// Configurations know the rules by their ids alone.
#[test]
fn configurations_know_every_rule() {
    let ids: Vec<&str> = super::RULES.iter().map(|rule| rule.info.id).collect();
    assert_eq!(ids, orgward_config::RULE_IDS, "add the id to `orgward-config/src/rule_ids.rs`");
}

#[test]
fn ids_are_sorted_and_name_their_file() {
    assert!(RULES.is_sorted_by_key(|rule| rule.info.id));
    for rule in RULES {
        let stem = Path::new(rule.file).file_stem().unwrap().to_str().unwrap();
        assert_eq!(stem.replace('_', "-"), rule.info.id);
    }
}

#[test]
fn every_rule_file_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if ["mod", "tests"].contains(&stem) {
            continue;
        }
        let id = stem.replace('_', "-");
        assert!(RULES.iter().any(|rule| rule.info.id == id), "`{id}` is not in RULES");
    }
}

#[test]
fn every_rule_says_why_and_shows_a_fix() {
    for rule in RULES {
        for part in ["Checks for", "## Why is this bad?", "## Example", "Use instead"] {
            assert!(rule.info.docs.contains(part), "`{}` does not say `{part}`", rule.info.id);
        }
        assert!(!rule.info.summary.ends_with('.'), "{}", rule.info.id);
        // What cannot be told is never worse than what is found.
        assert!(rule.info.unverifiable <= rule.info.severity, "{}", rule.info.id);
        let is_info = rule.info.severity == Severity::Info;
        // What an apply will meet is no matter of governance: what is unknown of it never blocks.
        let never_blocks = rule.info.id == "denied-apply";
        assert!(rule.info.unverifiable > Severity::Info || is_info || never_blocks, "{}", rule.info.id);
    }
}

#[test]
fn every_rule_flags_its_bad_plans_and_no_good_one() {
    for rule in RULES {
        let names = names(rule.info.id);
        for kind in ["bad-", "good-"] {
            assert!(
                names.iter().any(|name| name.starts_with(kind)),
                "`{}` has no {kind}*.json",
                rule.info.id
            );
        }
        for name in names {
            let found = findings(rule, &name);
            if name.starts_with("good-") {
                assert_eq!(found, [], "{}/{name}", rule.info.id);
            } else {
                assert_ne!(found, [], "{}/{name}", rule.info.id);
                // Locked but for one role, of which the account is known: that can be told.
                let told = name == "bad-unknown-exemption";
                let unknown =
                    (name.starts_with("bad-unknown") && !told) || rule.info.id == "unverifiable-plan";
                let verdict = if unknown { Verdict::Unverifiable } else { Verdict::Found };
                assert!(found.iter().any(|f| f.verdict == verdict), "{}/{name}: {found:?}", rule.info.id);
            }
        }
    }
}

/// The plan that plants five faults, and the accounts and addresses that they touch.
#[test]
fn the_demonstration_shows_its_five_faults_and_nothing_else() {
    let review = review_of("demo", "second");
    let found: Vec<(&str, String, usize)> = review
        .findings
        .iter()
        .map(|finding| {
            let place = finding.address.as_ref().map(ToString::to_string).or_else(|| finding.target.clone());
            (finding.rule, place.unwrap_or_default(), finding.accounts.len())
        })
        .collect();
    let expected = [
        ("public-trust", "aws_iam_role.partner_reports", 0),
        // The detached region lock, and what it leaves open.
        ("guardrail-removed", r#"module.region_lock.aws_organizations_policy_attachment.this["runtime"]"#, 7),
        // The account that moves, and the guardrail that it leaves.
        ("guardrail-removed", r#"module.workload["ecommerce-prod"].aws_organizations_account.this"#, 1),
        ("management-account-workload", "aws_instance.exporter", 1),
        ("management-account-workload", "aws_s3_bucket.exports", 1),
        ("region-lock-gap", "Root/Runtime/dev", 3),
        ("region-lock-gap", "Root/Runtime/prod", 1),
        ("region-lock-gap", "Root/Runtime/sandbox", 1),
        ("region-lock-gap", "Root/Runtime/stage", 2),
        ("unbounded-principal", "aws_iam_role.stock_import", 0),
        // An SCP denies taking the boundary away, to all but a role; which one applies the plan, it does not show.
        ("denied-apply", "", 0),
    ];
    assert_eq!(found, expected.map(|(rule, place, accounts)| (rule, place.to_owned(), accounts)));
    assert!(review.findings.iter().all(|f| {
        let verdict = if f.rule == "denied-apply" { Verdict::Unverifiable } else { Verdict::Found };
        f.status == orgward_finding::Status::New && f.verdict == verdict
    }));
}

#[test]
fn the_demonstration_is_clean_before() {
    for plan in ["first", "state", "raw-state"] {
        assert_eq!(review_of("demo", plan).findings, [], "{plan}");
    }
}

#[test]
fn a_plan_from_nothing_is_never_called_safe() {
    let review = review_of("demo", "create");
    assert!(
        review.findings.iter().all(|finding| finding.verdict == Verdict::Unverifiable),
        "nothing is planted"
    );
    // Whom the roles trust is written with `jsonencode`, of which a plan shows no more than the references.
    assert!(review.findings.iter().any(|finding| finding.rule == "public-trust"));
}

/// The lock and its attachments are unknown until apply, and told all the same.
#[test]
fn a_plan_from_nothing_shows_that_it_locks() {
    let review = review_of("demo", "create");
    assert!(review.findings.iter().all(|finding| finding.rule != "region-lock-gap"));
}

#[test]
fn the_configuration_has_the_last_word_on_severity() {
    let severities = |config: &str| -> Vec<Severity> {
        let findings = review_with("public-trust", "bad-star-string", config).findings.into_iter();
        findings.filter(|finding| finding.rule == "public-trust").map(|finding| finding.severity).collect()
    };
    assert_eq!(severities(""), [Severity::Critical]);
    assert_eq!(severities("[rules]\nseverity = { public-trust = 'low' }"), [Severity::Low]);
    assert_eq!(severities("[unverifiable]\nseverity = 'low'"), [Severity::Critical], "it was found");
    assert_eq!(severities("[rules]\ndisabled = ['public-trust']"), []);
    let unknown = review_with("public-trust", "bad-unknown", "[unverifiable]\nseverity = 'high'").findings;
    assert!(unknown.iter().all(|finding| finding.severity == Severity::High), "{unknown:?}");
}

#[test]
fn documentation_pages_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut index = String::from(
        "# Rules\n\n| rule | finds | severity | when it cannot tell |\n| --- | --- | --- | --- |\n",
    );
    let mut pages = Vec::new();
    let mut infos: Vec<_> =
        RULES.iter().map(|rule| &rule.info).chain(waivers::RULES.iter().copied()).collect();
    infos.sort_by_key(|info| info.id);
    for info in infos {
        let (id, summary) = (info.id, info.summary);
        writeln!(index, "| [`{id}`]({id}.md) | {summary} | {} | {} |", info.severity, info.unverifiable)
            .unwrap();
        // A doc comment has a space before each line.
        let body: Vec<&str> = info.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        pages.push((
            format!("{}.md", info.id),
            format!(
                "# {}\n\nSeverity: {}; when it cannot tell: {}.\n\n{}\n",
                info.id,
                info.severity,
                info.unverifiable,
                body.join("\n").trim()
            ),
        ));
    }
    pages.push(("README.md".to_owned(), index));
    for (name, page) in &pages {
        let path = folder.join(name);
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, page).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == *page,
            "`docs/rules/{name}` is stale: run `UPDATE_DOCS=1 cargo test -p orgward-rules`"
        );
    }
    let known: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name.as_str()), "`docs/rules/{name}` is about no rule");
    }
}
