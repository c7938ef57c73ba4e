mod sets;

use std::cell::OnceCell;

use orgward_iam::{ChainDecision, Decider, Effect, Outcome, Request};

pub use self::sets::Relevant;
use crate::{Attachment, Entity, Modality, NodeId, OrgPolicy, Organization, PolicyType};

/// A guardrail at one level of a policy chain.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'o> {
    /// The guardrail.
    pub org_policy: Entity<'o, OrgPolicy>,
    /// How it came to be attached.
    pub attachment: &'o Attachment,
}

impl Attached<'_> {
    /// Whether it must act here or may. A policy of an unknown type may be of another one; a text that AWS refuses never
    /// comes to act, and what stays in its place is not known.
    pub fn modality(&self) -> Modality {
        if self.org_policy.kind == PolicyType::Unknown || self.org_policy.data.document.refused {
            Modality::May
        } else {
            self.attachment.resolved.modality()
        }
    }
}

/// One level between the root and an account.
#[derive(Clone, Debug)]
pub struct Level<'o> {
    /// The root, organizational unit or account.
    pub id: NodeId,
    /// What to call it.
    pub title: String,
    /// What is attached to it.
    pub attached: Vec<Attached<'o>>,
}

/// The levels that a node inherits guardrails of one kind from, from the root down to the node itself.
#[derive(Clone, Debug)]
pub struct PolicyChain<'o> {
    /// The kind of guardrails that it is about.
    pub kind: PolicyType,
    /// The levels that are known.
    pub levels: Vec<Level<'o>>,
    /// Why there may be further levels or guardrails, one sentence each.
    pub gaps: Vec<String>,
    /// Guardrails whose target is unknown, so that they may be attached to any of the levels.
    pub unresolved_targets: Vec<Entity<'o, OrgPolicy>>,
    /// Whether guardrails of this kind act; `None` when no input says so.
    pub enabled: Option<bool>,
    /// The partition that the organization is in, where the inputs show another one than `aws`.
    pub partition: Option<String>,
}

/// Decides requests about one policy chain.
#[derive(Clone, Debug)]
pub struct Judge<'l, 'o> {
    chain: &'l PolicyChain<'o>,
    /// What is attached for certain.
    must: orgward_iam::PolicyChain<'l>,
    /// What is attached or may be, where that is not the same.
    may: Option<orgward_iam::PolicyChain<'l>>,
    /// What is told where a request stays undecided.
    doubts: OnceCell<Vec<String>>,
}

/// Why a request is denied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Denial {
    /// The level.
    pub level: NodeId,
    /// The guardrail and the index of its statement; `None` when the level allows nothing that matches.
    pub by: Option<(NodeId, usize)>,
}

/// What guardrails say about a request, as far as the plan tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ruling {
    /// It is denied, whatever the unknown turns out to be.
    Denied(Denial),
    /// It is not denied, whatever the unknown turns out to be.
    Allowed,
    /// It depends on something unknown: the reasons, one sentence each.
    Undecided(Vec<String>),
}

