//! Effective access: what principals can do, over all policies that have a say, and how one comes to act as another.
//!
//! Everything here is asked of one side of a change. Nothing is computed before a question needs it.

mod acting;
mod admin;
#[cfg(test)]
mod agreement;
mod assumed;
mod boundary;
mod changes;
mod claims;
mod classes;
mod diff;
mod edges;
mod exposure;
mod forbid;
mod named;
mod outsider;
mod paths;
mod perimeter;
mod place;
mod reach;
mod resources;
mod sets;
mod subject;
mod summary;
mod tags;
mod taken;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use orgward_org::{Modality, NodeId, Organization, PolicyChain, PolicyType};

pub use self::admin::Standing;
pub use self::boundary::Removal;
pub use self::claims::transport;
pub use self::diff::{Difference, Gained, difference};
pub use self::edges::{Edge, EdgeKind, End};
pub use self::exposure::{Opening, Shield, is_owned_by_aws, refuses_new, shield};
pub use self::forbid::{Forbid, Forbidden, Place, is_exempt, means_something};
pub use self::named::Named;
pub use self::outsider::{Outsider, is_organization, lets_in_outsider, membership_of};
pub use self::paths::{Gain, Reach, Step, WayIn, accounts_of};
pub use self::perimeter::Leak;
pub use self::place::of_account as requests_of_account;
pub use self::reach::{Reached, Who, services};
pub use self::sets::{ByStanding, Side};
pub use self::subject::{Cap, Held, Subject, SubjectId, Unread};
pub use self::summary::{Entry, Level};
pub use self::ways::{Way, WayKind, services_of_ways, ways};
use crate::memo::Memo;

/// What can be asked about access on one side of a change.
#[derive(Debug)]
pub struct Access<'o> {
    org: &'o Organization,
    subjects: Vec<Subject<'o>>,
    by_arn: BTreeMap<String, SubjectId>,
    by_node: BTreeMap<NodeId, Vec<SubjectId>>,
    /// The SCP chains of the accounts of principals, and the RCP chains of the accounts of resources.
    chains: BTreeMap<NodeId, (PolicyChain<'o>, Option<PolicyChain<'o>>)>,
    /// The keys of tags of principals that some policy looks at.
    tag_keys: BTreeSet<String>,
    /// What policies ask of where principals and resources are.
    asked: place::Asked,
    standings: OnceLock<Vec<Standing>>,
    paths: OnceLock<paths::Graph>,
    gains: OnceLock<BTreeMap<SubjectId, Gain>>,
    /// Resources with policies.
    with_policies: OnceLock<resources::Index>,
    /// What is taken away of grants, asked once for all that are alike.
    taken: taken::Answers,
    /// What principals can do to come to act as others, asked once for all that are alike.
    can: edges::Answers,
    /// How many principals there are in each cohort, by its number.
    alike: Vec<usize>,
    /// What is effective of what principals are allowed, for cohorts with several of them.
    summaries: Memo<usize, (String, summary::Effective)>,
    /// Which services trust policies let in, asked once for each text.
    admitted: edges::Admitted,
}

