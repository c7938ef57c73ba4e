use orgward_finding::Witness;
use orgward_iam::{
    ActionList, ActionSet, Answer, Claim, ClaimSpec, ContextValue, Effect, Policy, Request, RequestSet,
    ResourceType, Statement,
};
use orgward_org::{PolicyChain, PolicyType};

use crate::region_lock::witness;

/// What of some requests gets past guardrails.
#[derive(Clone, Debug)]
pub enum Difference {
    /// Nothing, for certain.
    Nothing,
    /// This.
    Some(Box<Counterexample>),
    /// It cannot be told, for this reason.
    Undecided(String),
}

/// Requests that get past guardrails.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What they are for.
    pub action_set: ActionSet,
    /// The plainest of them.
    pub example: Request,
    /// Whether AWS lists none of the actions for such a resource, so that no such request may ever be made.
    pub is_unlisted: bool,
}

/// The mirror image of what is lost: of requests that are denied for certain after the plan, those that are not before
/// it.
pub fn newly_denied<'p>(
    denied: &RequestSet<'p>,
    before: &PolicyChain<'p>,
    kind: &PolicyType,
) -> RequestSet<'p> {
    denied.clone().and(before.may_pass(kind))
}

/// Which requests of a set there are.
pub fn passing(set: &RequestSet<'_>) -> Difference {
    // Mostly there are none, which takes fewer questions than all of their actions.
    if set.is_empty() {
        return Difference::Nothing;
    }
    let action_set = match set.action_set() {
        Ok(action_set) => action_set,
        // One request may be found where not all can.
        Err(reason) => match set.example() {
            Answer::None => return Difference::Nothing,
            Answer::Undecided(_) => return Difference::Undecided(reason),
            Answer::Witness(request) => {
                ActionSet { examples: vec![*request], actions: ActionList::default(), unlisted: false }
            }
        },
    };
    let Some(example) = action_set.examples.first().cloned() else { return Difference::Nothing };
    let mut passing = Counterexample { action_set, example, is_unlisted: false };
    passing.make_realistic(set);
    Difference::Some(Box::new(passing))
}

/// Whether there are requests of a set, as one of them shows, which stands for all.
pub fn slips(set: &RequestSet<'_>) -> Difference {
    match set.example() {
        Answer::Witness(example) if example.is_possible() => {
            let action_set =
                ActionSet { examples: Vec::new(), actions: ActionList::default(), unlisted: false };
            Difference::Some(Box::new(Counterexample { action_set, example: *example, is_unlisted: false }))
        }
        Answer::Witness(_) => passing(set),
        Answer::None => Difference::Nothing,
        Answer::Undecided(reason) => Difference::Undecided(reason),
    }
}

/// How many actions are tried on resources of their own.
const TRIED: usize = 40;

impl Counterexample {
    /// The example as a finding shows it.
    pub fn witness(&self) -> Witness {
        let mut request = self.example.clone();
        let account = request.resource_account.take();
        if let Some(account) = account.filter(|_| request.context.get("aws:ResourceAccount").is_none()) {
            request.context.set("aws:ResourceAccount", ContextValue::One(account));
        }
        witness(&request)
    }

    /// Looks for a request that AWS can get. The engine takes any action for any resource.
    fn make_realistic(&mut self, set: &RequestSet<'_>) {
        if self.example.is_possible() {
            return;
        }
        let tried = || self.action_set.actions.iter().take(TRIED);
        // What is about no single resource is about `*`, which no pattern but itself stands for.
        for action in tried().filter(|action| !action.resource_types().any(|it| it.required)) {
            let mut request = self.example.clone();
            action.name().clone_into(&mut request.action);
            "*".clone_into(&mut request.resource);
            if set.contains(&request) {
                self.example = request;
                return;
            }
        }
        let claims: Vec<Claim> = tried()
            .filter(|action| action.has_resource_types())
            .filter_map(|action| {
                let resources = action.resource_types().map(ResourceType::pattern).collect();
                let actions = Some(vec![action.name().to_owned()]);
                Claim::new(ClaimSpec { actions, resources: Some(resources), ..ClaimSpec::default() }).ok()
            })
            .collect();
        let fits = claims.iter().map(Claim::described).fold(RequestSet::nothing(), RequestSet::or);
        match set.clone().and(fits).example() {
            Answer::Witness(request) => self.example = *request,
            // There may be more actions than were tried.
            Answer::None => {
                self.is_unlisted = self.action_set.actions.len() <= TRIED && !self.action_set.unlisted;
            }
            Answer::Undecided(_) => {}
        }
    }
}

/// The statements of a policy chain that deny for certain, or the levels that allow only some requests, as the requests that
/// each denies.
pub fn restricted<'o>(chain: &PolicyChain<'o>) -> Vec<(usize, RequestSet<'o>)> {
    let mut found = Vec::new();
    for (at, level) in chain.levels.iter().enumerate() {
        let known = level.attached.iter().all(|it| it.org_policy.data.document.policy().is_some());
        if !known || !chain.unresolved_targets.is_empty() || level.attached.is_empty() {
            continue;
        }
        let policies: Vec<&Policy> =
            level.attached.iter().filter_map(|it| it.org_policy.data.document.policy()).collect();
        let allows =
            || policies.iter().flat_map(|policy| policy.statements.iter().map(move |it| (*policy, it)));
        if allows().any(|(_, statement)| is_everything(statement)) {
            continue;
        }
        let allowed = policies
            .iter()
            .fold(RequestSet::nothing(), |all, policy| all.or(RequestSet::effect(policy, Effect::Allow)));
        found.push((at, allowed.not()));
    }
    found
}

/// Whether a statement allows every request.
pub fn is_everything(statement: &Statement) -> bool {
    let all = |not: bool, patterns: &[orgward_iam::Spanned<String>]| {
        !not && patterns.iter().any(|pattern| pattern.value == "*")
    };
    statement.effect.value == Effect::Allow
        && statement.conditions.is_empty()
        && all(statement.actions.not, &statement.actions.patterns)
        && statement.resources.as_ref().is_none_or(|it| all(it.not, &it.patterns))
}
