//! What AWS services do on behalf of accounts outside of the organization.

use std::collections::BTreeSet;

use orgward_iam::{Answer, Callers, Claim, ClaimSpec, Policy, RequestSet, Statement};
use orgward_org::NodeId;

use super::outsider::{accounts_in, perimeter_of};
use super::sets::{About, Side};
use super::{Access, paths};

impl<'o> Access<'o> {
    /// What a service may do on behalf of an account that a policy names as one for which services act.
    pub fn for_outsider(&self, policy: &'o Policy, account: &str, owner: Option<NodeId>) -> Answer {
        let names = policy.statements.iter().flat_map(|it| &it.conditions).any(|line| {
            let key = line.key.value.to_ascii_lowercase();
            ["aws:sourceaccount", "aws:sourcearn", "aws:sourceowner"].contains(&key.as_str())
                && line.values.iter().any(|value| value.value.contains(account))
        });
        if names { self.acting_for(policy, None, account, owner) } else { Answer::None }
    }

    /// A request that a service makes on behalf of an account outside, and that a policy allows.
    pub fn deputy(&self, policy: &'o Policy, service: &str, owner: Option<NodeId>) -> Answer {
        let taken = paths::accounts_of(policy);
        let perimeter = perimeter_of(self.org, owner);
        let outside = (0..1_000_000_000_000_u64)
            .rev()
            .map(|number| format!("{number:012}"))
            .find(|it| !taken.contains(it) && !perimeter.accounts.contains(it))
            .unwrap_or_default();
        self.acting_for(policy, Some(service), &outside, owner)
    }

    /// A request that a service, or any, makes on behalf of an account, and that a policy allows.
    fn acting_for(
        &self,
        policy: &'o Policy,
        service: Option<&str>,
        account: &str,
        owner: Option<NodeId>,
    ) -> Answer {
        let mut spec = ClaimSpec::default();
        let mut set = |operator: &str, key: &str, values: Vec<String>| {
            spec.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), values);
        };
        if let Some(service) = service {
            set("StringEquals", "aws:PrincipalServiceName", vec![service.to_owned()]);
        }
        set("StringEquals", "aws:SourceAccount", vec![account.to_owned()]);
        let mut sources =
            vec![format!("arn:*:*:*:{account}:*"), "arn:aws:s3:::bucket-of-another-account".to_owned()];
        sources.extend(policy.statements.iter().flat_map(open_sources));
        set("ArnLike", "aws:SourceArn", sources);
        set("StringEqualsIfExists", "aws:SourceOrgID", vec!["o-outsider00".to_owned()]);
        set("ForAllValues:StringLike", "aws:SourceOrgPaths", vec!["o-outsider00/*".to_owned()]);
        // Whatever else names an account names that one, and none that the policy names in its place.
        for line in policy.statements.iter().flat_map(|it| &it.conditions) {
            let key = line.key.value.to_ascii_lowercase();
            let standard = key.starts_with("aws:source") && key != "aws:sourceowner"
                || key.starts_with("aws:principal")
                || key.starts_with("aws:resource");
            let named: BTreeSet<&str> =
                line.values.iter().flat_map(|value| accounts_in(&value.value)).collect();
            if !standard && !named.is_empty() {
                set("StringLike", &line.key.value, vec![format!("*{account}*")]);
                let others = named.into_iter().filter(|named| *named != account);
                let others: Vec<String> = others.map(|named| format!("*{named}*")).collect();
                if !others.is_empty() {
                    set("StringNotLike", &line.key.value, others);
                }
            }
            // The token says which skill calls, and whose.
            if key == "lambda:eventsourcetoken" {
                set("Null", &line.key.value, vec!["true".to_owned()]);
            }
        }
        let Ok(claim) = Claim::new(spec) else { return Answer::None };
        let open = self.rcp(owner, Side::AtMost, About::Everything);
        let allowed = RequestSet::allowed(policy).and(open);
        allowed.and(claim.requests()).and(RequestSet::by(Callers::Services)).example()
    }
}

/// The patterns of ARNs of sources that name no account and end open: everyone can make a bucket whose name begins like
/// another one.
fn open_sources(statement: &Statement) -> Vec<String> {
    let lines = statement.conditions.iter().filter(|line| {
        line.key.value.eq_ignore_ascii_case("aws:SourceArn") && !line.operator.value.is_negated()
    });
    let patterns = lines.flat_map(|line| &line.values).map(|value| value.value.as_str());
    let open = patterns.filter(|pattern| {
        let mut parts = pattern.splitn(6, ':').skip(2);
        let (service, account) = (parts.next(), parts.nth(1));
        service == Some("s3") && account == Some("") && parts.next().is_some_and(|name| name.contains('*'))
    });
    // A wildcard of a claim stands for anything: one name of those that it matches will do.
    open.map(|pattern| pattern.replace('*', "of-another-account").replace('?', "x")).collect()
}
