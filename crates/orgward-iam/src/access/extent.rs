//! How far the requests of a set reach: who makes them, on what, and under which circumstances.

use super::Budget;
use super::action_set::ActionSet;
use super::dimension::Point;
use super::set::RequestSet;
use super::test::{Dimension, Test};
use super::universe::Universe;
use crate::matching::resource_matches;
use crate::{ActionList, Caller, Request, arn_like, glob};

/// How far the requests of a set reach within those that a question is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extent {
    /// The listed actions.
    pub actions: ActionList,
    /// Whether actions of services that AWS does not list are among them.
    pub unlisted: bool,
    /// Whether these are all listed actions that the question is about.
    pub all_actions: bool,
    /// Who makes them.
    pub principals: Reach,
    /// On which resources.
    pub resources: Reach,
    /// With which values of the context keys that policies compare. Keys of which every value will do are left out.
    pub keys: Vec<(String, Reach)>,
}

/// Which of the classes that a question tells apart on one dimension have a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Those that have one.
    pub classes: Vec<ClassOfRequests>,
    /// Whether these are all classes that the question is about.
    pub is_all: bool,
}

/// Values that no policy tells apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassOfRequests {
    /// A request that has one of them.
    pub example: Request,
    /// The patterns of policies that match all of them.
    pub like: Vec<String>,
}

impl<'p> RequestSet<'p> {
    /// How far the requests of the set reach within those of another one, which has all of them. An error says why that
    /// is not decided.
    pub fn extent_in(&self, whole: &RequestSet<'p>) -> Result<Extent, String> {
        /// What tells more values apart is not for people.
        const CLASSES: usize = 64;
        let ActionSet { actions, unlisted, .. } = self.action_set_with(0)?;
        let all_actions = whole.actions()?.without(&actions).is_empty();
        let both = self.clone().and(whole.clone());
        both.ask(Budget::QUESTION, |budget| {
            let (part, whole) = (self.narrowed(), whole.narrowed());
            let universe = Universe::of(&[part.formula(), whole.formula()], budget)?;
            let mut extent = Extent {
                actions,
                unlisted,
                all_actions,
                principals: Reach { classes: Vec::new(), is_all: true },
                resources: Reach { classes: Vec::new(), is_all: true },
                keys: Vec::new(),
            };
            let (in_part, in_whole) = (universe.prepare(&part), universe.prepare(&whole));
            for (place, (dimension, values)) in universe.dimensions.iter().enumerate() {
                if *dimension == Dimension::Action || values.points.len() > CLASSES {
                    continue;
                }
                let tests = universe.tests_about(dimension);
                let mut reach = Reach { classes: Vec::new(), is_all: true };
                for (at, point) in values.points.iter().enumerate() {
                    match in_part.search_at((place, at), budget)? {
                        Some(example) => {
                            reach.classes.push(ClassOfRequests { like: patterns(&tests, point), example });
                        }
                        None => {
                            reach.is_all &= in_whole.search_at((place, at), budget)?.is_none();
                        }
                    }
                }
                match dimension {
                    Dimension::Caller => extent.principals = reach,
                    Dimension::Resource => extent.resources = reach,
                    Dimension::Key(key) if !reach.is_all => {
                        let written = tests.iter().find_map(Test::key).unwrap_or(key);
                        extent.keys.push((written.to_owned(), reach));
                    }
                    Dimension::Key(_) | Dimension::Action => {}
                }
            }
            Ok(extent)
        })
    }
}

/// The patterns of tests about ARNs that match a value.
fn patterns(tests: &[Test<'_>], point: &Point) -> Vec<String> {
    let matches = |pattern: &str| match point {
        Point::Caller { caller: Caller::Arn(arn), role, .. } => {
            let is_like = |arn: &str| arn_like(pattern, arn) || glob(pattern, arn);
            is_like(arn) || role.as_deref().is_some_and(is_like)
        }
        Point::Resource { resource, .. } => resource_matches(pattern, resource),
        _ => false,
    };
    let all = tests.iter().flat_map(Test::arns).filter(|pattern| *pattern != "*" && matches(pattern));
    // Any partition but none: readers know it as `*`.
    let mut all: Vec<String> = all.map(|pattern| pattern.replacen("arn:*?:", "arn:*:", 1)).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use crate::testing::single;
    use crate::{Claim, ClaimSpec, Kind, RequestSet};

    fn claim(actions: &[&str]) -> Claim {
        let actions = actions.iter().map(|it| (*it).to_owned()).collect();
        Claim::new(ClaimSpec { actions: Some(actions), ..ClaimSpec::default() }).expect("it is well formed")
    }

    /// What of a claim a denial leaves, as a person would tell it.
    fn told(actions: &[&str], denial: &str) -> (Vec<&'static str>, bool, Vec<String>, bool, Vec<String>) {
        let (claim, denial) = (claim(actions), single(Kind::ServiceControl, denial));
        let whole = RequestSet::bound().and(claim.requests());
        let left = whole.clone().minus(RequestSet::matched(&denial, &denial.statements[0]));
        let extent = left.extent_in(&whole).expect("it is decided");
        let like = extent.principals.classes.into_iter().flat_map(|class| class.like);
        (
            extent.actions.iter().map(crate::Action::name).collect(),
            extent.all_actions,
            like.collect(),
            extent.principals.is_all,
            extent.keys.into_iter().map(|(key, _)| key).collect(),
        )
    }

    const TRAIL: [&str; 2] = ["cloudtrail:DeleteTrail", "cloudtrail:StopLogging"];

    #[test]
    fn an_action_that_is_not_denied_escapes_for_every_principal() {
        let denial = r#""Effect":"Deny","Action":"cloudtrail:StopLogging","Resource":"*""#;
        assert_eq!(told(&TRAIL, denial), (vec!["cloudtrail:DeleteTrail"], false, vec![], true, vec![]));
    }

    #[test]
    fn those_whom_a_denial_spares_escape_with_every_action() {
        let denial = r#""Effect":"Deny","Action":"cloudtrail:*","Resource":"*",
            "Condition":{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/ops-*"]}}"#;
        let like = vec!["arn:aws:iam::*:role/ops-*".to_owned()];
        assert_eq!(told(&TRAIL, denial), (TRAIL.to_vec(), true, like, false, vec![]));
    }

    #[test]
    fn the_circumstances_under_which_it_is_not_denied_are_told() {
        let denial = r#""Effect":"Deny","Action":"cloudtrail:*","Resource":"*",
            "Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#;
        let keys = vec!["aws:RequestedRegion".to_owned()];
        assert_eq!(told(&TRAIL, denial), (TRAIL.to_vec(), true, vec![], true, keys));
    }
}
