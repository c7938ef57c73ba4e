use miette::{GraphicalReportHandler, GraphicalTheme};
use orgward_finding::Severity;

use super::read::SETTINGS;
use orgward_proof::Profile;

use super::Config;

pub(super) fn refused(text: &str) -> String {
    let error = Config::parse("orgward.toml", text).expect_err("it is wrong");
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .render_report(&mut shown, &error)
        .expect("strings take everything");
    shown
}

#[test]
fn no_file_is_a_configuration() {
    let mut config = Config::parse("orgward.toml", "").expect("it is fine");
    config.files.clear();
    assert_eq!(config, Config::default());
}

#[test]
fn every_setting_is_read() {
    for (table, settings) in SETTINGS {
        for setting in settings {
            let value = match (table, *setting) {
                ("organization", "id") => "'o-acme123456'",
                ("organization", "management_account") => "'111111111111'",
                ("organization", "accounts" | "trusted_accounts") => "['111111111111']",
                ("regions", "allowed") => "['eu-west-1']",
                ("regions", "profile") => "'strict'",
                ("regions", "exempt_principals") | ("boundaries", _) => "['arn:aws:iam::*:role/*']",
                ("apply", _) => "'arn:aws:iam::*:role/deploy'",
                ("rules", "disabled") => "['public-trust']",
                ("rules", "severity") => "{ public-trust = 'low' }",
                ("structure", "units") => "{ production = ['Root/prod'] }",
                ("structure", "accounts") => "{ delivery = ['222222222222'] }",
                ("structure", _) => "{ shop = ['shop-*'] }",
                ("unverifiable", _) => "'info'",
                ("files", _) => "'beside'",
                _ => "['x']",
            };
            let text = format!("[{table}]\n{setting} = {value}\n");
            let beside = |_: &str| {
                Ok(if *setting == "control_catalog" {
                    r#"{"Controls": [{"Arn": "arn:aws:controlcatalog:::control/aaaa"}]}"#.to_owned()
                } else {
                    "@inner\t2026-03-01\thttps://audit.example/\ns3\tinner\n".to_owned()
                })
            };
            let config = Config::parse_beside("orgward.toml", &text, &beside)
                .unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_ne!(config, Config::default(), "{table}.{setting} changes nothing");
        }
    }
}

#[test]
fn settings_arrive_where_they_belong() {
    let text = "
        [regions]
        profile = 'control-tower'
        [rules]
        disabled = ['over-quota']
        severity = { public-trust = 'low' }
        [unverifiable]
        severity = 'info'
    ";
    let config = Config::parse("orgward.toml", text).expect("it is fine");
    assert_eq!(config.regions.profile, Some(Profile::ControlTower));
    assert!(config.is_disabled("over-quota"));
    assert_eq!(config.severity("public-trust"), Some(Severity::Low));
    assert_eq!(config.severity("over-quota"), None);
    assert_eq!(config.unverifiable, Some(Severity::Info));
}

