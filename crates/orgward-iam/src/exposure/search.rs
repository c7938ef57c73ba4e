//! Looking for the request of an outsider that a trust policy allows.

use super::outsider::{Alternative, Dimension, Outsider, is};
use super::{Perimeter, RoleTrust};
use crate::{BaseOperator, Caller, Condition, Context, Effect, Policy, Request, Statement};

/// What a trust policy is asked about.
pub(super) const ACTION: &str = "sts:AssumeRole";

/// How many requests are tried before the search gives up.
const LIMIT: usize = 20_000;

/// Whether a statement admits an outsider.
pub(super) enum Answer {
    /// The policy allows this request.
    Witness(Request),
    /// There is no such request.
    Nobody,
    /// Why that is open.
    Undecided(String),
}

/// Returns a request of an outsider that a statement, which admits whoever comes, and the policy around it allow;
/// `Nobody` only if there is none.
pub(super) fn admits(policy: &Policy, index: usize, role: &RoleTrust<'_>, perimeter: &Perimeter) -> Answer {
    let Some(door) = policy.statements.get(index) else { return Answer::Nobody };
    let search = Search { policy, outsider: Outsider::of(policy, role, perimeter), role };
    let denials: Vec<&Statement> = policy.statements.iter().filter(|statement| concerns(statement)).collect();

    // One condition that no outsider meets, or one denial that every outsider meets, is enough.
    if door.conditions.iter().any(|line| !is_bare_star(line) && search.always(line, false))
        || denials.iter().any(|denial| denial.conditions.iter().all(|line| search.always(line, true)))
    {
        return Answer::Nobody;
    }
    if let Some(line) = door.conditions.iter().find(|line| is_bare_star(line)) {
        let operator = line.operator.value;
        return Answer::Undecided(format!(
            "it is not documented whether `*` under `{operator}` matches every ARN"
        ));
    }

    let denied: Vec<&Condition> = denials.iter().flat_map(|denial| &denial.conditions).collect();
    let lines: Vec<&Condition> = door.conditions.iter().chain(denied.iter().copied()).collect();
    let mut dimensions = search.outsider.dimensions(&lines);
    for dimension in &mut dimensions {
        search.narrow(dimension, &door.conditions, &denied);
        if dimension.alternatives.is_empty() {
            return if dimension.complete {
                Answer::Nobody
            } else {
                Answer::Undecided(open_question(&lines))
            };
        }
    }
    search.run(index, &dimensions).unwrap_or_else(|| {
        if dimensions.iter().all(|dimension| dimension.complete) {
            Answer::Nobody
        } else {
            Answer::Undecided(open_question(&lines))
        }
    })
}

/// Whether a statement may deny an outsider. An outsider is never named, so this is a matter of `*` or `NotPrincipal`.
fn concerns(statement: &Statement) -> bool {
    statement.effect.value == Effect::Deny
        && statement.covers_action(ACTION)
        && statement
            .principals
            .as_ref()
            .is_some_and(|principals| principals.not != Outsider::is_everyone(&principals.patterns))
}

/// Whether a condition on the caller has an ARN pattern that is `*` and so no ARN. The evaluator says that it matches
/// nothing, which is not the answer to rely on here.
pub(super) fn is_bare_star(line: &Condition) -> bool {
    matches!(line.operator.value.base, BaseOperator::ArnLike | BaseOperator::ArnEquals)
        && is(&line.key.value, "aws:PrincipalArn")
        && line.values.iter().any(|value| value.value == "*")
}

struct Search<'a> {
    policy: &'a Policy,
    outsider: Outsider<'a>,
    role: &'a RoleTrust<'a>,
}

