//! What others collect, as a snapshot: outputs of the command line of AWS, of AWS Config, and of Prowler.
//!
//! Nothing that an input does not say is made up: what is missing is a gap of the snapshot, and undecided later.

mod answers;
mod config;
mod finish;
mod ocsf;

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::{Account, AccountPart, Described, Gap, Instance, OrganizationPart, Policy, Root, Tag, Unit};

/// Accounts, units and policies of all inputs together: no organization has more.
const MOST: usize = 400_000;
/// Without these an account has no identities.
const IDENTITIES: [&str; 2] = ["iam:GetAccountAuthorizationDetails", "sts:AssumeRole"];
/// Why something is missing in what was imported.
const NOT_IMPORTED: &str = "no input has it";
/// Why the rest of a list is missing.
const CUT: &str = "the input is one page of several";

/// Why an input is not imported. Nothing of its content is quoted.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum ImportError {
    /// It is no JSON.
    #[error("`{name}` is no JSON: line {line}, column {column}")]
    #[diagnostic(help("write it with `--output json`, and import it again"))]
    Json {
        /// The input.
        name: String,
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// It is JSON of something else.
    #[error("`{name}` is no output that is imported")]
    #[diagnostic(help(
        "give outputs of `aws organizations`, `aws iam get-account-authorization-details`, `aws configservice \
         select-aggregate-resource-config`, OCSF of Prowler, or a snapshot; `docs/import.md` lists them"
    ))]
    Unknown {
        /// The input.
        name: String,
    },
    /// Its fields are not those of the command.
    #[error("`{name}` looks like the output of `{command}`, and its fields are of other types: {why}")]
    #[diagnostic(help("write it with `aws … --output json`, without `--query`"))]
    Fields {
        /// The input.
        name: String,
        /// The command.
        command: &'static str,
        /// What does not fit.
        why: String,
    },
    /// The output does not say what was asked about.
    #[error("`{name}` does not say of which {what} it is")]
    #[diagnostic(help(
        "put the id into the name of the file, as in `{example}`: the output of `{command}` does not have it"
    ))]
    Argument {
        /// The input.
        name: String,
        /// What is missing.
        what: &'static str,
        /// The command.
        command: &'static str,
        /// A name that says it.
        example: &'static str,
    },
    /// Identities of several accounts in one output.
    #[error("`{name}` has identities of several accounts")]
    #[diagnostic(help("give one output of `aws iam get-account-authorization-details` for each account"))]
    Mixed {
        /// The input.
        name: String,
    },
    /// Two organizations.
    #[error("`{name}` is of another organization than the inputs before it")]
    #[diagnostic(help("import one organization at a time"))]
    Organizations {
        /// The input.
        name: String,
    },
    /// More than any organization has.
    #[error("the inputs have more than {MOST} accounts, units and policies")]
    #[diagnostic(help("import one organization at a time"))]
    Many,
    /// There is nothing to write.
    #[error("the inputs have no account and no organization")]
    #[diagnostic(help(
        "give outputs that list accounts, or identities of accounts; `docs/import.md` lists them"
    ))]
    Nothing,
}

/// What is known of where a policy is attached.
#[derive(Debug, Default)]
struct Targets {
    /// Whether these are all.
    whole: bool,
    ids: BTreeSet<String>,
}

/// Gathers inputs, in any order.
#[derive(Debug, Default)]
pub struct Import {
    organization: Described,
    roots: BTreeMap<String, Root>,
    units: BTreeMap<String, Unit>,
    accounts: BTreeMap<String, Account>,
    /// The root or unit that a unit or account is in.
    parents: BTreeMap<String, String>,
    policies: BTreeMap<String, Policy>,
    targets: BTreeMap<String, Targets>,
    tags: BTreeMap<String, Vec<Tag>>,
    /// Lists that are whole: `Roots`, `Accounts`, types of policies, `EnabledServicePrincipals`, …
    listed: BTreeSet<String>,
    service_access: BTreeSet<String>,
    delegated: BTreeMap<String, BTreeSet<String>>,
    resource_policy: Option<String>,
    full_access_detached: Vec<String>,
    identity_center: Vec<Instance>,
    parts: BTreeMap<String, AccountPart>,
    /// Accounts whose identities are all there.
    identities: BTreeSet<String>,
    gaps: BTreeSet<Gap>,
}

/// What an import comes to.
#[derive(Debug)]
pub struct Imported {
    /// The part of the organization.
    pub organization: OrganizationPart,
    /// The parts of accounts, by id.
    pub accounts: Vec<AccountPart>,
}

impl Imported {
    /// What is missing, with the number of accounts of which it is.
    pub fn missing(&self) -> BTreeMap<&Gap, usize> {
        let mut missing: BTreeMap<&Gap, usize> = BTreeMap::new();
        for gap in &self.organization.gaps {
            missing.insert(gap, 0);
        }
        for gap in self.accounts.iter().flat_map(|part| &part.gaps) {
            *missing.entry(gap).or_default() += 1;
        }
        missing
    }
}

