//! The page of the documentation about packs; it is generated.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use orgward_iam::{Denying, Remedy};

use orgward_config::Pack;
use orgward_org::QuotaName;
use orgward_proof::{EnforcedBy, Guardrail};

const HEAD: &str = "\
# Packs

Guardrails that come with the program, each pack one readable file in `crates/orgward-config/data/packs/`. A pack is
turned on in `orgward.toml`:

```toml
[[pack]]
name = \"baseline\"
targets = [\"Root/Runtime/**\"]                                    # every member account without it
severity = \"high\"
exempt_principals = [\"arn:aws:iam::*:role/platform/break-glass\"] # besides those of the pack
disabled = [\"keep-guardduty\"]

[pack.parameters]
security_roles = [\"arn:aws:iam::*:role/security/*\"]
```

`orgward plan review` then proves each guardrail for each account, and `guardrail-gap` reports where one does not hold.
Below is what each pack claims, and the policy that makes it hold beside `FullAWSAccess`: a test proves that it does, and
that no statement of it is idle. `orgward guardrail show PACK --as scp` prints it with your parameters, `--as hcl` as a
resource of Terraform, `--as toml` the guardrails themselves. What does not fit in one policy is split into several.

A policy that denies more than a guardrail claims is fine, too. The packs are no list of what everybody needs: they are
where to begin.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for pack in Pack::all() {
        writeln!(page, "\n## `{}`\n\n{}", pack.name, pack.description).unwrap();
        if !pack.parameters.is_empty() {
            page.push_str("\n| parameter | what it is | without it |\n| --- | --- | --- |\n");
        }
        for (name, parameter) in &pack.parameters {
            let value = |texts: &[String]| {
                let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
                if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
            };
            let without = match &parameter.default {
                Some(default) => value(default),
                None => format!("it has to be set, for example to {}", value(&parameter.example)),
            };
            writeln!(page, "| `{name}` | {} | {without} |", parameter.description).unwrap();
        }
        page.push_str("\n| guardrail | claim | targets | severity |\n| --- | --- | --- | --- |\n");
        let guardrails = pack.guardrails(&BTreeMap::new()).unwrap();
        for guardrail in &guardrails {
            let targets: Vec<String> = guardrail.targets.iter().map(|target| format!("`{target}`")).collect();
            let targets = if targets.is_empty() { "all".to_owned() } else { targets.join(", ") };
            let claim = guardrail.description.as_deref().unwrap();
            writeln!(page, "| `{}` | {claim} | {targets} | {} |", guardrail.id, guardrail.severity).unwrap();
        }
        let denying = |each: &Guardrail| {
            let denying = Denying::of(each.id.split_once('/').unwrap().1, &each.claim);
            if each.enforced_by.names_principals() { denying.with_principals() } else { denying }
        };
        if guardrails.iter().any(|each| each.enforced_by == EnforcedBy::ResourceControl) {
            page.push_str("\nAs a resource control policy, beside `RCPFullAWSAccess`:\n");
        }
        let of_endpoints = guardrails.iter().any(|each| each.enforced_by == EnforcedBy::Endpoint);
        if of_endpoints {
            page.push_str("\nAs the policy of a VPC endpoint:\n");
        }
        let allowing = of_endpoints.then(Denying::nothing);
        let statements = allowing.into_iter().chain(guardrails.iter().map(denying)).collect();
        for policy in Remedy::within(QuotaName::ScpCharacters.of_aws().value, statements).unwrap() {
            writeln!(page, "\n```json\n{}\n```", policy.pretty()).unwrap();
        }
    }
    page
}

#[test]
fn the_page_about_packs_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/packs.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "`docs/packs.md` is stale: run `UPDATE_DOCS=1 cargo test -p orgward-rules`");
}

#[test]
fn the_example_of_the_page_is_read() {
    let example = HEAD.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = orgward_config::Config::parse("orgward.toml", example).unwrap();
    assert_eq!(config.guardrails.len(), 6);
}
