use orgward_org::{NodeId, Organization};
use orgward_plan::{Document, Plan};

use crate::testing::{fixtures, review_with};
use orgward_config::Config;
use orgward_org::{AccountRole, RoleMatch, UnitRole, account_plays, unit_plays};

fn demo(config: &str) -> (Config, Organization) {
    let text = std::fs::read(fixtures("demo").join("first.json")).unwrap();
    let document = Document::decode("first.json", text).unwrap();
    let config = Config::parse("orgward.toml", config).unwrap();
    let organization = Organization::of(&[Plan::parse(&document).unwrap()], &[], &config.declared());
    (config, organization.after)
}

fn at(organization: &Organization, path: &str) -> NodeId {
    organization.nodes().find(|(id, _)| organization.path(*id) == path).unwrap().0
}

fn plays(config: &str, path: &str, role: UnitRole) -> RoleMatch {
    let (config, organization) = demo(config);
    unit_plays(&config.structure, &organization, at(&organization, path), role)
}

#[test]
fn the_name_of_a_unit_is_a_guess_that_says_so() {
    let guess = plays("", "Root/Runtime/prod/ecommerce-prod", UnitRole::Production);
    assert!(
        guess.guess().unwrap().starts_with("`Root/Runtime/prod` is taken for a production unit"),
        "{guess:?}"
    );
    assert_eq!(plays("", "Root/Runtime/dev/ecommerce-dev", UnitRole::Production), RoleMatch::No);
    assert_eq!(
        plays("", "Root/Runtime", UnitRole::Production),
        RoleMatch::No,
        "what lies below it does not count"
    );
}

#[test]
fn a_declared_role_is_inherited() {
    let config = "[structure.units]\nproduction = ['Root/Run*/prod']";
    assert_eq!(plays(config, "Root/Runtime/prod", UnitRole::Production), RoleMatch::Declared);
    assert_eq!(plays(config, "Root/Runtime/prod/ecommerce-prod", UnitRole::Production), RoleMatch::Declared);
}

#[test]
fn what_is_declared_is_not_guessed_at() {
    // The role is given to other units, ...
    let elsewhere = "[structure.units]\nproduction = ['Root/Enterprise']";
    assert_eq!(plays(elsewhere, "Root/Runtime/prod", UnitRole::Production), RoleMatch::No);
    // ... to none, ...
    assert_eq!(
        plays("[structure.units]\nproduction = []", "Root/Runtime/prod", UnitRole::Production),
        RoleMatch::No
    );
    // ... or the unit has another one.
    let other = "[structure.units]\nsandbox = ['Root/Runtime']";
    assert_eq!(plays(other, "Root/Runtime/prod", UnitRole::Production), RoleMatch::No);
    assert_eq!(plays(other, "Root/Runtime/prod", UnitRole::Sandbox), RoleMatch::Declared);
}

#[test]
fn accounts_by_id_by_name_and_by_guess() {
    let role = |config: &str, role| {
        let (config, organization) = demo(config);
        account_plays(&config.structure, &organization, at(&organization, "Root/Enterprise/delivery"), role)
    };
    assert!(role("", AccountRole::Delivery).guess().is_some());
    assert_eq!(role("", AccountRole::SharedServices), RoleMatch::No);
    assert_eq!(
        role("[structure.accounts]\ndelivery = ['222222222222']", AccountRole::Delivery),
        RoleMatch::Declared
    );
    assert_eq!(
        role("[structure.accounts]\ndelivery = ['deliv*']", AccountRole::Delivery),
        RoleMatch::Declared
    );
    assert_eq!(role("[structure.accounts]\ndelivery = []", AccountRole::Delivery), RoleMatch::No);
    assert_eq!(
        role("[structure.accounts]\nlog-archive = ['delivery']", AccountRole::Delivery),
        RoleMatch::No
    );
}

/// A guardrail for `role:production` is for the unit that is called `prod`, and the finding says why.
#[test]
fn a_target_by_role_takes_a_name_for_an_answer_and_says_so() {
    let org_policy = "[[guardrail]]\nid = 'no-lambda'\nactions = 'lambda:*'\ntargets = ['role:production']\n";
    let gaps = |config: &str| -> Vec<(Vec<String>, usize)> {
        let findings = review_with("demo", "first", &format!("{org_policy}{config}")).findings.into_iter();
        findings
            .filter(|finding| finding.rule == "guardrail-gap")
            .map(|finding| (finding.accounts, finding.rests_on.len()))
            .collect()
    };
    let production = vec!["101010101010".to_owned(), "666666666666".to_owned()];
    assert_eq!(gaps(""), [(production.clone(), 1)]);
    assert_eq!(gaps("[structure.units]\nproduction = ['Root/Runtime/prod']"), [(production, 0)]);
    let sandbox = gaps("[structure.units]\nproduction = ['Root/Runtime/sandbox']");
    assert_eq!(sandbox, [(vec!["888888888888".to_owned()], 0)]);
}
