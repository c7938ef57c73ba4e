//! Services that AWS has had audited, by compliance program: which lists there are, and what a pack makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;

use crate::ConfigError;
use crate::error::File;

/// The programs, each with the page on which AWS keeps its list, the date of that page, and the services on it.
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

/// Services in the scope of a compliance program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertifiedList {
    /// What the parameter calls it: `pci-dss`.
    pub name: String,
    /// When AWS published it, as `YYYY-MM-DD`.
    pub date: String,
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
                    if date.parse::<Date>().is_err() {
                        return Err(wrong("the list has no date of the form YYYY-MM-DD"));
                    }
                    let name = name.trim_start_matches('@').to_owned();
                    let list = CertifiedList {
                        name: name.clone(),
                        date: (*date).to_owned(),
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
        // A list without a service would allow nothing but the foundation.
        if let Some(CertifiedList { name, .. }) = lists.values().find(|list| list.services.is_empty()) {
            let message = format!("the list `{name}` has no service");
            return Err(ConfigError::new(&file, 0..0, "in this file", message)
                .help(format!("`{WRITER}` writes both from AWS's page")));
        }
        Ok(Self(lists))
    }

    /// Lays other lists over these: those of the same name take their place.
    pub(crate) fn lay_over(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The one with a name.
    pub fn find(&self, name: &str) -> Option<&CertifiedList> {
        self.0.get(name)
    }

    /// The first of the lists that a value names and that is not there.
    pub(crate) fn missing<'v>(&self, parameter: &str, values: &'v [String]) -> Option<&'v str> {
        let mut names = values.iter().map(String::as_str).filter(|_| parameter == LISTS);
        names.find(|name| self.find(name).is_none())
    }

    /// Says that a list is not there.
    pub(crate) fn is_missing(&self, file: &File<'_>, span: Range<usize>, name: &str) -> ConfigError {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        crate::read::unknown(file, span, "list of certified services", name, &known)
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
        let dated: Vec<String> = lists.map(|list| format!("`{}` as of {}", list.name, list.date)).collect();
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
        let age = || Some((today.parse::<Date>().ok()? - self.date.parse::<Date>().ok()?).get_days());
        age().is_none_or(|days| days > FRESH_DAYS)
    }

    /// What to say of it where it is used.
    pub fn note(&self, today: &str) -> Option<String> {
        self.is_old(today).then(|| {
            let Self { name, date, source, .. } = self;
            format!(
                "the list `{name}` of certified services is of {date}, more than a year ago: it lacks the services that \
                 AWS has had audited since. Save {source} and run `{WRITER} {name} DATE lists.tsv < page.html`, then \
                 name the file under `[files]`: `{SETTING} = \"lists.tsv\"`"
            )
        })
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

    /// The numbers are those of AWS's pages on the dates of the file, without parts of other services.
    #[test]
    fn the_shipped_lists_have_services_and_a_page() {
        let shipped = CertifiedLists::default();
        let sizes: Vec<(&str, usize)> =
            shipped.0.values().map(|list| (list.name.as_str(), list.services.len())).collect();
        assert_eq!(
            sizes,
            [
                ("fedramp-high", 98),
                ("fedramp-moderate", 106),
                ("hipaa", 134),
                ("iso", 150),
                ("pci-dss", 146),
                ("soc", 139)
            ]
        );
        for list in shipped.0.values() {
            assert!(list.source.starts_with("https://aws.amazon.com/compliance/"), "{}", list.source);
            for service in &list.services {
                assert!(Catalogue::get().service(service).is_some(), "{service}");
            }
            for service in ["dynamodb", "ec2", "kms", "lambda", "rds", "s3", "sns", "sqs"] {
                assert!(list.services.contains(service), "{}: {service}", list.name);
            }
            assert!(list.note("2027-01-31").is_some_and(|note| note.contains(&list.source)));
        }
        // What AWS has had audited for one program and not for another.
        let is_in = |list: &str, service: &str| shipped.find(list).unwrap().services.contains(service);
        assert!(is_in("pci-dss", "cloud9") && !is_in("fedramp-high", "cloud9"));
        assert!(is_in("fedramp-moderate", "connect") && !is_in("fedramp-high", "connect"));
        assert!(!is_in("hipaa", "bedrock"), "it came later");
    }

    #[test]
    fn a_list_that_does_not_exist_is_an_error_with_the_nearest_one() {
        let text = "[[pack]]\nname = \"approved-services\"\n[pack.parameters]\ncertified = [\"pci\"]\n";
        let error = Config::parse("orgward.toml", text).unwrap_err();
        assert!(error.to_string().contains("unknown list of certified services `pci`"), "{error}");
    }

    #[test]
    fn an_old_list_says_so() {
        let lists = CertifiedLists::parse("lists.tsv", FILE).unwrap();
        let list = lists.find("inner").unwrap();
        assert_eq!(list.note("2027-01-31"), None);
        assert!(list.note("2027-03-03").unwrap().contains("is of 2026-03-01, more than a year ago"));
        assert!(list.is_old("some day"), "what cannot be compared is old");
    }

    #[test]
    fn a_file_that_is_no_list_is_refused_without_a_quote() {
        for (text, says) in [
            ("hunter2=hunter2\n", "neither a list nor a service"),
            ("@a\tsoon\thttps://x\ns3\ta\n", "no date"),
            ("@a\t2026-03-01\thttps://x\n", "has no service"),
            ("@a\t-\thttps://x\ns3\ta\n", "no date"),
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
