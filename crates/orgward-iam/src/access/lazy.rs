//! Questions about many statements, of which few decide.
//!
//! A set of requests is mostly what some statement describes without what a dozen others deny. Its description is asked
//! about first; the statements that deny the request that comes of it join the question; and so on, until there is none,
//! or one that nothing denies. What was asked is remembered: accounts that differ in statements which do not decide
//! share their answers.

use super::Budget;
use super::dimension::Point;
use super::keys::is_always_there;
use super::known::{Filled, known};
use super::memo::{Found, Memo};
use super::set::{Callers, Formula, RequestSet};
use super::universe::Universe;
use crate::matching::Subject;
use crate::stand_in::UNNAMED;
use crate::{Actions, Request};

/// A set as the parts that all of its requests have to be in, of which some are asked about.
pub(super) struct Lazy<'f, 'p> {
    parts: Vec<Part<'f, 'p>>,
}

struct Part<'f, 'p> {
    formula: &'f Formula<'p>,
    /// Whether requests are in it, or are not.
    holds: bool,
    /// Whether it is asked about.
    is_asked: bool,
    /// The keys among those that it compares which every request has.
    keys: Vec<&'f str>,
}

/// A request of a set, if it has one, and the steps that it took to find out.
static ANSWERS: Memo<Found<Option<Request>>> = Memo::new();

impl<'f, 'p> Lazy<'f, 'p> {
    pub(super) fn of(set: &'f RequestSet<'p>) -> Self {
        let mut parts = Parts::default();
        // Who the callers are is mostly said once, and asked again by every policy.
        parts.note(set.formula(), true);
        parts.split(set.formula(), true);
        Self { parts: parts.parts }
    }

    /// The part of the question that is asked.
    pub(super) fn question(&self) -> RequestSet<'p> {
        let asked = self.parts.iter().filter(|part| part.is_asked).map(|part| {
            let formula = part.formula.clone();
            if part.holds { formula } else { Formula::Not(Box::new(formula)) }
        });
        RequestSet::all(asked.collect())
    }

    /// The lists of actions of the statements that are not asked about.
    fn actions_of_rest(&self) -> Vec<&'p Actions> {
        let mut found = Vec::new();
        for part in self.parts.iter().filter(|part| !part.is_asked) {
            part.formula.leaves(&mut |leaf| match leaf {
                Formula::Statement(_, statement) => found.push(&statement.actions),
                Formula::Actions(actions) => found.push(actions),
                _ => {}
            });
        }
        found
    }

    /// The request, or one like it, if all parts have it. Otherwise what it is not in joins the question.
    fn accept(&mut self, request: Request) -> Option<Request> {
        let mut missed = self.missed(&request);
        // What holds for one account holds for another, unless some statement tells them apart.
        if let Some(renamed) = self.renamed(&request, &missed) {
            let missed_by_renamed = self.missed(&renamed);
            if missed_by_renamed.is_empty() {
                return Some(renamed);
            }
            if missed_by_renamed.iter().any(|at| self.parts.get(*at).is_some_and(|part| !part.is_asked)) {
                missed = missed_by_renamed;
            }
        }
        if missed.is_empty() {
            return Some(request);
        }
        for at in missed {
            if let Some(part) = self.parts.get_mut(at) {
                part.is_asked = true;
            }
        }
        None
    }

    /// The parts that a request is not in, and those of which that is not known, since they ask for what a request has and
    /// this one does not say.
    fn missed(&self, request: &Request) -> Vec<usize> {
        let is_missed = |part: &Part<'_, '_>| {
            part.formula.contains(request) != part.holds
                || !part.is_asked && part.keys.iter().any(|key| request.context.get(key).is_none())
        };
        let missed = self.parts.iter().enumerate().filter(|(_, part)| is_missed(part));
        missed.map(|(at, _)| at).collect()
    }

    /// The request as an account would make it that has to make it, or as one that may.
    fn renamed(&self, request: &Request, missed: &[usize]) -> Option<Request> {
        let missed = missed.iter().filter_map(|at| self.parts.get(*at));
        let wanted = missed.into_iter().find_map(|part| match part.formula {
            Formula::Callers(Callers::Accounts(accounts)) if part.holds => {
                accounts.first().map(String::as_str)
            }
            Formula::Callers(Callers::Accounts(accounts)) => {
                UNNAMED.into_iter().find(|other| !accounts.contains(*other))
            }
            _ => None,
        })?;
        let account = Subject::of(request).account().filter(|account| !account.is_empty())?.to_owned();
        Some(request.as_account(&account, wanted))
    }

    /// Whether less is asked than there is.
    fn is_part(&self) -> bool {
        self.parts.iter().any(|part| !part.is_asked)
    }

    /// How many steps have to be left for the question about everything: a part of them is spent on less.
    fn enough(budget: &Budget) -> usize {
        budget.left() / 4 * 3
    }

    fn ask_all(&mut self) {
        self.parts.iter_mut().for_each(|part| part.is_asked = true);
    }

    /// A request of the set, if there is one.
    pub(super) fn example(mut self, budget: &mut Budget) -> Result<Option<Request>, String> {
        let enough = Self::enough(budget);
        loop {
            if budget.left() < enough {
                self.ask_all();
            }
            let question = self.question();
            match remembered(&question, budget) {
                Ok(None) => return Ok(None),
                Ok(Some(request)) => {
                    let was_part = self.is_part();
                    if let Some(accepted) = self.accept(request) {
                        return Ok(Some(accepted));
                    }
                    if !was_part {
                        return Err("a request of the set is not one by the evaluator".to_owned());
                    }
                }
                // More may be decided about fewer requests.
                Err(_) if self.is_part() && budget.left() > 0 => self.ask_all(),
                Err(reason) => return Err(reason),
            }
        }
    }
}

