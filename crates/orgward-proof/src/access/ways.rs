//! The known ways in which a principal gains more than it was given, as data.

use std::collections::BTreeSet;

/// The facts. One line is one way.
static WAYS: &str = include_str!("escalation.tsv");

/// How a way works.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WayKind {
    /// A role is passed to something new that runs as it.
    Pass,
    /// Code is run in what already runs as a role.
    Run,
    /// What a principal may do, or who may be it, is changed.
    Change,
    /// A role is assumed.
    Assume,
}

/// A known way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Way {
    /// What pathfinding.cloud calls it: `lambda-001`.
    pub id: &'static str,
    /// How it works.
    pub kind: WayKind,
    /// What it takes, `iam:PassRole` aside.
    pub permissions: Vec<&'static str>,
    /// The services that a passed role has to trust, one of them.
    pub services: Vec<&'static str>,
    /// The Terraform types of what runs as a role.
    pub runs: Vec<&'static str>,
}

/// The services whose actions lead from one principal to another, by their prefixes.
pub fn services_of_ways() -> BTreeSet<String> {
    let actions = ways().flat_map(|way| way.permissions);
    let services = actions.filter_map(|action| action.split(':').next()).map(str::to_owned);
    services.chain(["iam", "sts"].map(str::to_owned)).collect()
}

/// All known ways, sorted by id.
pub fn ways() -> impl Iterator<Item = Way> {
    WAYS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        let id = cells.next()?;
        let kind = match cells.next()? {
            "pass" => WayKind::Pass,
            "run" => WayKind::Run,
            "change" => WayKind::Change,
            _ => WayKind::Assume,
        };
        let mut list = || -> Vec<&'static str> {
            cells.next().unwrap_or_default().split(',').filter(|it| !it.is_empty()).collect()
        };
        Some(Way { id, kind, permissions: list(), services: list(), runs: list() })
    })
}

#[cfg(test)]
mod tests {
    use super::{WayKind, ways};

    #[test]
    fn every_way_says_what_it_takes() {
        let all: Vec<_> = ways().collect();
        assert_eq!(all.len(), 65);
        assert!(all.is_sorted_by_key(|way| way.id));
        for way in all {
            assert!(!way.permissions.is_empty(), "{}", way.id);
            assert!(way.permissions.iter().all(|action| action.contains(':')), "{}", way.id);
            assert_eq!(way.kind == WayKind::Pass, !way.services.is_empty(), "{}", way.id);
            assert_eq!(way.kind == WayKind::Run, !way.runs.is_empty(), "{}", way.id);
        }
    }
}
