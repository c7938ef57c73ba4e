//! What a configuration lets pass, and what a change of it lets pass that did not before.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, RuleInfo, Severity, Verdict};
use orgward_iam::Answer;
use orgward_org::QuotaName;
use orgward_proof::{Guardrail, Profile};

use crate::Config;

pub(crate) static WEAKENED: RuleInfo = RuleInfo {
    id: "weakened-gate",
    summary: "the pull request weakens what judges it",
    severity: Severity::High,
    unverifiable: Severity::High,
    docs: "Checks with `--base-config` whether the configuration lets something pass that the configuration of the base \
revision does not.

## Why is this bad?

A pull request that brings its own `orgward.toml`, its own waivers or its own exemptions is judged by what it brings. Each
rule that it turns off, each severity that it lowers, each target, action or guardrail that it drops, each exemption,
trusted account, raised quota and waiver that it adds is one finding. None of them can be waived, turned off or put into a baseline by
the pull request itself: only `[rules] disabled` of the base revision counts.

## Example

```toml
[rules]
disabled = [\"public-trust\"]
```

Use instead: a pull request of its own for the configuration, which its owners review; after it is merged, it is the base.
",
};

/// Something that a configuration says, in words that follow "the configuration", by what tells it apart.
type Said = BTreeMap<String, String>;

/// What a configuration lets pass, a sentence each, sorted. `default` is how bad the findings of a rule are.
pub fn lenient(config: &Config, default: &dyn Fn(&str) -> Option<Severity>) -> Vec<String> {
    let mut said = allowed(config);
    for (rule, severity) in &config.severities {
        if default(rule).is_some_and(|default| *severity < default) {
            said.insert(format!("severity {rule}"), format!("lowers `{rule}` to {severity}"));
        }
    }
    for (name, quota) in &config.quotas {
        let (text, aws) = (name.as_str(), name.of_aws().value);
        if *quota > aws {
            said.insert(format!("quota {text}"), format!("raises the quota `{text}` from {aws} to {quota}"));
        }
    }
    let mut said: Vec<String> = said.into_values().collect();
    said.sort();
    said
}

/// What the configuration lets pass that its base does not: a finding each.
pub fn weakened(config: &Config, default: &dyn Fn(&str) -> Option<Severity>) -> Vec<Finding> {
    let Some(base) = config.base.as_deref().filter(|base| !base.is_disabled(WEAKENED.id)) else {
        return Vec::new();
    };
    let (before, after) = (allowed(base), allowed(config));
    let mut found: Vec<String> =
        after.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, said)| said.clone()).collect();
    let (before, after) = (required(base), required(config));
    found.extend(
        before
            .iter()
            .filter(|(key, _)| !after.contains_key(*key))
            .map(|(_, said)| format!("no longer {said}")),
    );
    let severity = |config: &Config, rule: &str| config.severity(rule).or_else(|| default(rule));
    for rule in base.severities.keys().chain(config.severities.keys()).collect::<BTreeSet<_>>() {
        if let (Some(old), Some(new)) = (severity(base, rule), severity(config, rule))
            && new < old
        {
            found.push(format!("lowers `{rule}` from {old} to {new}"));
        }
    }
    for name in QuotaName::ALL {
        let of = |config: &Config| config.quotas.get(name).copied().unwrap_or(name.of_aws().value);
        if of(config) > of(base) {
            found.push(format!("raises the quota `{}` from {} to {}", name.as_str(), of(base), of(config)));
        }
    }
    if let Some(new) = config.unverifiable
        && base.unverifiable.is_none_or(|old| new < old)
    {
        found.push(format!("lowers what is undecided to {new}"));
    }
    for old in &base.guardrails {
        if let Some(new) = config.guardrails.iter().find(|new| new.id == old.id) {
            found.extend(narrowed(old, new));
        }
    }
    let open = rego(base, config, &mut found);
    found.sort();
    found.dedup();
    let said = |said: String| {
        let mut finding = Finding::about(&WEAKENED, None);
        finding.subject(said.clone()).says(format!("the configuration {said}"));
        finding.help("change the configuration in a pull request of its own, which its owners review");
        finding
    };
    let mut findings: Vec<Finding> = found.into_iter().map(said).collect();
    findings.extend(open.into_iter().map(|what| {
        let mut finding = said(what);
        finding.verdict = Verdict::Unverifiable;
        finding
    }));
    findings
}