impl Lazy<'_, '_> {
    /// Looks for a request for each group of actions that the set and some patterns tell apart: for those whose first
    /// action is wanted.
    pub(super) fn by_action(
        mut self,
        patterns: &[Formula<'_>],
        budget: &mut Budget,
        wanted: impl Fn(&str) -> bool,
        mut found: impl FnMut(&str, Request),
    ) -> Result<(), String> {
        let mut next = 0;
        let enough = Self::enough(budget);
        loop {
            if budget.left() < enough {
                self.ask_all();
            }
            let question = self.question();
            let filled = known(question.formula()).map(|known| Filled::of(question.formula(), &known));
            let question = match &filled {
                Some(filled) => RequestSet::all(vec![filled.put(question.formula())]),
                None => question,
            };
            let rest: Vec<Formula<'_>> = self.actions_of_rest().into_iter().map(Formula::Actions).collect();
            let formulas: Vec<&Formula<'_>> =
                std::iter::once(question.formula()).chain(&rest).chain(patterns).collect();
            let universe = Universe::of(&formulas, budget)?;
            let Some(actions) = universe.actions() else { return Ok(()) };
            let values = universe.dimensions.get(actions);
            let points = values.map_or(&[][..], |(_, values)| values.points.as_slice());
            let prepared = universe.prepare(&question);
            // A request that is not in the set makes the question longer; the groups of actions stay the same.
            let mut is_done = true;
            while let Some(point) = points.get(next) {
                if let Point::Action(action) = point
                    && wanted(action)
                {
                    match prepared.search_at((actions, next), budget) {
                        Ok(None) => {}
                        Ok(Some(request)) => {
                            let was_part = self.is_part();
                            let Some(request) = self.accept(request) else {
                                if !was_part {
                                    return Err("a request of the set is not one by the evaluator".to_owned());
                                }
                                is_done = false;
                                break;
                            };
                            found(action, request);
                        }
                        Err(_) if self.is_part() && budget.left() > 0 => {
                            self.ask_all();
                            is_done = false;
                            break;
                        }
                        Err(reason) => return Err(reason),
                    }
                }
                next += 1;
            }
            if is_done {
                return Ok(());
            }
        }
    }
}

/// The parts that all requests of a set are in.
#[derive(Default)]
struct Parts<'f, 'p> {
    parts: Vec<Part<'f, 'p>>,
    /// What kind of callers the requests have, or have not.
    callers: Vec<(&'f Callers, bool)>,
}

impl<'f, 'p> Parts<'f, 'p> {
    /// Notes what all requests of a formula, or of its complement, have in their callers.
    fn note(&mut self, formula: &'f Formula<'p>, holds: bool) {
        match (formula, holds) {
            (Formula::Not(inner), _) => self.note(inner, !holds),
            (Formula::All(all), true) | (Formula::Any(all), false) => {
                for each in all {
                    self.note(each, holds);
                }
            }
            (Formula::Callers(callers), _) => self.callers.push((callers, holds)),
            _ => {}
        }
    }

