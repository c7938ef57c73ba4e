//! Services that AWS has had audited, by compliance program: which lists there are, and what a pack makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;

use crate::ConfigError;
use crate::error::File;

/// The programs, each with the page on which AWS keeps its list. The lists themselves are AWS's, and stand in the file
/// once a person has written them there from the page.
const SHIPPED: &str = include_str!("../../data/certified-services.tsv");
/// The program that writes a list from the page.
const WRITER: &str = "crates/orgward-config/data/generate-certified-services";
/// The setting that names a file with lists.
const SETTING: &str = "certified_services";

/// The parameter of a pack that names lists, the one that they add to, and the one that always does.
const LISTS: &str = "certified";
pub(super) const SERVICES: &str = "services";
const FOUNDATION: &str = "foundation";

/// After how many days a list is out of date: AWS has its services audited twice a year.
const FRESH_DAYS: i32 = 365;
/// What stands for the date of a list that is not written yet.
const NO_DATE: &str = "-";

/// Services in the scope of a compliance program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertifiedList {
    /// What the parameter calls it: `pci-dss`.
    pub name: String,
    /// When AWS published it, as `YYYY-MM-DD`; `None`: it is not written down yet.
    pub date: Option<String>,
    /// Where.
    pub source: String,
    /// The prefixes of the services.
    pub services: BTreeSet<String>,
}

/// The lists by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertifiedLists(BTreeMap<String, CertifiedList>);

impl Default for CertifiedLists {
    /// Those that are shipped.
    fn default() -> Self {
        Self::parse("certified-services.tsv", SHIPPED).unwrap_or_else(|_| Self(BTreeMap::new()))
    }
}