#[test]
fn misspelled_setting() {
    insta::assert_snapshot!(refused("[regions]\nalowed = ['eu-west-1']\n"), @"
     × unknown setting `alowed`
      ╭─[orgward.toml:2:1]
    1 │ [regions]
    2 │ alowed = ['eu-west-1']
      · ───┬──
      ·    ╰── unknown setting
      ╰────
     help: did you mean `allowed`?
    ");
}

#[test]
fn misspelled_role() {
    insta::assert_snapshot!(refused("[structure.units]\nprodction = ['Root/prod']\n"), @"
     × unknown role of a unit `prodction`
      ╭─[orgward.toml:2:1]
    1 │ [structure.units]
    2 │ prodction = ['Root/prod']
      · ────┬────
      ·     ╰── unknown role of a unit
      ╰────
     help: did you mean `production`?
    ");
}

#[test]
fn misspelled_rule() {
    insta::assert_snapshot!(refused("[rules]\ndisabled = ['public-trusts']\n"), @"
     × unknown rule `public-trusts`
      ╭─[orgward.toml:2:13]
    1 │ [rules]
    2 │ disabled = ['public-trusts']
      ·             ───────┬───────
      ·                    ╰── unknown rule
      ╰────
     help: did you mean `public-trust`?
    ");
}

#[test]
fn account_id_as_a_number() {
    insta::assert_snapshot!(refused("[organization]\nmanagement_account = 111111111111\n"), @"
     × expected a string, found a number
      ╭─[orgward.toml:2:22]
    1 │ [organization]
    2 │ management_account = 111111111111
      ·                      ──────┬─────
      ·                            ╰── must be a string
      ╰────
    ");
}

#[test]
fn region_with_a_missing_dash() {
    insta::assert_snapshot!(refused("[regions]\nallowed = ['eu-west-1', 'us-east1']\n"), @"
     × `us-east1` is not a region
      ╭─[orgward.toml:2:25]
    1 │ [regions]
    2 │ allowed = ['eu-west-1', 'us-east1']
      ·                         ─────┬────
      ·                              ╰── no region of AWS that this version knows
      ╰────
     help: did you mean `us-east-1`?
    ");
}

#[test]
fn broken_toml() {
    insta::assert_snapshot!(refused("[regions\nallowed = []\n"), @"
     × unclosed table, expected `]`
      ╭─[orgward.toml:1:9]
    1 │ [regions
      ·         ▲
      ·         ╰── here
    2 │ allowed = []
      ╰────
     help: the file is TOML: see `docs/configuration.md`
    ");
}

const WAIVER: &str = "[[waiver]]\nrule = 'external-trust'\naddress = 'module.vendor[\"a\"].*'\nreason = 'reads invoices'\n\
    owner = 'platform team'\nuntil = 2027-03-31\n";

#[test]
fn waivers_know_where_they_are_written() {
    let text = format!("[organization]\nid = 'o-acme123456'\n\n{WAIVER}");
    let mut config = Config::parse("orgward.toml", &text).expect("it is fine");
    config.add_waivers(".orgward/waivers/a.toml", WAIVER).expect("it is fine");
    let origins: Vec<_> = config.waivers.iter().map(|waiver| waiver.origin.as_str()).collect();
    assert_eq!(origins, ["orgward.toml:4", ".orgward/waivers/a.toml:1"]);
    assert_eq!(config.waivers[0].until, jiff::civil::date(2027, 3, 31));
    assert!(
        config.add_waivers("a.toml", "[rules]\ndisabled = ['external-trust']\n").is_err(),
        "nothing else"
    );
}

#[test]
fn waiver_without_an_owner() {
    insta::assert_snapshot!(refused(&WAIVER.replace("owner = 'platform team'\n", "")));
}

#[test]
fn waiver_until_no_day() {
    insta::assert_snapshot!(refused(&WAIVER.replace("2027-03-31", "'next week'")));
}

#[test]
fn waivers_of_waivers_are_refused() {
    assert!(Config::parse("orgward.toml", &WAIVER.replace("external-trust", "expired-waiver")).is_err());
}

#[test]
fn severity_for_nothing() {
    insta::assert_snapshot!(refused("[[severity_for]]\nseverity = 'low'\n"));
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let page = include_str!("../../../docs/configuration.md");
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = Config::parse("orgward.toml", example).expect("the documentation is right");
    assert_eq!((config.waivers.len(), config.severity_for.len()), (1, 2));
}

#[test]
fn a_stack_that_several_patterns_match_is_what_the_longest_says() {
    let text = "
        [stacks]
        '*' = '111111111111'
        'stacks/shop/*' = { account = '222222222222', region = 'eu-west-1', providers = { 'aws.audit' = '333333333333' } }
    ";
    let config = Config::parse("orgward.toml", text).expect("it is fine");
    let shop = config.declaration("stacks/shop/prod/plan.json");
    assert_eq!(shop.account.as_deref(), Some("222222222222"));
    assert_eq!(shop.region.as_deref(), Some("eu-west-1"));
    assert_eq!(shop.providers.get("aws.audit").map(String::as_str), Some("333333333333"));
    assert_eq!(config.declaration("plan.json").account.as_deref(), Some("111111111111"));
    let nothing = Config::default().declaration("plan.json");
    assert_eq!((nothing.account, nothing.region), (None, None));
}

#[test]
fn account_of_a_stack_without_its_zeros() {
    insta::assert_snapshot!(refused("[stacks]\n'shop/*' = { account = '12345678901' }\n"), @"
     × `12345678901` is not an account id
      ╭─[orgward.toml:2:24]
    1 │ [stacks]
    2 │ 'shop/*' = { account = '12345678901' }
      ·                        ──────┬──────
      ·                              ╰── twelve digits
      ╰────
     help: write it as a string, so that leading zeros stay
    ");
}

#[test]
fn stack_by_an_absolute_path() {
    insta::assert_snapshot!(refused("[stacks]\n'/home/me/shop/*' = '222222222222'\n"), @r#"
     × `/home/me/shop/*` matches no input
      ╭─[orgward.toml:2:1]
    1 │ [stacks]
    2 │ '/home/me/shop/*' = '222222222222'
      · ────────┬────────
      ·         ╰── a path from the folder of this file
      ╰────
     help: for example `"stacks/shop/*"`, where `*` stands for anything
    "#);
}

#[test]
fn stack_with_an_unknown_setting() {
    insta::assert_snapshot!(refused("[stacks]\n'shop/*' = { acount = '222222222222' }\n"), @"
     × unknown setting `acount`
      ╭─[orgward.toml:2:14]
    1 │ [stacks]
    2 │ 'shop/*' = { acount = '222222222222' }
      ·              ───┬──
      ·                 ╰── unknown setting
      ╰────
     help: did you mean `account`?
    ");
}

#[test]
fn stack_that_says_nothing() {
    insta::assert_snapshot!(refused("[stacks]\n'shop/*' = {}\n"), @r#"
     × this stack has no account
      ╭─[orgward.toml:2:12]
    1 │ [stacks]
    2 │ 'shop/*' = {}
      ·            ─┬
      ·             ╰── says nothing
      ╰────
     help: for example `{ account = "222222222222" }`
    "#);
}

#[test]
fn stack_whose_provider_is_not_of_aws() {
    insta::assert_snapshot!(refused("[stacks]\n'shop/*' = { providers = { google = '222222222222' } }\n"), @r#"
     × `google` is not the name of a provider configuration
      ╭─[orgward.toml:2:28]
    1 │ [stacks]
    2 │ 'shop/*' = { providers = { google = '222222222222' } }
      ·                            ───┬──
      ·                               ╰── not of AWS
      ╰────
     help: for example `"aws.audit"`, as in `provider = aws.audit`
    "#);
}

#[test]
fn an_operator_is_read() {
    let config = Config::parse(
        "orgward.toml",
        "[[operator]]
        name = 'delivery'
        principals = ['arn:aws:iam::*:role/delivery']
        actions = ['iam:PassRole']
        conditions = { Bool = { 'aws:SecureTransport' = true } }
        ",
    )
    .expect("it is fine");
    let [operator] = config.operators.as_slice() else { panic!("{:?}", config.operators) };
    assert_eq!(operator.conditions["Bool"]["aws:SecureTransport"], ["true"]);
    assert!(operator.targets.is_empty());
}

#[test]
fn operator_without_actions() {
    insta::assert_snapshot!(refused("[[operator]]\nname = 'x'\nprincipals = ['arn:aws:iam::*:role/x']\n"), @r#"
     × operator without `actions`
      ╭─[orgward.toml:1:1]
    1 │ [[operator]]
      · ──────┬─────
      ·       ╰── has no `actions`
    2 │ name = 'x'
      ╰────
     help: for example `actions = ["cloudformation:*", "iam:PassRole"]`
    "#);
}

#[test]
fn operator_with_a_condition_that_is_none() {
    let text = "[[operator]]\nname = 'x'\nprincipals = ['arn:aws:iam::*:role/x']\nactions = ['s3:*']\n\
                conditions = { StringSame = { 'aws:RequestedRegion' = 'eu-west-1' } }\n";
    insta::assert_snapshot!(refused(text), @"
     × `conditions` of the operator: unknown condition operator `StringSame`
      ╭─[orgward.toml:5:14]
    4 │ actions = ['s3:*']
    5 │ conditions = { StringSame = { 'aws:RequestedRegion' = 'eu-west-1' } }
      ·              ────────────────────────────┬───────────────────────────
      ·                                          ╰── as a policy document has them
      ╰────
    ");
}