    /// What a formula says about all requests of the set; `None` where that depends on the request.
    fn value(&self, formula: &Formula<'_>) -> Option<bool> {
        let all = |all: &[Formula<'_>], holds: bool| {
            let mut values = all.iter().map(|each| self.value(each).map(|value| value == holds));
            let first = values.try_fold(true, |open, value| match value {
                Some(false) => Err(()),
                Some(true) => Ok(open),
                None => Ok(false),
            });
            match first {
                Err(()) => Some(!holds),
                Ok(true) => Some(holds),
                Ok(false) => None,
            }
        };
        match formula {
            Formula::Callers(callers) => {
                self.callers.iter().find(|(known, _)| *known == callers).map(|(_, holds)| *holds)
            }
            Formula::Not(inner) => self.value(inner).map(|value| !value),
            Formula::All(parts) => all(parts, true),
            Formula::Any(parts) => all(parts, false),
            _ => None,
        }
    }

    /// Adds the parts that all requests of a formula are in, or of its complement.
    fn split(&mut self, formula: &'f Formula<'p>, holds: bool) {
        match (formula, holds) {
            (Formula::Not(inner), _) => return self.split(inner, !holds),
            (Formula::All(all), true) | (Formula::Any(all), false) => {
                for each in all {
                    self.split(each, holds);
                }
                return;
            }
            // One of them decides where the others are out of the question.
            (Formula::Any(ways), true) | (Formula::All(ways), false) => {
                if ways.iter().any(|each| self.value(each) == Some(holds)) {
                    return;
                }
                let mut left = ways.iter().filter(|each| self.value(each).is_none());
                if let (Some(one), None) = (left.next(), left.next()) {
                    return self.split(one, holds);
                }
            }
            _ => {}
        }
        let mut keys = Vec::new();
        formula.leaves(&mut |leaf| keys.extend(leaf.keys().filter(|key| is_always_there(key))));
        self.parts.push(Part { formula, holds, is_asked: describes(formula, holds), keys });
    }
}

/// Whether a part describes the requests of a question, rather than to take some away.
fn describes(formula: &Formula<'_>, holds: bool) -> bool {
    match formula {
        Formula::Statement(..) | Formula::Action(_) | Formula::Actions(_) => holds,
        Formula::Callers(Callers::Accounts(_)) => false,
        Formula::Callers(_) | Formula::Partition(_) => true,
        Formula::Not(inner) => describes(inner, !holds),
        Formula::All(all) | Formula::Any(all) => all.iter().all(|each| describes(each, holds)),
    }
}

/// A request of the set, found once.
fn remembered(set: &RequestSet<'_>, budget: &mut Budget) -> Result<Option<Request>, String> {
    let size = |key: &String, _| key.len();
    ANSWERS.get_within(set.formula().identity(), budget, size, |budget| {
        let Some(known) = known(set.formula()) else {
            return Universe::of(&[set.formula()], budget)?.search(set, budget);
        };
        let filled = Filled::of(set.formula(), &known);
        let set = RequestSet::all(vec![filled.put(set.formula())]);
        Universe::of(&[set.formula()], budget)?.search(&set, budget)
    })
}