impl<'o> Access<'o> {
    /// Gathers the principals of an organization.
    pub fn of(org: &'o Organization) -> Self {
        let mut subjects = subject::all(org);
        let policies = tags::policies(org, &subjects);
        let tag_keys = tags::keys_in(&policies);
        let asked = place::Asked::by(&policies);
        for subject in &mut subjects {
            // Who may be in one account or another has no certain place.
            let is_certain =
                org.owner(subject.node.id).is_some_and(|(_, modality)| modality == Modality::Must);
            if let Some(account) = subject.account.filter(|_| is_certain || subject.word == "permission set")
            {
                subject.place = asked.of_principal(org, account);
            }
        }
        subject::cohorts(org, &tag_keys, &mut subjects);
        let mut alike = vec![0; subjects.len()];
        for subject in &subjects {
            if let Some(count) = alike.get_mut(subject.cohort) {
                *count += 1;
            }
        }
        let mut by_arn = BTreeMap::new();
        let mut by_node: BTreeMap<NodeId, Vec<SubjectId>> = BTreeMap::new();
        let mut chains = BTreeMap::new();
        for (at, subject) in subjects.iter().enumerate() {
            // What another stack manages is not described by what is given to it here.
            if !subject.is_elsewhere() {
                by_arn.entry(subject.arn.clone()).or_insert(SubjectId(at));
            }
            by_node.entry(subject.node.id).or_default().push(SubjectId(at));
        }
        let owners = subjects.iter().filter_map(|subject| subject.account);
        let owners = owners.chain(org.access().resources.iter().filter_map(|resource| resource.owner));
        for account in owners {
            chains.entry(account).or_insert_with(|| {
                let bound = org.management() != Some(account);
                let scp = org.policy_chain(account, &PolicyType::ServiceControl);
                let rcp = bound.then(|| org.policy_chain(account, &PolicyType::ResourceControl));
                (scp, rcp)
            });
        }
        Self {
            org,
            subjects,
            by_arn,
            by_node,
            chains,
            tag_keys,
            asked,
            standings: OnceLock::new(),
            paths: OnceLock::new(),
            gains: OnceLock::new(),
            with_policies: OnceLock::new(),
            taken: taken::Answers::default(),
            can: edges::Answers::default(),
            alike,
            summaries: Memo::default(),
            admitted: edges::Admitted::default(),
        }
    }

    /// Whether other principals differ from this one in nothing but their account.
    fn has_alike(&self, subject: &Subject<'_>) -> bool {
        self.alike.get(subject.cohort).is_some_and(|count| *count > 1)
    }

    /// The organization that is asked about.
    pub fn organization(&self) -> &'o Organization {
        self.org
    }

    /// All principals, sorted by key.
    pub fn subjects(&self) -> impl Iterator<Item = (SubjectId, &Subject<'o>)> {
        self.subjects.iter().enumerate().map(|(at, subject)| (SubjectId(at), subject))
    }

    /// A principal.
    pub fn subject(&self, id: SubjectId) -> Option<&Subject<'o>> {
        self.subjects.get(id.0)
    }

    /// The principal with an ARN.
    pub fn find(&self, arn: &str) -> Option<SubjectId> {
        self.by_arn.get(arn).copied()
    }

    /// The principal that people name: by its ARN, or by the address of its resource.
    pub fn named(&self, name: &str) -> Option<SubjectId> {
        let is_named = |subject: &Subject<'o>| {
            subject.arn == name
                || subject.shown(self.org) == name
                || subject.node.address.as_ref().is_some_and(|address| address.as_str() == name)
        };
        self.subjects().find(|(_, subject)| is_named(subject)).map(|(id, _)| id)
    }

    /// The principals of a node: one, or one in each account for a permission set.
    pub fn of_node(&self, node: NodeId) -> &[SubjectId] {
        self.by_node.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Grants of which the inputs do not show what they allow: to whom they go makes no difference, unless a boundary
    /// keeps that from being an administrator.
    pub fn unread(&self) -> Vec<Unread<'o>> {
        let open = self.subjects.iter().filter(|subject| subject.can_be_administrator());
        let mut unread: Vec<_> = open.flat_map(|subject| subject.unread.iter().cloned()).collect();
        unread.extend(subject::unread_assignments(self.org));
        unread
    }

    /// The same principal on another side: the one with the same ARN, or the same key.
    pub fn same(&self, other: &Subject<'_>) -> Option<(SubjectId, &Subject<'o>)> {
        // A permission set has one ARN, and is another principal in each account that it is assigned in.
        let here = |id: &SubjectId| {
            self.subject(*id).is_some_and(|subject| subject.account_text == other.account_text)
        };
        let by_arn = self.find(&other.arn).filter(|id| other.word != "permission set" || here(id));
        let by_key = || {
            let node = self.org.find(&other.node.key)?;
            self.of_node(node).iter().copied().find(here)
        };
        let id = by_arn.or_else(by_key)?;
        Some((id, self.subject(id)?))
    }
}