impl Search<'_> {
    /// Whether a condition gives the same answer for every outsider there is.
    fn always(&self, line: &Condition, answer: bool) -> bool {
        let dimensions = self.outsider.dimensions(&[line]);
        if !dimensions.iter().all(|dimension| dimension.complete) {
            return false;
        }
        let mut odometer = Odometer::new(&dimensions);
        for _ in 0..LIMIT {
            let Some(chosen) = odometer.next() else { return true };
            if line.holds(self.policy, &self.request(&chosen)) != answer {
                return false;
            }
        }
        false
    }

    /// Leaves the alternatives that meet the conditions of the door which are about this dimension alone; and only one
    /// of them where nothing else asks about it.
    fn narrow(&self, dimension: &mut Dimension, door: &[Condition], denied: &[&Condition]) {
        let mut alternatives = std::mem::take(&mut dimension.alternatives);
        let mut alone = !denied.iter().any(|line| self.outsider.is_about(line, dimension).0);
        for line in door {
            let (about, only) = self.outsider.is_about(line, dimension);
            if about && only {
                alternatives.retain(|alternative| line.holds(self.policy, &self.request(&[alternative])));
            }
            alone &= !about || only;
        }
        alternatives.sort_by_key(|alternative| alternative.assumes.is_some());
        if alone {
            alternatives.truncate(1);
        }
        dimension.alternatives = alternatives;
    }

    /// Tries every combination; `None` when none is allowed.
    fn run(&self, index: usize, dimensions: &[Dimension]) -> Option<Answer> {
        let mut fallback = None;
        let mut odometer = Odometer::new(dimensions);
        for _ in 0..LIMIT {
            let Some(chosen) = odometer.next() else { return fallback.map(Answer::Undecided) };
            let assumes = chosen.iter().find_map(|alternative| alternative.assumes.as_ref());
            if assumes.is_some() && fallback.is_some() {
                continue;
            }
            let request = self.request(&chosen);
            if self.allows(index, &request) {
                match assumes {
                    None => return Some(Answer::Witness(request)),
                    Some(assumes) => fallback = Some(format!("it depends on {assumes}")),
                }
            }
        }
        let too_many = || "its conditions have more combinations of values than can be tried".to_owned();
        Some(Answer::Undecided(fallback.unwrap_or_else(too_many)))
    }

    /// Whether a statement admits a request, and nothing denies it.
    fn allows(&self, index: usize, request: &Request) -> bool {
        let mut admitted = false;
        for (at, statement) in self.policy.matching(request) {
            match statement.effect.value {
                Effect::Deny => return false,
                Effect::Allow => admitted |= at == index,
            }
        }
        admitted
    }

    fn request(&self, chosen: &[&Alternative]) -> Request {
        let mut context = Context::default();
        let mut caller = String::new();
        for alternative in chosen {
            if let Some(arn) = &alternative.caller {
                caller.clone_from(arn);
            }
            for (key, value) in &alternative.keys {
                context.set(key, value.clone());
            }
        }
        Request {
            caller: Caller::Arn(caller),
            action: ACTION.to_owned(),
            resource: self.role.arn.to_owned(),
            resource_account: self.role.account.map(str::to_owned),
            context,
        }
    }
}

/// Why finding nobody proves nothing.
fn open_question(lines: &[&Condition]) -> String {
    let mut keys: Vec<String> = lines.iter().map(|line| format!("`{}`", line.key.value)).collect();
    keys.sort();
    keys.dedup();
    format!(
        "no outsider was found who meets the conditions on {}, but not every value was tried",
        keys.join(", ")
    )
}

/// Every choice of one alternative per dimension, the first dimension turning fastest.
struct Odometer<'d> {
    dimensions: &'d [Dimension],
    positions: Option<Vec<usize>>,
}

impl<'d> Odometer<'d> {
    fn new(dimensions: &'d [Dimension]) -> Self {
        Self { dimensions, positions: Some(vec![0; dimensions.len()]) }
    }

    fn next(&mut self) -> Option<Vec<&'d Alternative>> {
        let positions = self.positions.as_mut()?;
        let chosen: Option<Vec<&Alternative>> = self
            .dimensions
            .iter()
            .zip(positions.iter())
            .map(|(dimension, at)| dimension.alternatives.get(*at))
            .collect();
        let mut turned = false;
        for (dimension, at) in self.dimensions.iter().zip(positions.iter_mut()) {
            *at += 1;
            if *at < dimension.alternatives.len() {
                turned = true;
                break;
            }
            *at = 0;
        }
        if !turned {
            self.positions = None;
        }
        chosen
    }
}