impl Import {
    /// Adds an input: its name, which says what was asked about, and its text.
    pub fn add(&mut self, name: &str, text: &[u8]) -> Result<(), ImportError> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
        let mut any = false;
        // Prowler and pages of a list may be several values, one after the other.
        for value in &mut values {
            let value = value.map_err(|error| ImportError::Json {
                name: name.to_owned(),
                line: error.line(),
                column: error.column(),
            })?;
            self.value(name, value)?;
            any = true;
        }
        if !any {
            return Err(ImportError::Unknown { name: name.to_owned() });
        }
        let count = self.accounts.len() + self.units.len() + self.policies.len() + self.parents.len();
        if count > MOST { Err(ImportError::Many) } else { Ok(()) }
    }

    fn value(&mut self, name: &str, value: &RawValue) -> Result<(), ImportError> {
        let unknown = || ImportError::Unknown { name: name.to_owned() };
        if value.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| unknown())?;
            if items.is_empty() {
                return Err(unknown());
            }
            return items.into_iter().try_for_each(|item| self.item(name, item));
        }
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).map_err(|_| unknown())?;
        if fields.contains_key("cloud") || fields.contains_key("resourceType") {
            return self.item(name, value);
        }
        self.answer(name, &fields)
    }

    /// One element of a list: a finding of Prowler, or an item of AWS Config.
    fn item(&mut self, name: &str, item: &RawValue) -> Result<(), ImportError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind<'a> {
            #[serde(borrow)]
            cloud: Option<&'a RawValue>,
            #[serde(borrow)]
            resource_type: Option<&'a RawValue>,
        }
        let unknown = || ImportError::Unknown { name: name.to_owned() };
        let kind: Kind<'_> = serde_json::from_str(item.get()).map_err(|_| unknown())?;
        match (kind.cloud, kind.resource_type) {
            (Some(_), _) => self.finding(name, item),
            (None, Some(_)) => self.configuration(name, item),
            (None, None) => Err(unknown()),
        }
    }

    /// Adds a snapshot: what others collected goes beside it.
    pub fn add_snapshot(
        &mut self,
        name: &str,
        organization: OrganizationPart,
        accounts: impl Iterator<Item = AccountPart>,
    ) -> Result<(), ImportError> {
        let OrganizationPart { not_listed, policies, .. } = organization;
        self.described(name, organization.organization)?;
        let lists = ["Roots", "Accounts", "EnabledServicePrincipals", "DelegatedAdministrators"];
        let kinds = finish::POLICY_TYPES.iter().chain(&lists).chain(&["ResourcePolicy", "IdentityCenter"]);
        let whole = kinds.filter(|list| !not_listed.iter().any(|it| it == **list));
        self.listed.extend(whole.map(|list| (*list).to_owned()));
        self.roots.extend(organization.roots.into_iter().map(|root| (root.id.clone(), root)));
        for unit in organization.organizational_units {
            self.parents.insert(unit.id.clone(), unit.parent_id.clone());
            self.units.insert(unit.id.clone(), unit);
        }
        for account in organization.accounts {
            self.parents.insert(account.id.clone(), account.parent_id.clone());
            self.accounts.insert(account.id.clone(), account);
        }
        for policy in policies {
            if let Some(ids) = &policy.targets {
                let targets = self.targets.entry(policy.id.clone()).or_default();
                targets.whole |= !policy.open_targets;
                targets.ids.extend(ids.iter().cloned());
            }
            self.policies.insert(policy.id.clone(), policy);
        }
        self.listed.insert(finish::FULL_ACCESS.to_owned());
        self.full_access_detached.extend(organization.full_access_detached);
        self.service_access.extend(organization.service_access);
        for delegated in organization.delegated_administrators {
            self.delegated.entry(delegated.id).or_default().extend(delegated.service_principals);
        }
        self.resource_policy = self.resource_policy.take().or(organization.resource_policy);
        self.identity_center.extend(organization.identity_center);
        // What was not imported then may be in another input now.
        let is_known = |gap: &Gap| gap.why != NOT_IMPORTED;
        self.gaps.extend(organization.gaps.into_iter().filter(is_known));
        for mut part in accounts {
            let refused = part.gaps.iter().any(|gap| IDENTITIES.contains(&gap.action.as_str()));
            part.gaps.retain(is_known);
            if !refused {
                self.identities.insert(part.account.clone());
            }
            self.part(part);
        }
        Ok(())
    }

    /// What describes the organization.
    fn described(&mut self, name: &str, described: Described) -> Result<(), ImportError> {
        let known = &mut self.organization;
        if !known.id.is_empty() && !described.id.is_empty() && known.id != described.id {
            return Err(ImportError::Organizations { name: name.to_owned() });
        }
        for (known, said) in [
            (&mut known.id, described.id),
            (&mut known.arn, described.arn),
            (&mut known.master_account_id, described.master_account_id),
            (&mut known.master_account_arn, described.master_account_arn),
            (&mut known.feature_set, described.feature_set),
        ] {
            if known.is_empty() {
                *known = said;
            }
        }
        Ok(())
    }

    /// What an input says of an account of the organization; what is known already stays.
    fn account(&mut self, said: Account) {
        let known = self.accounts.entry(said.id.clone()).or_default();
        for (known, said) in [
            (&mut known.id, said.id),
            (&mut known.arn, said.arn),
            (&mut known.name, said.name),
            (&mut known.status, said.status),
        ] {
            if known.is_empty() {
                *known = said;
            }
        }
        known.tags = known.tags.take().or(said.tags);
    }

    /// Identities and resources of an account; what is there already stays.
    fn part(&mut self, said: AccountPart) {
        let known = self.parts.entry(said.account.clone()).or_default();
        known.account = said.account;
        if known.taken.is_empty() {
            known.taken = said.taken;
        }
        add(&mut known.role_detail_list, said.role_detail_list, |it| it.arn.clone());
        add(&mut known.user_detail_list, said.user_detail_list, |it| it.arn.clone());
        add(&mut known.group_detail_list, said.group_detail_list, |it| it.arn.clone());
        add(&mut known.policies, said.policies, |it| it.arn.clone());
        add(&mut known.open_id_connect_providers, said.open_id_connect_providers, |it| it.arn.clone());
        add(&mut known.saml_providers, said.saml_providers, |it| it.arn.clone());
        if known.regions.is_empty() {
            known.regions = said.regions;
            known.all_regions = said.all_regions;
            known.kinds = said.kinds;
        }
        add(&mut known.resources, said.resources, |it| format!("{} {}", it.kind, it.id));
        add(&mut known.gaps, said.gaps, |it| format!("{it:?}"));
        known.credentials.extend(said.credentials);
        known.summary.extend(said.summary);
    }

    /// The part of an account, to add something to.
    fn part_of(&mut self, account: &str) -> &mut AccountPart {
        let part = self.parts.entry(account.to_owned()).or_default();
        account.clone_into(&mut part.account);
        part
    }

    fn gap_of(&mut self, account: &str, gap: Gap) {
        let part = self.part_of(account);
        if !part.gaps.contains(&gap) {
            part.gaps.push(gap);
        }
    }
}