/// What the rules of one's own no longer ask, and what may let something pass: a rule that another file changes, or an
/// exception that it adds, is not compared.
fn rego(base: &Config, config: &Config, found: &mut Vec<String>) -> Vec<String> {
    let mut open = Vec::new();
    let of = |config: &Config, path: &str| config.rego.files.iter().find(|it| it.path == path).cloned();
    for old in &base.rego.files {
        match of(config, &old.path) {
            None => found.push(format!("no longer has the rules in `{}`", old.path)),
            Some(new) if new.text != old.text => {
                open.push(format!(
                    "changes the rules in `{}`, and it is undecided whether they let more pass",
                    old.path
                ));
            }
            Some(_) => {}
        }
    }
    let package = |text: &str| {
        let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix("package "));
        line.map(|name| name.split(['#', ' ', ';']).next().unwrap_or_default().to_owned())
    };
    let packages: BTreeSet<_> = base.rego.files.iter().map(|file| package(&file.text)).collect();
    for new in config.rego.files.iter().filter(|new| of(base, &new.path).is_none()) {
        if packages.contains(&package(&new.text)) {
            open.push(format!(
                "adds `{}` to a package that has rules, and it is undecided whether they let more pass",
                new.path
            ));
        }
    }
    let (old, new) = (&base.rego.packages, &config.rego.packages);
    if !new.is_empty() && !base.rego.files.is_empty() {
        if old.is_empty() {
            found.push("asks only some packages of rules".to_owned());
        }
        found.extend(
            old.difference(new).map(|package| format!("no longer asks the rules of package `{package}`")),
        );
    }
    open
}

/// What a guardrail no longer claims.
fn narrowed(old: &Guardrail, new: &Guardrail) -> Vec<String> {
    let mut found = Vec::new();
    let id = &old.id;
    if new.severity < old.severity {
        found.push(format!("lowers guardrail `{id}` from {} to {}", old.severity, new.severity));
    }
    // A guardrail without targets holds everywhere.
    let targets: BTreeSet<String> = new.targets.iter().map(ToString::to_string).collect();
    if !targets.is_empty() {
        let gone = old.targets.iter().map(ToString::to_string).filter(|target| !targets.contains(target));
        found.extend(gone.map(|target| format!("takes `{target}` out of guardrail `{id}`")));
        if old.targets.is_empty() {
            found.push(format!("limits guardrail `{id}` to some targets"));
        }
    }
    if old.claim.spec() != new.claim.spec() {
        match old.claim.requests().minus(new.claim.requests()).example() {
            Answer::None => {}
            Answer::Witness(request) => {
                found.push(format!("takes requests such as `{}` out of guardrail `{id}`", request.action));
            }
            Answer::Undecided(why) => {
                found.push(format!(
                    "changes guardrail `{id}`, and it is undecided whether it claims less: {why}"
                ));
            }
        }
    }
    if old.enforced_by != new.enforced_by {
        found.push(format!("changes which policies may enforce guardrail `{id}`"));
    }
    found
}

