//! Services that AWS has had audited, by compliance program.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::Date;

use crate::ConfigError;
use crate::error::File;

const TABLE: &str = include_str!("../../data/certified-services.tsv");

/// The parameter of a pack that names lists, the one that they add to, and the one that always does.
const LISTS: &str = "certified";
pub(super) const SERVICES: &str = "services";
const FOUNDATION: &str = "foundation";

/// After how many days a list is out of date: AWS has its services audited twice a year.
const FRESH_DAYS: i32 = 365;

/// Services in the scope of a compliance program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertifiedList {
    /// What the parameter calls it: `pci-dss`.
    pub name: &'static str,
    /// When AWS published it, as `YYYY-MM-DD`.
    pub date: &'static str,
    /// Where.
    pub source: &'static str,
    /// The prefixes of the services.
    pub services: BTreeSet<&'static str>,
}

static ALL: LazyLock<Vec<CertifiedList>> = LazyLock::new(|| {
    let rows = || {
        TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect::<Vec<_>>())
    };
    let list = |row: Vec<&'static str>| match row.as_slice() {
        [name, date, source] => {
            let name = name.strip_prefix('@')?;
            let services = rows().filter_map(|row| match row.as_slice() {
                [prefix, lists] if lists.split(' ').any(|list| list == name) => Some(*prefix),
                _ => None,
            });
            Some(CertifiedList { name, date, source, services: services.collect() })
        }
        _ => None,
    };
    rows().filter_map(list).collect()
});

impl CertifiedList {
    /// All of them, as the file has them.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The one with a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|list| list.name == name)
    }

    /// Whether it is out of date on a day.
    pub fn is_old(&self, today: &str) -> bool {
        let age = || Some((today.parse::<Date>().ok()? - self.date.parse::<Date>().ok()?).get_days());
        age().is_none_or(|days| days > FRESH_DAYS)
    }

    /// What to say of it where it is used.
    pub fn note(&self, today: &str) -> Option<String> {
        self.is_old(today).then(|| {
            format!(
                "the list `{}` of certified services is of {}, which is more than a year ago: services that AWS had \
                 audited since are not in it. See {}, and add them to `services`",
                self.name, self.date, self.source
            )
        })
    }
}

/// The values of a pack's parameters, where lists and the foundation have become services; `None` where the pack has no
/// such lists.
pub(super) fn resolved(values: &BTreeMap<&str, &[String]>) -> Option<Vec<String>> {
    let lists = values.get(LISTS)?;
    let mut all: BTreeSet<String> = [SERVICES, FOUNDATION]
        .into_iter()
        .filter_map(|name| values.get(name))
        .flat_map(|values| values.iter().cloned())
        .collect();
    let named = lists.iter().filter_map(|name| CertifiedList::find(name)).map(|list| list.services.clone());
    let common = named.reduce(|one, other| one.intersection(&other).copied().collect());
    all.extend(common.unwrap_or_default().into_iter().map(str::to_owned));
    Some(all.into_iter().collect())
}

/// The first of the lists that a value names and that is not there.
pub(crate) fn unknown<'v>(parameter: &str, values: &'v [String]) -> Option<&'v str> {
    let mut names = values.iter().map(String::as_str).filter(|_| parameter == LISTS);
    names.find(|name| CertifiedList::find(name).is_none())
}

/// Says which lists there are.
pub(crate) fn is_unknown(file: &File<'_>, span: Range<usize>, list: &str) -> ConfigError {
    let known: Vec<&str> = CertifiedList::all().iter().map(|list| list.name).collect();
    crate::read::unknown(file, span, "list of certified services", list, &known)
}

/// The lists that the values name, with their dates.
pub(super) fn of(values: &BTreeMap<&str, &[String]>) -> Option<String> {
    let lists = values.get(LISTS)?.iter().filter_map(|name| CertifiedList::find(name));
    let dated: Vec<String> = lists.map(|list| format!("`{}` as of {}", list.name, list.date)).collect();
    (!dated.is_empty()).then(|| dated.join(", "))
}

/// The lists that the parameters of a pack name.
pub(crate) fn named(values: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    values.get(LISTS).cloned().unwrap_or_default()
}

/// Whether a parameter that is not set is made up for by lists.
pub(super) fn makes_up_for(parameter: &str, values: &BTreeMap<String, Vec<String>>) -> bool {
    parameter == SERVICES && values.get(LISTS).is_some_and(|lists| !lists.is_empty())
}

#[cfg(test)]
mod tests {
    use orgward_iam::Catalogue;

    use super::CertifiedList;
    use crate::Pack;

    #[test]
    fn the_lists_are_dated_and_their_services_are_services() {
        let names: Vec<&str> = CertifiedList::all().iter().map(|list| list.name).collect();
        assert_eq!(names, ["pci-dss", "hipaa", "fedramp-moderate", "fedramp-high", "soc", "iso"]);
        for list in CertifiedList::all() {
            assert!(list.services.len() > 100, "{}: {}", list.name, list.services.len());
            assert!(list.source.starts_with("https://aws.amazon.com/compliance/"), "{}", list.source);
            assert!(list.services.is_superset(&["ec2", "kms", "s3"].into()), "{}", list.name);
            for prefix in &list.services {
                assert!(Catalogue::get().service(prefix).is_some(), "{}: {prefix}", list.name);
            }
        }
        let of = |name| &CertifiedList::find(name).unwrap().services;
        assert!(of("fedramp-high").is_subset(of("fedramp-moderate")));
    }

    #[test]
    fn an_old_list_says_so() {
        let list = CertifiedList::find("fedramp-high").unwrap();
        assert_eq!(list.note("2026-01-31"), None);
        assert!(list.note("2027-01-01").unwrap().contains("is of 2025-12-04, which is more than a year ago"));
        assert!(list.is_old("some day"), "what cannot be compared is old");
    }

    fn actions(values: &[(&str, &[&str])]) -> Vec<String> {
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        let values = values.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect();
        let guardrails = Pack::find("approved-services").unwrap().guardrails(&values).unwrap();
        guardrails[0].claim.spec().not_actions.clone().unwrap()
    }

    #[test]
    fn a_service_has_to_be_in_every_list() {
        let both = actions(&[("certified", &["hipaa", "fedramp-high"])]);
        for (prefix, listed) in [("s3", true), ("a4b", false), ("bedrock", false), ("organizations", true)] {
            assert_eq!(both.contains(&format!("{prefix}:*")), listed, "{prefix}");
        }
        let more = actions(&[("certified", &["hipaa", "fedramp-high"]), ("services", &["bedrock"])]);
        assert!(more.contains(&"bedrock:*".to_owned()) && more.len() == both.len() + 1);
    }

    /// An account without these can be neither used nor watched.
    #[test]
    fn the_foundation_is_always_there() {
        let kept = actions(&[("services", &["s3"])]);
        for prefix in [
            "iam",
            "sts",
            "cloudtrail",
            "config",
            "guardduty",
            "securityhub",
            "organizations",
            "support",
            "s3",
        ] {
            assert!(kept.contains(&format!("{prefix}:*")), "{prefix}");
        }
        for action in &kept {
            let prefix = action.trim_end_matches(":*");
            assert!(Catalogue::get().service(prefix).is_some(), "{prefix}");
        }
        assert_eq!(actions(&[("services", &["s3"]), ("foundation", &["iam"])]), ["iam:*", "s3:*"]);
    }
}
