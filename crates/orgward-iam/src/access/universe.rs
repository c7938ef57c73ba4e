use std::collections::BTreeMap;
use std::sync::Arc;

use super::action_set::patterns;
use super::dimension::{Truth, Values};
use super::memo::{Asked, remembered};
use super::set::{Formula, RequestSet};
use super::solve::{Arena, Choice, Node};
use super::test::{Dimension, Test};
use super::witness::Kind;
use super::{Budget, actions, callers, keys, resources};
use crate::arn::Arn;
use crate::bits::Bits;
use crate::{Catalogue, Request};

/// How many choices are tried as requests where policy variables leave open whether they are ones.
const ATTEMPTS: usize = 64;
/// How many steps that may take.
const EFFORT: usize = 1_000_000;

/// Everything that questions tell apart.
pub(super) struct Universe<'f> {
    formulas: Vec<&'f Formula<'f>>,
    pub(super) dimensions: Vec<(Dimension, Arc<Values>)>,
    /// What depends on policy variables: dimensions of two values, yes and no, behind the others.
    pub(super) unknowns: Vec<Unknown<'f>>,
    /// Each test by its identity: its dimension and its place there.
    tests: BTreeMap<String, (usize, usize)>,
    /// The partitions of AWS that the question is about, `aws` first.
    partitions: Vec<&'static str>,
}

/// A set as a formula over the values of a universe.
pub(super) struct Prepared<'u> {
    universe: &'u Universe<'u>,
    set: &'u RequestSet<'u>,
    arena: Arena,
    goal: Node,
    /// All values of each kind of caller in each partition.
    starts: Vec<Choice>,
}

/// What is left open by a policy variable.
pub(super) struct Unknown<'f> {
    identity: String,
    /// A test that depends on it.
    pub(super) test: Test<'f>,
}

impl<'f> Universe<'f> {
    pub(super) fn of(formulas: &[&'f Formula<'f>], budget: &mut Budget) -> Result<Self, String> {
        let mut tests: BTreeMap<Dimension, BTreeMap<String, Test<'f>>> = BTreeMap::new();
        for dimension in [Dimension::Caller, Dimension::Action, Dimension::Resource] {
            tests.entry(dimension).or_default();
        }
        for formula in formulas {
            collect(formula, &mut tests);
            // They are written out, sorted and looked up again.
            budget.spend(formula.weight())?;
        }
        let asked = formulas.iter().find_map(|formula| asked_partition(formula));
        let partitions = match asked {
            Some(partition) => vec![partition],
            None => partitions(tests.values().flat_map(BTreeMap::values)),
        };
        let mut universe = Self {
            formulas: formulas.to_vec(),
            dimensions: Vec::new(),
            unknowns: Vec::new(),
            tests: BTreeMap::new(),
            partitions: partitions.clone(),
        };
        for (dimension, tests) in tests {
            let index = universe.dimensions.len();
            let list: Vec<Test<'_>> = tests.values().copied().collect();
            let asked = Asked::new(&dimension, &partitions, list.iter().find_map(Test::key), tests.keys());
            let values = remembered(asked, budget, |budget| match &dimension {
                Dimension::Caller => callers::values(&list, &partitions, budget),
                Dimension::Action => actions::values(&list, budget),
                Dimension::Resource => resources::values(&list, &partitions, budget),
                Dimension::Key(key) => keys::values(key, &list, budget),
            })?;
            for (at, (identity, test)) in tests.into_iter().enumerate() {
                if values.truths.get(at).is_some_and(|truth| !truth.open.is_empty()) {
                    universe.note_unknown(test);
                }
                universe.tests.insert(identity, (index, at));
            }
            universe.dimensions.push((dimension, values));
        }
        Ok(universe)
    }

    fn note_unknown(&mut self, test: Test<'f>) {
        let (identity, _) = test.unknown();
        if !self.unknowns.iter().any(|unknown| unknown.identity == identity) {
            self.unknowns.push(Unknown { identity, test });
        }
    }