impl Organization {
    /// The levels that a node inherits guardrails of one kind from.
    pub fn policy_chain(&self, id: NodeId, kind: &PolicyType) -> PolicyChain<'_> {
        let mut ids = vec![id];
        let mut gaps = Vec::new();
        let mut at = id;
        while let Some(node) = self.node(at).filter(|node| !matches!(node.kind, crate::NodeKind::Root)) {
            match self.parents(at).as_slice() {
                [(parent, Modality::Must)] if !ids.contains(parent) => {
                    ids.push(*parent);
                    at = *parent;
                }
                [] => {
                    let why = self.account(at).and_then(|account| account.unknown_parent.clone());
                    gaps.push(
                        why.unwrap_or_else(|| {
                            format!("what `{}` lies in is not in the inputs", node.title())
                        }),
                    );
                    self.reach_root(&mut ids);
                    break;
                }
                several => {
                    let names: Vec<_> =
                        several.iter().map(|(parent, _)| format!("`{}`", self.path(*parent))).collect();
                    gaps.push(format!("`{}` may lie in {}", node.title(), names.join(" or ")));
                    self.reach_root(&mut ids);
                    break;
                }
            }
        }
        ids.reverse();
        let levels: Vec<Level<'_>> = ids
            .into_iter()
            .map(|id| Level {
                id,
                title: self.node(id).map(crate::Node::title).unwrap_or_default(),
                attached: self
                    .attached_to(id)
                    .into_iter()
                    .filter(|(org_policy, _)| {
                        org_policy.kind == *kind || org_policy.kind == PolicyType::Unknown
                    })
                    .map(|(org_policy, attachment)| Attached { org_policy, attachment })
                    .collect(),
            })
            .collect();
        let unresolved_targets = self
            .unresolved_targets
            .iter()
            .filter_map(|unresolved_targets| self.org_policy(unresolved_targets.org_policy))
            .filter(|org_policy| org_policy.kind == *kind || org_policy.kind == PolicyType::Unknown)
            .collect();
        PolicyChain {
            kind: kind.clone(),
            partition: self.partition_above(&levels),
            levels,
            gaps,
            unresolved_targets,
            enabled: self.is_enabled_at(id, kind),
        }
    }

    /// The partition that a node of some levels, or a policy that is attached there, is in. An organization is in one.
    fn partition_above(&self, levels: &[Level<'_>]) -> Option<String> {
        let attached = levels.iter().flat_map(|level| &level.attached).map(|it| it.org_policy.id);
        let mut nodes = levels.iter().rev().map(|level| level.id).chain(attached);
        nodes.find_map(|id| self.partitions.get(&id)).cloned()
    }

    /// Everything lies below the root of its organization, whatever lies between.
    fn reach_root(&self, ids: &mut Vec<NodeId>) {
        let organization = ids.last().and_then(|id| self.organization_of(*id));
        if let Some(root) = organization.and_then(|index| self.organization(index).node)
            && !ids.contains(&root)
        {
            ids.push(root);
        }
    }
}

impl<'o> PolicyChain<'o> {
    /// What tells two policy chains apart as far as decisions are concerned: nodes with equal signatures get equal
    /// rulings on requests that do not mention their account.
    pub fn signature(&self) -> Vec<Vec<(NodeId, Modality)>> {
        let mut signature: Vec<Vec<_>> = self
            .levels
            .iter()
            .map(|level| {
                let attached = level.attached.iter();
                attached.map(|a| (a.org_policy.id, a.modality())).collect()
            })
            .collect();
        signature
            .push(self.unresolved_targets.iter().map(|org_policy| (org_policy.id, Modality::May)).collect());
        signature.push(vec![(NodeId::new(self.gaps.len()), Modality::May)]);
        signature
    }

    /// The guardrails that must be attached, with the level that they are attached to.
    pub fn certain(&self) -> impl Iterator<Item = (NodeId, Entity<'o, OrgPolicy>)> + '_ {
        self.levels.iter().flat_map(|level| {
            let certain = level.attached.iter().filter(|a| a.modality() == Modality::Must);
            certain.map(|a| (level.id, a.org_policy))
        })
    }

    /// Why this policy chain does not tell the whole story, one sentence each; empty when it does.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = self.gaps.clone();
        for level in &self.levels {
            for attached in &level.attached {
                doubts.extend(attached.org_policy.document.doubt());
                let title = attached.org_policy.node.title();
                if attached.org_policy.document.refused {
                    doubts.push(format!("AWS refuses the text of `{title}`, so that it never acts"));
                } else if attached.attachment.resolved.modality() == Modality::May {
                    doubts.push(format!("`{title}` may or may not be attached to `{}`", level.title));
                } else if attached.modality() == Modality::May
                    && attached.org_policy.document.policy().is_some()
                {
                    doubts.push(format!("of what type `{title}` is, is unknown until apply"));
                }
            }
        }
        for org_policy in &self.unresolved_targets {
            doubts.push(format!("what `{}` is attached to is unknown until apply", org_policy.node.title()));
        }
        doubts.sort();
        doubts.dedup();
        doubts
    }

    /// What the guardrails say about a request of a principal of the account at the end. Whoever asks about several
    /// requests takes a [`judge`](Self::judge).
    ///
    /// Denied only where a denial must hold; allowed only where nothing can deny.
    pub fn decide(&self, request: &Request) -> Ruling {
        self.judge().decide(request)
    }