impl CertifiedLists {
    /// Reads a file: `@name`, date and source of each list, and for each prefix of a service the lists that it is in,
    /// with tabs between. Lines with `#` say what people should know.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let file = File { name, text };
        let mut lists = BTreeMap::new();
        let mut services = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let span = start..start + line.len();
            start = span.end;
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |message: &str| {
                ConfigError::new(&file, span.clone(), "this line", message.to_owned()).help(format!(
                    "a list is `@name`, date and source, a service its prefix and the lists that it is in, with tabs \
                     between; `{WRITER}` writes such a file"
                ))
            };
            match line.split('\t').collect::<Vec<_>>().as_slice() {
                [name, date, source] if name.starts_with('@') => {
                    let is_written = *date != NO_DATE;
                    if is_written && date.parse::<Date>().is_err() {
                        return Err(wrong("the list has no date of the form YYYY-MM-DD"));
                    }
                    let name = name.trim_start_matches('@').to_owned();
                    let list = CertifiedList {
                        name: name.clone(),
                        date: is_written.then(|| (*date).to_owned()),
                        source: (*source).to_owned(),
                        services: BTreeSet::new(),
                    };
                    if lists.insert(name, list).is_some() {
                        return Err(wrong("the list is there twice"));
                    }
                }
                [prefix, of] if is_prefix(prefix) => services.push((*prefix, *of, span)),
                _ => return Err(wrong("the line is neither a list nor a service")),
            }
        }
        for (prefix, of, span) in services {
            for name in of.split(' ') {
                let Some(list) = lists.get_mut(name) else {
                    let message = "the service is in a list that the file does not declare".to_owned();
                    return Err(ConfigError::new(&file, span, "this line", message)
                        .help("declare it in a line `@name`, date and source"));
                };
                list.services.insert(prefix.to_owned());
            }
        }
        // A date without a service would allow nothing but the foundation, and look like a list.
        let empty = lists.values().find(|list| list.date.is_some() == list.services.is_empty());
        if let Some(CertifiedList { name, .. }) = empty {
            let message =
                format!("the list `{name}` has a date without services, or services without a date");
            return Err(ConfigError::new(&file, 0..0, "in this file", message)
                .help(format!("`{WRITER}` writes both from AWS's page")));
        }
        Ok(Self(lists))
    }

    /// Lays other lists over these: those of the same name take their place.
    pub(crate) fn lay_over(&mut self, others: Self) {
        self.0.extend(others.0.into_iter().filter(|(_, list)| list.date.is_some()));
    }

    /// The one with a name, if it is written down.
    pub fn find(&self, name: &str) -> Option<&CertifiedList> {
        self.0.get(name).filter(|list| list.date.is_some())
    }

    /// The first of the lists that a value names and that is not there.
    pub(crate) fn missing<'v>(&self, parameter: &str, values: &'v [String]) -> Option<&'v str> {
        let mut names = values.iter().map(String::as_str).filter(|_| parameter == LISTS);
        names.find(|name| self.find(name).is_none())
    }

    /// Says that a list is not there, and how it gets there.
    pub(crate) fn is_missing(&self, file: &File<'_>, span: Range<usize>, name: &str) -> ConfigError {
        let Some(CertifiedList { source, .. }) = self.0.get(name) else {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return crate::read::unknown(file, span, "list of certified services", name, &known);
        };
        let message = format!("the list `{name}` of certified services is not written down yet");
        ConfigError::new(file, span, "names it", message).help(format!(
            "AWS keeps it at {source}: save the page and run `{WRITER} {name} DATE lists.tsv < page.html`, then name \
             the file under `[files]`: `{SETTING} = \"lists.tsv\"`"
        ))
    }

    /// The values of a pack's parameters, where lists and the foundation have become services; `None` where the pack
    /// has no such lists.
    pub(super) fn resolved(&self, values: &BTreeMap<&str, &[String]>) -> Option<Vec<String>> {
        let lists = values.get(LISTS)?;
        let mut all: BTreeSet<String> = [SERVICES, FOUNDATION]
            .into_iter()
            .filter_map(|name| values.get(name))
            .flat_map(|values| values.iter().cloned())
            .collect();
        let named = lists.iter().filter_map(|name| self.find(name)).map(|list| list.services.clone());
        let common = named.reduce(|one, other| one.intersection(&other).cloned().collect());
        all.extend(common.unwrap_or_default());
        Some(all.into_iter().collect())
    }

    /// The lists that the values name, with their dates.
    pub(super) fn named(&self, values: &BTreeMap<&str, &[String]>) -> Option<String> {
        let lists = values.get(LISTS)?.iter().filter_map(|name| self.find(name));
        let dated: Vec<String> =
            lists.filter_map(|list| Some(format!("`{}` as of {}", list.name, list.date.as_ref()?))).collect();
        (!dated.is_empty()).then(|| dated.join(", "))
    }

    /// The lists that the parameters of a pack name.
    pub fn used(&self, values: &BTreeMap<String, Vec<String>>) -> Vec<CertifiedList> {
        let names = values.get(LISTS).into_iter().flatten();
        names.filter_map(|name| self.find(name)).cloned().collect()
    }
}

impl CertifiedList {
    /// Whether it is out of date on a day.
    pub fn is_old(&self, today: &str) -> bool {
        let date = self.date.as_deref().unwrap_or_default();
        let age = || Some((today.parse::<Date>().ok()? - date.parse::<Date>().ok()?).get_days());
        age().is_none_or(|days| days > FRESH_DAYS)
    }

    /// What to say of it where it is used.
    pub fn note(&self, today: &str) -> Option<String> {
        let date = self.date.as_deref().filter(|_| self.is_old(today))?;
        Some(format!(
            "the list `{}` of certified services is of {date}, which is more than a year ago: services that AWS had \
             audited since are not in it. See {}, and write it anew with `{WRITER}`",
            self.name, self.source
        ))
    }
}