    /// A request of the set, if there is one.
    pub(super) fn search(
        &self,
        set: &RequestSet<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Request>, String> {
        self.prepare(set).search(budget)
    }

    /// A set, ready to be asked about one value after the other.
    pub(super) fn prepare<'u>(&'u self, set: &'u RequestSet<'u>) -> Prepared<'u> {
        let mut arena = Arena::default();
        let goal = self.compile(set.formula(), &mut arena);
        let ways = self.partitions.iter().flat_map(|partition| Kind::ALL.map(|kind| (kind, *partition)));
        let starts = ways.filter_map(|(kind, partition)| self.start(kind, partition)).collect();
        Prepared { universe: self, set, arena, goal, starts }
    }

    /// The place of the dimension of actions.
    pub(super) fn actions(&self) -> Option<usize> {
        self.dimensions.iter().position(|(dimension, _)| *dimension == Dimension::Action)
    }

    /// All values that a kind of caller may have in a partition; `None` if there is no such caller.
    fn start(&self, kind: Kind, partition: &str) -> Option<Choice> {
        let one = self.partitions.len() == 1;
        let mut choice: Choice =
            self.dimensions
                .iter()
                .map(|(dimension, values)| {
                    Bits::of(values.points.len(), |at| {
                        values.points.get(at).is_some_and(|point| {
                            kind.admits(dimension, point) && (one || point.is_in(partition))
                        })
                    })
                })
                .collect();
        if choice.iter().any(Bits::is_empty) {
            return None;
        }
        choice.extend(self.unknowns.iter().map(|_| Bits::all(2)));
        Some(choice)
    }

    fn compile(&self, formula: &Formula<'_>, arena: &mut Arena) -> Node {
        match formula {
            Formula::Statement(..) | Formula::Callers(_) | Formula::Action(_) | Formula::Actions(_) => {
                let tests = formula.tests();
                let nodes = tests
                    .iter()
                    .map(|(test, holds)| {
                        let node = self.ask(test, arena);
                        if *holds { node } else { Arena::not(node) }
                    })
                    .collect();
                arena.all(nodes)
            }
            // There is nothing else in this universe.
            Formula::Partition(_) => arena.all(Vec::new()),
            Formula::Not(inner) => Arena::not(self.compile(inner, arena)),
            Formula::All(all) => {
                let nodes = all.iter().map(|each| self.compile(each, arena)).collect();
                arena.all(nodes)
            }
            Formula::Any(any) => {
                let nodes = any.iter().map(|each| self.compile(each, arena)).collect();
                arena.any(nodes)
            }
        }
    }

    fn ask(&self, test: &Test<'_>, arena: &mut Arena) -> Node {
        let found = self.tests.get(&test.identity());
        let known = found.and_then(|(dimension, at)| {
            let (_, values) = self.dimensions.get(*dimension)?;
            Some((*dimension, values.points.len(), values.truths.get(*at)?))
        });
        let Some((dimension, len, Truth { yes, open })) = known else {
            // Every test of the formula was collected.
            debug_assert!(false, "an unknown test");
            return arena.any(Vec::new());
        };
        let all = Bits::all(len);
        let certain = arena.within(dimension, yes.clone(), &all);
        if open.is_empty() {
            return certain;
        }
        let (identity, negated) = test.unknown();
        let unknown =
            self.unknowns.iter().position(|unknown| unknown.identity == identity).unwrap_or_default();
        let holds = Bits::of(2, |at| at == usize::from(negated));
        let holds = arena.within(self.dimensions.len() + unknown, holds, &Bits::all(2));
        let open = arena.within(dimension, open.clone(), &all);
        let depends = arena.all(vec![open, holds]);
        arena.any(vec![certain, depends])
    }
}