    /// Prepares for many requests.
    pub fn judge(&self) -> Judge<'_, 'o> {
        Judge {
            chain: self,
            must: self.chain(Modality::Must),
            may: (!self.is_certain()).then(|| self.chain(Modality::May)),
            doubts: OnceCell::new(),
        }
    }

    /// Whether everything that may be attached must be.
    fn is_certain(&self) -> bool {
        let mut attached = self.levels.iter().flat_map(|level| &level.attached);
        attached.all(|attached| attached.modality() == Modality::Must)
    }

    fn chain(&self, least: Modality) -> orgward_iam::PolicyChain<'_> {
        orgward_iam::PolicyChain(
            self.levels
                .iter()
                .map(|level| orgward_iam::Level {
                    target: &level.title,
                    policies: render(level, least)
                        .filter_map(|attached| {
                            let document = &attached.org_policy.data.document;
                            Some(Decider { name: &document.name, policy: document.policy()? })
                        })
                        .collect(),
                })
                .collect(),
        )
    }
}

impl Judge<'_, '_> {
    /// What the guardrails say about a request of a principal of the account at the end.
    ///
    /// Denied only where a denial must hold; allowed only where nothing can deny.
    pub fn decide(&self, request: &Request) -> Ruling {
        let chain = self.chain;
        if chain.enabled == Some(false) {
            return Ruling::Allowed;
        }
        let must = self.must.decide(request);
        if must.outcome == Outcome::NotApplicable {
            return Ruling::Allowed;
        }
        if must.outcome == Outcome::ExplicitDeny {
            return self.denial(&must, Modality::Must);
        }
        // A level denies by silence only when nothing that may be attached to it can allow.
        let may = self.may.as_ref().map_or_else(|| must.clone(), |may| may.decide(request));
        if may.outcome == Outcome::ImplicitDeny
            && let Some(level) = may.level.and_then(|level| chain.levels.get(level))
            && chain.unresolved_targets.is_empty()
            && level.attached.iter().all(|attached| attached.org_policy.document.policy().is_some())
        {
            return Ruling::Denied(Denial { level: level.id, by: None });
        }
        if self.harmless(&must, &may, request) {
            Ruling::Allowed
        } else {
            Ruling::Undecided(self.doubts.get_or_init(|| chain.doubts()).clone())
        }
    }

    /// Whether every doubt can be resolved in favour of the request: no gap, all texts known, none denies.
    fn harmless(&self, must: &ChainDecision, may: &ChainDecision, request: &Request) -> bool {
        let spares = |org_policy: &Entity<'_, OrgPolicy>| {
            org_policy.document.policy().is_some_and(|policy| {
                policy.matching(request).all(|(_, statement)| statement.effect.value == Effect::Allow)
            })
        };
        // What may be attached has been asked already, as far as it can be read.
        let render =
            |level: &Level<'_>| level.attached.iter().all(|it| it.org_policy.document.policy().is_some());
        must.outcome == Outcome::Allow
            && may.outcome != Outcome::ExplicitDeny
            && self.chain.gaps.is_empty()
            && self.chain.levels.iter().all(render)
            && self.chain.unresolved_targets.iter().all(spares)
    }

    fn denial(&self, decision: &ChainDecision, least: Modality) -> Ruling {
        let found = decision.level.and_then(|level| self.chain.levels.get(level)).and_then(|level| {
            let (policy, statement) = decision.statement?;
            let attached = render(level, least).nth(policy)?;
            Some(Denial { level: level.id, by: Some((attached.org_policy.id, statement)) })
        });
        match found {
            Some(denial) => Ruling::Denied(denial),
            // The evaluator names its level and statement; without them nothing may be called denied.
            None => Ruling::Undecided(vec!["the deciding statement could not be found".to_owned()]),
        }
    }
}

/// The guardrails of a level that are attached with at least some certainty and whose text can be read.
fn render<'l, 'o>(level: &'l Level<'o>, least: Modality) -> impl Iterator<Item = &'l Attached<'o>> {
    level.attached.iter().filter(move |attached| {
        attached.modality() >= least && attached.org_policy.document.policy().is_some()
    })
}
