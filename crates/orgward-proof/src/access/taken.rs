//! What chains and denials take away of what a principal is granted: each question once for all grants that are alike.
//!
//! Most grants differ in who has them and on which resource, and most guardrails ask for neither. Then one grant stands
//! for all: whatever the caller and the resource are, there is such a request, and no other test looks at them.

use std::collections::BTreeSet;

use orgward_iam::{Arn, Effect, Looks, Policy, RequestSet, Statement};
use orgward_org::NodeId;

use super::sets::{About, Side};
use super::subject::{Cap, Subject};
use super::{Access, claims};
use crate::memo::Memo;

/// Who asks about what, as far as it makes a difference.
type Question = Vec<String>;

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Answers {
    whole: Memo<Question, bool>,
    effective: Memo<Question, Option<Vec<bool>>>,
}

/// The statements that may take something away.
struct Against {
    /// What tells them apart from others.
    key: Question,
    looks: Looks,
    is_empty: bool,
}

impl<'o> Access<'o> {
    /// Whether nothing takes anything of a statement away.
    pub(super) fn is_undenied(
        &self,
        subject: &Subject<'o>,
        policy: &'o Policy,
        statement: &'o Statement,
    ) -> bool {
        let about = About::Actions(&statement.actions);
        let against = self.against(subject, about);
        if against.is_empty {
            return true;
        }
        let Some(me) = self.by(subject, Side::AtMost) else { return true };
        let text = policy.text().get(statement.span.clone()).unwrap_or_default();
        let mut question =
            vec![format!("{:?}", policy.version), super::summary::patterns_text(&statement.actions)];
        question.extend(statement.conditions.iter().map(|line| {
            let values: Vec<&str> = line.values.iter().map(|value| value.value.as_str()).collect();
            format!("{} {} {values:?}", line.operator.value, line.key.value)
        }));
        let question = against.question(subject, statement, question, &[text.to_owned()]);
        self.taken.whole.get(question, || {
            let set = RequestSet::matched(policy, statement).and(me.requests());
            set.minus(self.open(subject, about)).is_empty()
        })
    }

    /// For each of some patterns, whether a request is allowed, which the policies and the boundary of the principal
    /// allow; `None` where that is undecided.
    pub(super) fn effective(
        &self,
        subject: &Subject<'o>,
        actions: &[String],
        resources: &[String],
    ) -> Option<Vec<bool>> {
        let claim = claims::over(actions, resources)?;
        let about = About::claimed(&claim);
        let against = self.against(subject, about);
        if against.is_empty {
            return None;
        }
        let me = self.by(subject, Side::AtMost)?;
        let statement = claim.policy().statements.first()?;
        let question = against.question(subject, statement, actions.to_vec(), resources);
        self.taken.effective.get(question, || {
            let patterns: Vec<&str> = actions.iter().map(String::as_str).collect();
            let set = self.open(subject, about).and(claim.requests()).and(me.requests());
            set.are_met(&patterns).ok()
        })
    }

    fn open(&self, subject: &Subject<'o>, about: About<'_>) -> RequestSet<'_> {
        self.scp(subject.account, Side::AtMost, about).minus(subject.denied(Side::AtMost, about))
    }

    fn against(&self, subject: &Subject<'o>, about: About<'_>) -> Against {
        // Guardrails do not bind service-linked roles, and who calls is of the partition of what is called.
        let linked = subject.arn.contains(":role/aws-service-role/");
        let partition = Arn::parse(&subject.arn).map_or("aws", |arn| arn.partition);
        let tags = subject.tagged(&self.tag_keys, Side::AtMost);
        let mut against = Against {
            key: vec![format!("{partition} {linked} {tags:?} {:?}", subject.place)],
            looks: Looks::default(),
            is_empty: true,
        };
        let chain = subject.account.filter(|it| Some(*it) != self.org.management());
        if let Some((scp, _)) = chain.and_then(|account| self.chains.get(&account)) {
            let attached = scp.levels.iter().flat_map(|level| level.attached.iter().map(|it| it.org_policy));
            let all = attached.chain(scp.unresolved_targets.iter().copied());
            let statements = all
                .filter_map(|org_policy| org_policy.data.document.policy())
                .flat_map(|policy| &policy.statements)
                .filter(|statement| about.is_met_by(statement));
            for statement in statements {
                if statement.effect.value == Effect::Deny || !crate::chains::is_everything(statement) {
                    against.note(statement);
                }
            }
            against.key.push(format!("{:?} {:?}", scp.enabled, scp.signature()));
            // Where a level allows nothing, nothing is left.
            against.is_empty &= scp.levels.iter().all(|level| {
                let policies = level.attached.iter().filter_map(|it| it.org_policy.data.document.policy());
                policies.flat_map(|policy| &policy.statements).any(crate::chains::is_everything)
            });
        }
        let cap = match &subject.cap {
            Cap::Policy { policy, .. } => Some(*policy),
            Cap::None | Cap::Unknown(_) => None,
        };
        for policy in subject.held.iter().filter(|held| held.must).map(|held| held.policy).chain(cap) {
            let denials = policy.statements.iter().filter(|it| it.effect.value == Effect::Deny);
            for statement in denials.filter(|statement| about.is_met_by(statement)) {
                against.note(statement);
                let text = policy.text().get(statement.span.clone()).unwrap_or_default();
                against.key.push(format!("{:?} {text}", policy.version));
            }
        }
        against
    }

    /// What makes the chain above an account differ from another.
    pub(super) fn chain_text(&self, account: Option<NodeId>) -> Vec<String> {
        let chain = account.and_then(|account| self.chains.get(&account)).map(|(scp, _)| scp);
        let attached = chain.into_iter().flat_map(|scp| scp.levels.iter().flat_map(|level| &level.attached));
        let mut texts: Vec<String> = attached
            .filter_map(|it| {
                Some(format!("{:?} {}", it.modality(), it.org_policy.data.document.policy()?.text()))
            })
            .collect();
        texts.push(format!("{:?}", chain.map(|chain| chain.enabled)));
        texts
    }
}

/// The partitions of what a statement is about, and whether it is about all else.
fn places(statement: &Statement) -> impl Iterator<Item = String> {
    statement.resources.iter().flat_map(|resources| {
        let partitions: BTreeSet<&str> = resources
            .patterns
            .iter()
            .map(|pattern| Arn::parse(&pattern.value).map_or("*", |arn| arn.partition))
            .collect();
        partitions.into_iter().map(move |partition| format!("{partition} {}", resources.not))
    })
}

impl Against {
    /// What tells a question apart from others: who asks and about which resources only where something looks at them.
    fn question(
        self,
        subject: &Subject<'_>,
        statement: &Statement,
        asked: Vec<String>,
        resources: &[String],
    ) -> Question {
        let looks = self.looks.or(statement.looks_beside_resources());
        let mut question = self.key;
        question.extend(asked);
        question.extend(places(statement));
        if looks.at_resources {
            question.extend(resources.iter().cloned());
        }
        if looks.at_callers {
            question.push(subject.arn.clone());
        }
        question
    }

    fn note(&mut self, statement: &Statement) {
        self.is_empty = false;
        self.looks = self.looks.or(statement.looks());
    }
}