/// Adds what is not there.
fn add<T>(known: &mut Vec<T>, said: Vec<T>, key: impl Fn(&T) -> String) {
    if known.is_empty() && said.len() < 2 {
        known.extend(said);
        return;
    }
    let mut seen: BTreeSet<String> = known.iter().map(&key).collect();
    known.extend(said.into_iter().filter(|it| seen.insert(key(it))));
}

fn gap(what: &str, action: &str, why: &str) -> Gap {
    Gap { what: what.to_owned(), action: action.to_owned(), why: why.to_owned() }
}

/// What a kind of id looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum IdKind {
    Root,
    Unit,
    Account,
    Policy,
}

impl IdKind {
    /// The end of an id at the beginning of a text.
    fn length(self, text: &str) -> Option<usize> {
        let word = |text: &str, is: fn(&u8) -> bool| text.bytes().take_while(is).count();
        let lower = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        let length = match self {
            Self::Root => {
                2 + Some(word(text.strip_prefix("r-")?, lower)).filter(|it| (4..=32).contains(it))?
            }
            Self::Unit => {
                let rest = text.strip_prefix("ou-")?;
                let root = Some(word(rest, lower)).filter(|it| (4..=32).contains(it))?;
                let own = word(rest.get(root..)?.strip_prefix('-')?, lower);
                3 + root + 1 + Some(own).filter(|it| (8..=32).contains(it))?
            }
            Self::Account => Some(word(text, u8::is_ascii_digit)).filter(|it| *it == 12)?,
            Self::Policy => {
                let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                2 + Some(word(text.strip_prefix("p-")?, part)).filter(|it| (8..=128).contains(it))?
            }
        };
        let ends = text.get(length..)?.bytes().next().is_none_or(|next| !next.is_ascii_alphanumeric());
        ends.then_some(length)
    }

    fn is(self, text: &str) -> bool {
        self.length(text) == Some(text.len())
    }
}

/// The id that the name of a file has: what an output was asked about, which it does not say.
fn named(path: &str, kinds: &[IdKind]) -> Option<String> {
    // An account may have a folder, with the same files for each.
    let names = if kinds == [IdKind::Account] { 2 } else { 1 };
    path.rsplit(['/', '\\']).take(names).find_map(|name| {
        let starts = name.char_indices().map(|(at, _)| at).filter(|at| {
            name.get(..*at).is_none_or(|before| !before.ends_with(|it: char| it.is_ascii_alphanumeric()))
        });
        let mut ids = starts.filter_map(|at| {
            let rest = name.get(at..)?;
            let length = kinds.iter().find_map(|kind| kind.length(rest))?;
            rest.get(..length).map(str::to_owned)
        });
        ids.next_back()
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
