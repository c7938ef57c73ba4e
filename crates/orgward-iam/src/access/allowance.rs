//! What all questions of a task may take together.
//!
//! A pull request may bring policies of which every question takes as many steps as a question may, and there are many
//! questions. Steps are counted rather than time, and each piece of work once, however many questions need it and
//! whichever thread asks first: so the same input gets the same answer on every machine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::budget::{Budget, Charge};

/// How many steps all questions of a task may take together: some two seconds of one processor.
const TOGETHER: usize = 100_000_000;
/// How many more they may take for each document: there is more to ask where there are more of them.
const BY_DOCUMENT: usize = 20_000;
/// How many steps a question may take: at first, and where all of them together take too much. What few steps decide is
/// decided even then; at last nothing is.
const EACH: [usize; 4] = [Budget::QUESTION, 20_000, 1_000, 0];

/// What all questions of a task may take together.
#[derive(Clone, Debug)]
pub struct Allowance {
    shared: Arc<Shared>,
    /// Whether a question is being asked: what it asks on its way is a part of it. Two threads may both ask it, and it is
    /// counted once.
    asks: bool,
}

#[derive(Debug)]
struct Shared {
    /// How many steps one question may take.
    question: usize,
    /// How many all may take.
    together: usize,
    taken: Mutex<Taken>,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Taken {
    steps: usize,
    /// The steps of each piece of work: the most that it was tried with.
    known: BTreeMap<u64, usize>,
}

thread_local! {
    static CURRENT: RefCell<Option<Allowance>> = const { RefCell::new(None) };
}

/// What a task is abandoned with.
struct TooMuch;

/// Does a task whose questions, about some number of documents, take a bounded number of steps together. Where they take
/// more, the task is abandoned by unwinding, and done again with fewer steps for each question, so that fewer are decided.
///
/// A task within another one is bounded by it. A task that asks on several threads hands its
/// [allowance](Allowance::current) on to them, and goes on with what they unwind with.
pub fn bounded<T>(documents: usize, task: impl FnMut() -> T) -> T {
    within(TOGETHER.saturating_add(documents.saturating_mul(BY_DOCUMENT)), EACH, task)
}

fn within<T>(together: usize, each: [usize; 4], mut task: impl FnMut() -> T) -> T {
    if Allowance::current().is_some() {
        return task();
    }
    let [first @ .., last] = each;
    for question in first {
        let allowance = Allowance::new(question, together);
        // What an abandoned task leaves behind is its own.
        match catch_unwind(AssertUnwindSafe(|| allowance.during(&mut task))) {
            Ok(done) => return done,
            Err(reason) if reason.is::<TooMuch>() => {}
            Err(panic) => resume_unwind(panic),
        }
    }
    Allowance::new(last, usize::MAX).during(task)
}

impl Allowance {
    fn new(question: usize, together: usize) -> Self {
        let (taken, is_over) = (Mutex::default(), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { question, together, taken, is_over }), asks: false }
    }

    /// The one of the task that this thread works on.
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Does something as a part of the task.
    pub fn during<T>(&self, part: impl FnOnce() -> T) -> T {
        /// Puts back what was there, whatever happens.
        struct Back(Option<Allowance>);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _back = Back(CURRENT.replace(Some(self.clone())));
        part()
    }

    /// How many steps a question may take, of those that it asks for.
    pub(super) fn grants(&self, asked: usize) -> usize {
        self.go_on();
        asked.min(self.shared.question)
    }

    /// Abandons the task where it takes more than it may, on whichever thread: what it says would be of no use.
    fn go_on(&self) {
        if self.shared.is_over.load(Ordering::Relaxed) {
            resume_unwind(Box::new(TooMuch));
        }
    }

    /// Asks a question of the task.
    pub(super) fn asking<T>(&self, find: impl FnOnce() -> T) -> T {
        Self { shared: Arc::clone(&self.shared), asks: true }.during(find)
    }

    /// Notes what a question took: steps of its own, and pieces of work that it may share with others.
    pub(super) fn note(&self, own: usize, charges: &[Charge]) {
        if self.asks {
            return;
        }
        let shared = &self.shared;
        {
            let mut taken = shared.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.steps = taken.steps.saturating_add(own);
            for charge in charges {
                let known = taken.known.entry(charge.of).or_default();
                let more = charge.steps.saturating_sub(*known);
                *known += more;
                taken.steps = taken.steps.saturating_add(more);
            }
            if taken.steps > shared.together {
                shared.is_over.store(true, Ordering::Relaxed);
            }
        }
        self.go_on();
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use super::*;
    use crate::access::budget::identity;

    /// A question that needs one piece of work.
    fn ask(name: &str, steps: usize) -> Result<(), String> {
        Budget::ask(Budget::QUESTION, |budget| {
            let before = budget.left();
            let answer = budget.spend(steps);
            budget.charge(identity(&name), if answer.is_ok() { steps } else { before });
            answer
        })
    }

    /// Equal questions are one piece of work, so that an organization of equal accounts is not hostile.
    #[test]
    fn equal_questions_are_counted_once() {
        let mut tried = 0;
        let decided = within(250, [100, 10, 1, 0], || {
            tried += 1;
            (0..1_000).filter(|at| ask(["a", "b"][at % 2], 100).is_ok()).count()
        });
        assert_eq!((decided, tried), (1_000, 1));
    }

    #[test]
    fn too_many_questions_are_asked_again_with_fewer_steps_for_each() {
        let mut tried = 0;
        let decided = within(250, [100, 10, 1, 0], || {
            tried += 1;
            (0..20).filter(|at| ask(&at.to_string(), if *at < 5 { 10 } else { 100 }).is_ok()).count()
        });
        assert_eq!((decided, tried), (5, 2), "those of ten steps are decided");
        let decided = within(250, [100, 10, 1, 0], || {
            (0..100).filter(|at| ask(&at.to_string(), if *at < 5 { 1 } else { 10 }).is_ok()).count()
        });
        assert_eq!(decided, 5, "and of one step, where even ten for each are too much");
        let decided =
            within(250, [100, 10, 1, 0], || (0..300).filter(|at| ask(&at.to_string(), 1).is_ok()).count());
        assert_eq!(decided, 0, "300 questions are too many however little each takes");
    }

    #[test]
    fn threads_of_a_task_share_its_allowance() {
        let decided = within(250, [100, 10, 1, 0], || {
            let allowance = Allowance::current().expect("the task has one");
            std::thread::scope(|scope| {
                let asked = ["a", "b"].map(|name| {
                    let allowance = allowance.clone();
                    let all = move || (0..2).filter(|at| ask(&format!("{name}{at}"), 100).is_ok()).count();
                    scope.spawn(move || allowance.during(all))
                });
                asked
                    .into_iter()
                    .map(|it| it.join().unwrap_or_else(|reason| resume_unwind(reason)))
                    .sum::<usize>()
            })
        });
        assert_eq!(decided, 0, "four questions of 100 steps are more than 250");
        let broken = catch_unwind(|| within(250, [100, 10, 1, 0], || resume_unwind(Box::new("a bug"))));
        assert!(broken.is_err_and(|it: Box<dyn Any + Send>| it.is::<&str>()), "a bug stays one");
        assert!(Allowance::current().is_none());
    }
}