/// What weakens the configuration when it is added.
fn allowed(config: &Config) -> Said {
    let mut said = Said::new();
    let mut add = |said_of: &str, what: String| {
        said.insert(format!("{said_of} {what}"), what);
    };
    for rule in &config.disabled {
        add("rules", format!("turns off `{rule}`"));
    }
    for account in &config.organization.trusted_accounts {
        add("organization", format!("trusts account {account}"));
    }
    for account in &config.organization.accounts {
        add("organization", format!("counts account {account} to the organization"));
    }
    for region in &config.regions.allowed {
        add("regions", format!("allows region `{region}`"));
    }
    for action in &config.regions.exempt_actions {
        add("regions", format!("exempts `{action}` from the region lock"));
    }
    for principal in &config.regions.exempt_principals {
        add("regions", format!("exempts `{principal}` from the region lock"));
    }
    if config.regions.profile == Some(Profile::ControlTower) {
        add("regions", "accepts the exemptions of Control Tower from the region lock".to_owned());
    }
    let management = &config.management;
    for what in
        management.allowed_types.iter().chain(&management.allowed_addresses).chain(&management.allowed_users)
    {
        add("management", format!("allows `{what}` in the management account"));
    }
    for boundary in &config.boundaries.required {
        add("boundaries", format!("accepts `{boundary}` as a boundary"));
    }
    for entry in &config.severity_for {
        if entry.severity.is_some() || entry.at_most.is_some() {
            let level =
                entry.severity.or(entry.at_most).map_or_else(String::new, |severity| severity.to_string());
            let rules: Vec<&str> = entry.rules.iter().map(String::as_str).collect();
            let rules = if rules.is_empty() { "all rules".to_owned() } else { rules.join(", ") };
            add("severity_for", format!("sets {rules} to {level} in {}", listed(&entry.targets)));
        }
    }
    for (pattern, declaration) in &config.stacks {
        said.insert(
            format!("stacks {pattern} {declaration:?}"),
            format!("says in which account `{pattern}` is"),
        );
    }
    for waiver in &config.waivers {
        let place = waiver.address.as_deref().or(waiver.target.as_deref()).unwrap_or("the organization");
        // All that is accepted tells a waiver apart, and where it is written does not.
        let key = crate::waivers::Waiver { origin: String::new(), reason: String::new(), ..waiver.clone() };
        let what = format!("waives `{}` for `{place}` until {}", waiver.rule, waiver.until);
        said.insert(format!("waiver {key:?}"), what);
    }
    said
}

/// What weakens the configuration when it is dropped, in words that follow "no longer".
fn required(config: &Config) -> Said {
    let mut said = Said::new();
    let mut add = |what: String| said.insert(what.clone(), what);
    for guardrail in &config.guardrails {
        add(format!("declares guardrail `{}`", guardrail.id));
    }
    for pattern in config.boundaries.roles.iter().chain(&config.boundaries.users) {
        add(format!("asks for a boundary of `{pattern}`"));
    }
    if !config.boundaries.required.is_empty() {
        add("says which boundaries count".to_owned());
    }
    if !config.regions.allowed.is_empty() {
        add("says which regions are used".to_owned());
    }
    if config.regions.profile == Some(Profile::Strict) {
        add("reads the region lock strictly".to_owned());
    }
    for operator in &config.operators {
        add(format!("protects the access of operator `{}`", operator.name));
    }
    for entry in &config.severity_for {
        if let Some(least) = entry.at_least {
            add(format!("raises findings in {} to {least}", listed(&entry.targets)));
        }
    }
    let structure = &config.structure;
    let units = structure.units.iter().map(|(role, patterns)| (format!("{role:?}"), patterns));
    let phases = structure.phases.iter().map(|(phase, patterns)| (phase.clone(), patterns));
    for (role, patterns) in units.chain(phases) {
        for pattern in patterns {
            add(format!("counts `{pattern}` as {}", role.to_lowercase()));
        }
    }
    if let Some(id) = &config.organization.id {
        add(format!("says that the organization is {id}"));
    }
    if let Some(id) = &config.organization.management_account {
        add(format!("says that {id} is the management account"));
    }
    said
}