/// Whether something can stand before the colon of an action.
fn is_prefix(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a parameter that is not set is made up for by lists.
pub(super) fn makes_up_for(parameter: &str, values: &BTreeMap<String, Vec<String>>) -> bool {
    parameter == SERVICES && values.get(LISTS).is_some_and(|lists| !lists.is_empty())
}

#[cfg(test)]
mod tests {
    use orgward_iam::Catalogue;

    use super::CertifiedLists;
    use crate::{Config, Pack};

    /// Two programs of a made-up auditor.
    const FILE: &str = "# ours\n@inner\t2026-03-01\thttps://audit.example/inner\n@outer\t2026-03-01\t\
                        https://audit.example/outer\nbedrock\touter\ns3\tinner outer\n";

    #[test]
    fn a_list_that_is_not_written_down_is_an_error_that_says_how() {
        let shipped = CertifiedLists::default();
        let names: Vec<&String> = shipped.0.keys().collect();
        assert_eq!(names, ["fedramp-high", "fedramp-moderate", "hipaa", "iso", "pci-dss", "soc"]);
        for list in shipped.0.values() {
            assert!(list.source.starts_with("https://aws.amazon.com/compliance/"), "{}", list.source);
        }
        let told = |lists: &str| {
            let text =
                format!("[[pack]]\nname = \"approved-services\"\n[pack.parameters]\ncertified = [{lists}]\n");
            let error = Config::parse("orgward.toml", &text).unwrap_err();
            format!("{error}: {}", miette::Diagnostic::help(&error).unwrap())
        };
        let missing = told("\"pci-dss\"");
        for part in [
            "`pci-dss` of certified services is not written down yet",
            "generate-certified-services pci-dss",
            "services-in-scope/PCI",
            "certified_services",
        ] {
            assert!(missing.contains(part), "{part}: {missing}");
        }
        assert!(told("\"pci\"").contains("unknown list of certified services `pci`"));
    }

    #[test]
    fn an_old_list_says_so() {
        let lists = CertifiedLists::parse("lists.tsv", FILE).unwrap();
        let list = lists.find("inner").unwrap();
        assert_eq!(list.note("2027-01-31"), None);
        assert!(list.note("2027-03-03").unwrap().contains("is of 2026-03-01, which is more than a year ago"));
        assert!(list.is_old("some day"), "what cannot be compared is old");
    }

    #[test]
    fn a_file_that_is_no_list_is_refused_without_a_quote() {
        for (text, says) in [
            ("hunter2=hunter2\n", "neither a list nor a service"),
            ("@a\tsoon\thttps://x\ns3\ta\n", "no date"),
            ("@a\t2026-03-01\thttps://x\n", "a date without services"),
            ("@a\t-\thttps://x\ns3\ta\n", "services without a date"),
            ("@a\t2026-03-01\thttps://x\n@a\t2026-03-01\thttps://x\n", "twice"),
            ("@a\t2026-03-01\thttps://x\ns3\tb\n", "does not declare"),
        ] {
            let error = CertifiedLists::parse("lists.tsv", text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("lists.tsv, line"), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    fn actions(pack: &str) -> Vec<String> {
        let text = format!(
            "[files]\ncertified_services = \"lists.tsv\"\n[[pack]]\nname = \"approved-services\"\n\
             [pack.parameters]\n{pack}\n"
        );
        let read = |path: &str| {
            assert_eq!(path, "lists.tsv");
            Ok(FILE.to_owned())
        };
        let config = Config::parse_beside("orgward.toml", &text, &read).unwrap();
        config.guardrails[0].claim.spec().not_actions.clone().unwrap()
    }

    #[test]
    fn a_service_has_to_be_in_every_list() {
        let both = actions("certified = [\"inner\", \"outer\"]");
        for (prefix, listed) in [("s3", true), ("bedrock", false), ("organizations", true)] {
            assert_eq!(both.contains(&format!("{prefix}:*")), listed, "{prefix}");
        }
        assert!(actions("certified = [\"outer\"]").contains(&"bedrock:*".to_owned()));
        let more = actions("certified = [\"inner\"]\nservices = [\"bedrock\"]");
        assert!(more.contains(&"bedrock:*".to_owned()) && more.len() == both.len() + 1);
    }

    /// An account without these can be neither used nor watched.
    #[test]
    fn the_foundation_is_always_there() {
        let kept = |values: &[(&str, &[&str])]| {
            let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
            let values = values.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect();
            let guardrails = Pack::find("approved-services").unwrap().guardrails(&values).unwrap();
            guardrails[0].claim.spec().not_actions.clone().unwrap()
        };
        let all = kept(&[("services", &["s3"])]);
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
            assert!(all.contains(&format!("{prefix}:*")), "{prefix}");
        }
        for action in &all {
            let prefix = action.trim_end_matches(":*");
            assert!(Catalogue::get().service(prefix).is_some(), "{prefix}");
        }
        assert_eq!(kept(&[("services", &["s3"]), ("foundation", &["iam"])]), ["iam:*", "s3:*"]);
    }
}
