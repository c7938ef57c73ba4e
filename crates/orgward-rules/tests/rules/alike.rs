//! Accounts that are alike share the answers about their principals, each with its own names.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run should say so")]

#[path = "../../benches/support/roles.rs"]
#[expect(dead_code, reason = "the plan is the benchmark's")]
mod roles;

use crate::support;
use orgward_config::Config;
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_proof::access::{Access, Reach};

/// What principals gain, as text: their name without account, the request, and who else is in the way.
fn gains(access: &Access<'_>, account: &str) -> Vec<String> {
    let own = access.gains().filter_map(|(id, gain)| Some((access.subject(id)?, gain)));
    own.filter(|(subject, _)| subject.account_text.as_deref() == Some(account))
        .map(|(subject, gain)| {
            let Reach::More(request) = &gain.reach else { return subject.name() };
            let edges = gain.path.iter().flat_map(|step| &step.edge.requests);
            let asked: Vec<String> = edges
                .chain([&**request])
                .map(|it| format!("{} {} {}", it.caller, it.action, it.resource))
                .collect();
            let ends = gain.path.iter().map(|step| access.subject(step.to.subject()).unwrap().arn.clone());
            let text = format!("{} {asked:?} {:?} {}", subject.name(), ends.collect::<Vec<_>>(), gain.others);
            assert!(!text.contains("30000000000") || text.contains(account), "{text}");
            text.replace(account, "ACCOUNT")
        })
        .collect()
}

#[test]
fn what_principals_gain_is_the_same_in_accounts_that_are_alike() {
    let state = roles::roles(1, 3).into_bytes();
    let document = Document::decode("state.json", state).unwrap();
    let plan = Plan::parse(&document).unwrap();
    let organization = Organization::of(&[], std::slice::from_ref(&plan), &Config::default().declared());
    let access = Access::of(&organization.after);
    let [first, second, third] =
        ["300000000000", "300000000001", "300000000002"].map(|account| gains(&access, account));
    assert!(first.iter().any(|gain| gain.contains("iam:PassRole")), "{first:?}");
    assert_eq!(second, third);
    // The first account has buckets of its own.
    assert_eq!(first.len(), second.len());
    assert!(second.iter().all(|gain| !gain.contains("30000000000")), "{second:?}");
}