/// Targets one after the other, as people write them.
fn listed(targets: &[orgward_org::Selector]) -> String {
    targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"
[rules]
severity = { external-trust = "critical" }

[organization]
trusted_accounts = ["999999999999"]

[boundaries]
roles = ["arn:aws:iam::*:role/app/*"]

[[guardrail]]
id = "keep-the-trail"
targets = ["Root/prod", "Root/dev"]
actions = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"]
"#;

    fn weakened_by(change: impl Fn(&str) -> String) -> Vec<String> {
        let mut config = Config::parse("orgward.toml", &change(BASE)).unwrap();
        config.base = Some(Box::new(Config::parse("base", BASE).unwrap()));
        let found = weakened(&config, &|_| Some(Severity::High));
        assert!(found.iter().all(|finding| finding.severity == Severity::High));
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_stays_or_becomes_stricter_weakens_nothing() {
        assert_eq!(weakened_by(str::to_owned), [""; 0]);
        assert_eq!(weakened_by(|base| base.replace("[\"999999999999\"]", "[]")), [""; 0]);
        assert_eq!(
            weakened_by(|base| base.replace("targets = [\"Root/prod\", \"Root/dev\"]\n", "")),
            [""; 0]
        );
        assert_eq!(
            weakened_by(
                |base| base.replace("DeleteTrail\"]", "DeleteTrail\", \"cloudtrail:PutEventSelectors\"]")
            ),
            [""; 0]
        );
        assert_eq!(weakened_by(|base| format!("{base}severity = \"critical\"\n")), [""; 0]);
    }

    #[test]
    fn each_weakening_is_named() {
        for (from, to, says) in [
            ("[rules]", "[rules]\ndisabled = [\"public-trust\"]", "turns off `public-trust`"),
            (
                "external-trust = \"critical\"",
                "external-trust = \"low\"",
                "lowers `external-trust` from critical to low",
            ),
            ("external-trust = \"critical\"", "", "lowers `external-trust` from critical to high"),
            ("[\"999999999999\"]", "[\"999999999999\", \"888888888888\"]", "trusts account 888888888888"),
            (
                "roles = [\"arn:aws:iam::*:role/app/*\"]",
                "",
                "no longer asks for a boundary of `arn:aws:iam::*:role/app/*`",
            ),
            ("\"Root/prod\", ", "", "takes `Root/prod` out of guardrail `keep-the-trail`"),
            (
                "\"cloudtrail:StopLogging\", ",
                "",
                "takes requests such as `cloudtrail:StopLogging` out of guardrail `keep-the-trail`",
            ),
            ("id = \"keep-the-trail\"", "id = \"other\"", "no longer declares guardrail `keep-the-trail`"),
            (
                "[boundaries]",
                "[unverifiable]\nseverity = \"info\"\n[boundaries]",
                "lowers what is undecided to info",
            ),
        ] {
            assert!(BASE.contains(from), "{from}");
            let found = weakened_by(|base| base.replacen(from, to, 1));
            assert!(found.contains(&format!("the configuration {says}")), "{says}: {found:?}");
        }
        let exempt = weakened_by(|base| format!("{base}exempt_principals = [\"arn:aws:iam::*:role/dev\"]\n"));
        assert_eq!(exempt.len(), 1, "an exemption takes requests out: {exempt:?}");
        let waived = weakened_by(|base| {
            format!(
                "{base}[[waiver]]\nrule = \"public-trust\"\naddress = \"a.b\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-01\n"
            )
        });
        assert_eq!(waived, ["the configuration waives `public-trust` for `a.b` until 2027-01-01"]);
    }

    #[test]
    fn a_raised_quota_is_named() {
        let with = |quotas: &str| weakened_by(|base| format!("{base}[quotas]\n{quotas}\n"));
        assert_eq!(
            with("roles_per_account = 5000"),
            ["the configuration raises the quota `roles_per_account` from 1000 to 5000"]
        );
        assert_eq!(with("scps_per_target = 8"), [""; 0], "less than AWS accepts");
        let mut config = Config::parse("orgward.toml", BASE).unwrap();
        let base = format!("{BASE}[quotas]\nscps_per_target = 8\n");
        config.base = Some(Box::new(Config::parse("base", &base).unwrap()));
        let found = weakened(&config, &|_| Some(Severity::High));
        assert_eq!(found[0].message, "the configuration raises the quota `scps_per_target` from 8 to 10");
        let config = Config::parse("orgward.toml", "[quotas]\ngroups_per_account = 500\n").unwrap();
        assert_eq!(lenient(&config, &|_| None), ["raises the quota `groups_per_account` from 300 to 500"]);
    }

    #[test]
    fn only_the_base_turns_it_off() {
        let off = "[rules]\ndisabled = [\"public-trust\", \"weakened-gate\"]\n";
        let mut config = Config::parse("orgward.toml", off).unwrap();
        config.base = Some(Box::default());
        assert_eq!(weakened(&config, &|_| None).len(), 2);
        config.base =
            Some(Box::new(Config::parse("base", "[rules]\ndisabled = [\"weakened-gate\"]\n").unwrap()));
        assert_eq!(weakened(&config, &|_| None).len(), 0);
    }
}