impl Prepared<'_> {
    /// A request of the set, if there is one.
    pub(super) fn search(&self, budget: &mut Budget) -> Result<Option<Request>, String> {
        self.search_among(&self.starts, budget)
    }

    /// A request of the set with one value of a dimension, by their places, if there is one.
    pub(super) fn search_at(
        &self,
        (dimension, value): (usize, usize),
        budget: &mut Budget,
    ) -> Result<Option<Request>, String> {
        let with_it = self.starts.iter().filter_map(|start| {
            let values = start.get(dimension).filter(|values| values.contains(value))?;
            let mut choice = start.clone();
            *choice.get_mut(dimension)? = values.only(value);
            Some(choice)
        });
        self.search_among(&with_it.collect::<Vec<_>>(), budget)
    }

    fn search_among(&self, starts: &[Choice], budget: &mut Budget) -> Result<Option<Request>, String> {
        let Self { universe, set, .. } = self;
        let mut refuted = 0_usize;
        let attempts = ATTEMPTS.min(1 + EFFORT / set.formula().weight());
        for start in starts {
            let mut found = None;
            self.arena.search(start.clone(), vec![self.goal], budget, &mut |choice| {
                found = universe.requests(choice).find(|request| set.contains(request));
                // INVARIANT: only what is left open may turn out otherwise.
                debug_assert!(found.is_some() || !universe.unknowns.is_empty());
                refuted += usize::from(found.is_none());
                found.is_some() || refuted > attempts
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if refuted == 0 {
            return Ok(None);
        }
        let variable = universe.unknowns.iter().find_map(|unknown| unknown.test.variable());
        Err(match variable {
            Some(variable) => format!("it depends on the policy variable `${{{variable}}}`"),
            None => "it depends on a key that is compared both as text and as something else".to_owned(),
        })
    }
}

/// The partitions that requests may be of: caller and resource are always of the same. It is `aws`, and those that tests
/// name.
fn partitions<'t>(tests: impl Iterator<Item = &'t Test<'t>>) -> Vec<&'static str> {
    let named: Vec<&str> =
        tests.flat_map(Test::arns).filter_map(Arn::parse).map(|arn| arn.partition).collect();
    let mut found = vec!["aws"];
    for (partition, _) in Catalogue::get().partitions() {
        // What any partition matches says nothing about partitions.
        let is_named = |pattern: &&str| !["*", "*?"].contains(pattern) && crate::glob(pattern, partition);
        if partition != "aws" && named.iter().any(is_named) {
            found.push(partition);
        }
    }
    found
}

/// The partition that a question is about, where it says so.
fn asked_partition(formula: &Formula<'_>) -> Option<&'static str> {
    match formula {
        Formula::Partition(partition) => Some(partition),
        Formula::All(all) => all.iter().find_map(asked_partition),
        _ => None,
    }
}

/// The patterns of the tests that tell actions apart.
pub(super) fn tests_about_actions<'t>(formula: &'t Formula<'t>) -> Vec<Vec<&'t str>> {
    let mut tests = BTreeMap::new();
    collect(formula, &mut tests);
    let about = tests.remove(&Dimension::Action).unwrap_or_default();
    about.values().filter_map(patterns).collect()
}

fn collect<'f>(formula: &'f Formula<'f>, tests: &mut BTreeMap<Dimension, BTreeMap<String, Test<'f>>>) {
    formula.leaves(&mut |leaf| {
        for (test, _) in leaf.tests() {
            tests.entry(test.dimension()).or_default().insert(test.identity(), test);
        }
    });
}

impl Universe<'_> {
    /// The tests of a dimension, in the order of what its values say about them.
    pub(super) fn tests_about(&self, dimension: &Dimension) -> Vec<Test<'_>> {
        let mut tests = BTreeMap::new();
        for formula in &self.formulas {
            collect(formula, &mut tests);
        }
        tests.remove(dimension).unwrap_or_default().into_values().collect()
    }
}
