use std::collections::BTreeSet;

use orgward_iam::{Callers, Claim, ClaimSpec, RequestSet, is_account_id};
use orgward_org::{Organization, PolicyChain, PolicyType};

/// The keys that tell where in the organization an account lies, in lower case.
pub(super) const PATHS: &str = "orgpaths";

/// What is true of every request that the guardrails above an account are about: who makes it, or whose resource it is
/// for.
#[derive(Clone, Debug)]
pub struct Assumptions {
    kind: PolicyType,
    callers: Option<Callers>,
    /// Accounts that are not the one at the end, where that is unknown: what is shown must not name them.
    others: Option<Callers>,
    facts: Option<Claim>,
    /// The partition that the organization is in, where the inputs show another one than `aws`.
    partition: Option<String>,
    /// Whose principals are of the organization, and what tells so; only where a policy asks.
    insiders: Option<(Callers, Claim)>,
}

impl Assumptions {
    /// `account` is the one at the end of the policy chains, if there is one.
    pub fn of(
        kind: &PolicyType,
        organization: &Organization,
        account: Option<&str>,
        policy_chains: &[&PolicyChain<'_>],
    ) -> Self {
        let account = account.filter(|account| is_account_id(account));
        let above = policy_chains.iter().find_map(|chain| chain.levels.first()).map(|level| level.id);
        let management = above.and_then(|above| organization.management_of(above));
        let management = management.and_then(|id| organization.symbolic_account_id(id));
        let management = management.filter(|account| is_account_id(account));
        let others = (account.is_none() && *kind == PolicyType::ServiceControl)
            .then(|| others(organization, management, policy_chains));
        let organization = above.and_then(|above| organization.symbolic_id_of(above));
        let (facts, callers) = match (kind, account) {
            (PolicyType::ResourceControl, account) => {
                // Nothing binds those who give a grant back.
                let spec = ClaimSpec {
                    not_actions: Some(vec!["kms:RetireGrant".to_owned()]),
                    ..ClaimSpec::default()
                };
                (
                    Some(match account {
                        Some(account) => spec.when("StringEquals", "aws:ResourceAccount", [account]),
                        None => spec,
                    }),
                    None,
                )
            }
            // A principal of a member account is one of the organization. It is said only where a policy asks, so that
            // requests that are shown stay short.
            (_, account) => {
                let organization = organization.filter(|_| mentions(policy_chains, "principalorgid"));
                (
                    organization.map(of_organization),
                    account.map(|it| Callers::Accounts([it.to_owned()].into())),
                )
            }
        };
        let facts = facts.and_then(|spec| Claim::new(spec).ok());
        let asks = *kind == PolicyType::ResourceControl && mentions(policy_chains, "principalorgid");
        let insiders = organization.filter(|_| asks).and_then(|organization| {
            let known = [management, account].into_iter().flatten().map(str::to_owned).collect();
            Some((Callers::Accounts(known), Claim::new(of_organization(organization)).ok()?))
        });
        let partition = policy_chains.iter().find_map(|chain| chain.partition.clone());
        Self { kind: kind.clone(), callers, others, facts, partition, insiders }
    }

    /// The requests.
    pub fn requests(&self) -> RequestSet<'_> {
        let bound = PolicyChain::bound(&self.kind);
        let by = self.callers.clone().map_or_else(RequestSet::everything, RequestSet::by);
        let all = self.facts.iter().fold(bound.and(by), |all, fact| all.and(fact.described()));
        let strangers = self
            .insiders
            .iter()
            .map(|(callers, told)| RequestSet::by(callers.clone()).minus(told.described()));
        let all = strangers.fold(all, RequestSet::minus);
        let all = self.partition.iter().fold(all, |all, it| all.and(RequestSet::in_partition(it)));
        self.others.iter().fold(all, |all, others| all.minus(RequestSet::by(others.clone())))
    }
}

/// The management account, which service control policies never bind, and the accounts that no policy above tells from
/// others: there are always more accounts like them.
fn others(organization: &Organization, management: Option<&str>, chains: &[&PolicyChain<'_>]) -> Callers {
    let texts: Vec<&str> = chains
        .iter()
        .flat_map(|chain| &chain.levels)
        .flat_map(|level| &level.attached)
        .map(|attached| attached.org_policy.data.document.text.expose())
        .collect();
    let named: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split(|char: char| !char.is_ascii_digit()))
        .filter(|digits| is_account_id(digits))
        .collect();
    let known = organization.accounts().filter_map(|account| organization.symbolic_account_id(account.id));
    let alike = known.filter(|account| is_account_id(account) && !named.contains(account));
    Callers::Accounts(alike.chain(management).map(str::to_owned).collect())
}

/// The requests of principals of an organization.
fn of_organization(organization: &str) -> ClaimSpec {
    ClaimSpec::default().when("StringEquals", "aws:PrincipalOrgID", [organization])
}

/// Whether a policy of the policy chains asks for a key, in lower case.
pub(super) fn mentions(policy_chains: &[&PolicyChain<'_>], key: &str) -> bool {
    policy_chains
        .iter()
        .flat_map(|chain| &chain.levels)
        .flat_map(|level| &level.attached)
        .any(|attached| attached.org_policy.data.document.text.expose().to_ascii_lowercase().contains(key))
}
