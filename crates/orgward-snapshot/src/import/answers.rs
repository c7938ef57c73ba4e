//! Outputs of `aws organizations` and `aws iam`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{CUT, IDENTITIES, IdKind, Import, ImportError, Targets, finish, gap, named};
use crate::{Account, AccountPart, Described, Policy, Root, Tag, Unit};

/// What is in a root or unit, or what something is in.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    target_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedPolicy {
    policy_summary: Policy,
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    service_principal: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    content: Option<String>,
}

/// An account: `State` takes the place of `Status`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Listed {
    id: String,
    arn: String,
    name: String,
    status: String,
    state: String,
}

impl From<Listed> for Account {
    fn from(Listed { id, arn, name, status, state }: Listed) -> Self {
        let status = if state.is_empty() { status } else { state };
        Self { id, arn, name, status, parent_id: String::new(), tags: None }
    }
}

/// The fields of an output.
struct Answer<'a> {
    name: &'a str,
    fields: &'a BTreeMap<String, &'a RawValue>,
}

impl Answer<'_> {
    fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    fn get<T: DeserializeOwned>(&self, key: &str, command: &'static str) -> Result<T, ImportError> {
        let text = self.fields.get(key).map_or("null", |value| value.get());
        serde_json::from_str(text).map_err(|error| ImportError::Fields {
            name: self.name.to_owned(),
            command,
            why: format!("`{key}`, line {}, column {}", error.line(), error.column()),
        })
    }

    /// Whether the rest of the list is on other pages.
    fn is_cut(&self) -> bool {
        let has =
            |key: &str| self.fields.get(key).is_some_and(|it| !matches!(it.get(), "null" | "false" | "\"\""));
        has("NextToken") || has("IsTruncated") || has("Marker")
    }

    /// What was asked about, which only the name of the file says.
    fn of(
        &self,
        kinds: &[IdKind],
        (what, command, example): (&'static str, &'static str, &'static str),
    ) -> Result<String, ImportError> {
        let name = self.name.to_owned();
        named(self.name, kinds).ok_or(ImportError::Argument { name, what, command, example })
    }
}

const PLACES: [IdKind; 2] = [IdKind::Root, IdKind::Unit];
const TARGETS: [IdKind; 3] = [IdKind::Root, IdKind::Unit, IdKind::Account];

impl Import {
    /// Adds an output of the command line.
    pub(super) fn answer(
        &mut self,
        name: &str,
        fields: &BTreeMap<String, &RawValue>,
    ) -> Result<(), ImportError> {
        let answer = Answer { name, fields };
        if ["RoleDetailList", "UserDetailList", "GroupDetailList"].iter().any(|key| answer.has(key)) {
            return self.identities(&answer);
        }
        if answer.has("Results") {
            return self.results(
                name,
                &answer.get::<Vec<_>>("Results", super::config::COMMAND)?,
                answer.is_cut(),
            );
        }
        let cut = answer.is_cut();
        let whole = |list: &str, import: &mut Self, action: &str| {
            if cut {
                import.gaps.insert(gap(&format!("the whole list of `{list}`"), action, CUT));
            } else {
                import.listed.insert(list.to_owned());
            }
        };
        if answer.has("Organization") {
            let command = "aws organizations describe-organization";
            self.described(name, answer.get::<Described>("Organization", command)?)
        } else if answer.has("Roots") {
            let roots: Vec<Root> = answer.get("Roots", "aws organizations list-roots")?;
            whole("Roots", self, "organizations:ListRoots");
            self.roots.extend(roots.into_iter().map(|root| (root.id.clone(), root)));
            Ok(())
        } else if answer.has("Accounts") {
            let command = "aws organizations list-accounts";
            let accounts: Vec<Listed> = answer.get("Accounts", command)?;
            let parent = named(name, &PLACES);
            if parent.is_none() {
                whole("Accounts", self, "organizations:ListAccounts");
            } else if cut {
                whole("Accounts", self, "organizations:ListAccountsForParent");
            }
            for account in accounts {
                if let Some(parent) = &parent {
                    self.parents.insert(account.id.clone(), parent.clone());
                }
                self.account(account.into());
            }
            Ok(())
        } else if answer.has("Account") {
            let command = "aws organizations describe-account";
            self.account(answer.get::<Listed>("Account", command)?.into());
            Ok(())
        } else if answer.has("Policies") || answer.has("Policy") || answer.has("Targets") {
            self.policy_answer(&answer)
        } else {
            self.tree_answer(&answer)
        }
    }

    fn tree_answer(&mut self, answer: &Answer<'_>) -> Result<(), ImportError> {
        if answer.is_cut() {
            self.gaps.insert(gap("the whole tree", "organizations:ListChildren", CUT));
        }
        if answer.has("OrganizationalUnits") {
            let command = "aws organizations list-organizational-units-for-parent";
            let of = ("root or unit", command, "units-ou-ab12-34567890.json");
            let parent = answer.of(&PLACES, of)?;
            let units: Vec<Unit> = answer.get("OrganizationalUnits", command)?;
            for unit in units {
                self.parents.insert(unit.id.clone(), parent.clone());
                self.units.insert(unit.id.clone(), unit);
            }
        } else if answer.has("OrganizationalUnit") {
            let command = "aws organizations describe-organizational-unit";
            let unit: Unit = answer.get("OrganizationalUnit", command)?;
            self.units.insert(unit.id.clone(), unit);
        } else if answer.has("Children") {
            let command = "aws organizations list-children";
            let of = ("root or unit", command, "children-ou-ab12-34567890.json");
            let parent = answer.of(&PLACES, of)?;
            let children: Vec<Place> = answer.get("Children", command)?;
            self.parents.extend(children.into_iter().map(|child| (child.id, parent.clone())));
        } else if answer.has("Parents") {
            let command = "aws organizations list-parents";
            let of = ("unit or account", command, "parents-123456789012.json");
            let child = answer.of(&[IdKind::Unit, IdKind::Account], of)?;
            let parents: Vec<Place> = answer.get("Parents", command)?;
            self.parents.extend(parents.into_iter().map(|parent| (child.clone(), parent.id)));
        } else {
            return self.trust_answer(answer);
        }
        Ok(())
    }

    fn policy_answer(&mut self, answer: &Answer<'_>) -> Result<(), ImportError> {
        if answer.has("Policy") {
            let command = "aws organizations describe-policy";
            let DescribedPolicy { policy_summary, content } = answer.get("Policy", command)?;
            let known = self.policies.entry(policy_summary.id.clone()).or_insert(policy_summary);
            known.content = known.content.take().or(content);
            return Ok(());
        }
        if answer.has("Targets") {
            let command = "aws organizations list-targets-for-policy";
            let of = ("policy", command, "targets-p-examplepolicy.json");
            let policy = answer.of(&[IdKind::Policy], of)?;
            let found: Vec<Target> = answer.get("Targets", command)?;
            let targets = self.targets.entry(policy).or_default();
            targets.whole |= !answer.is_cut();
            targets.ids.extend(found.into_iter().map(|target| target.target_id));
            return Ok(());
        }
        let command = "aws organizations list-policies";
        let policies: Vec<Policy> = answer.get("Policies", command)?;
        let target = named(answer.name, &TARGETS);
        let mut kinds: BTreeSet<String> = policies.iter().map(|policy| policy.kind.clone()).collect();
        for policy in policies {
            if let Some(target) = &target {
                self.targets.entry(policy.id.clone()).or_default().ids.insert(target.clone());
            }
            self.policies.entry(policy.id.clone()).or_insert(policy);
        }
        if target.is_some() {
            return Ok(());
        }
        let upper = answer.name.to_ascii_uppercase().replace('-', "_");
        kinds.extend(
            finish::POLICY_TYPES.iter().filter(|kind| upper.contains(**kind)).map(|it| (*it).to_owned()),
        );
        if kinds.is_empty() {
            let name = answer.name.to_owned();
            let example = "policies-SERVICE_CONTROL_POLICY.json";
            return Err(ImportError::Argument { name, what: "type of policies", command, example });
        }
        for kind in kinds {
            if answer.is_cut() {
                self.gaps.insert(gap(
                    &format!("the whole list of `{kind}`"),
                    "organizations:ListPolicies",
                    CUT,
                ));
            } else {
                self.listed.insert(kind);
            }
        }
        Ok(())
    }

    fn trust_answer(&mut self, answer: &Answer<'_>) -> Result<(), ImportError> {
        let cut = answer.is_cut();
        let account = [IdKind::Account];
        if answer.has("EnabledServicePrincipals") {
            let command = "aws organizations list-aws-service-access-for-organization";
            let services: Vec<Service> = answer.get("EnabledServicePrincipals", command)?;
            self.service_access.extend(services.into_iter().map(|it| it.service_principal));
            self.listed.extend((!cut).then(|| "EnabledServicePrincipals".to_owned()));
        } else if answer.has("DelegatedAdministrators") {
            let command = "aws organizations list-delegated-administrators";
            let accounts: Vec<Place> = answer.get("DelegatedAdministrators", command)?;
            for account in accounts {
                self.delegated.entry(account.id).or_default();
            }
            self.listed.extend((!cut).then(|| "DelegatedAdministrators".to_owned()));
        } else if answer.has("DelegatedServices") {
            let command = "aws organizations list-delegated-services-for-account";
            let of = ("account", command, "delegated-123456789012.json");
            let account = answer.of(&account, of)?;
            let services: Vec<Service> = answer.get("DelegatedServices", command)?;
            let known = self.delegated.entry(account).or_default();
            known.extend(services.into_iter().map(|it| it.service_principal));
        } else if answer.has("ResourcePolicy") {
            let command = "aws organizations describe-resource-policy";
            let policy: Content = answer.get("ResourcePolicy", command)?;
            self.resource_policy = policy.content;
            self.listed.insert("ResourcePolicy".to_owned());
        } else if answer.has("Tags") {
            let command = "aws organizations list-tags-for-resource";
            let of = ("resource", command, "tags-123456789012.json");
            let any = [IdKind::Account, IdKind::Unit, IdKind::Root, IdKind::Policy];
            let resource = answer.of(&any, of)?;
            let tags: Vec<Tag> = answer.get("Tags", command)?;
            if !cut {
                self.tags.insert(resource, tags);
            }
        } else if answer.has("SummaryMap") {
            let command = "aws iam get-account-summary";
            let account = answer.of(&account, ("account", command, "summary-123456789012.json"))?;
            let summary = answer.get("SummaryMap", command)?;
            self.part_of(&account).summary = summary;
        } else {
            return Err(ImportError::Unknown { name: answer.name.to_owned() });
        }
        Ok(())
    }

    /// `aws iam get-account-authorization-details`: the identities of the account that their ARNs name.
    fn identities(&mut self, answer: &Answer<'_>) -> Result<(), ImportError> {
        let command = "aws iam get-account-authorization-details";
        let mut part = AccountPart {
            role_detail_list: answer.get::<Option<_>>("RoleDetailList", command)?.unwrap_or_default(),
            user_detail_list: answer.get::<Option<_>>("UserDetailList", command)?.unwrap_or_default(),
            group_detail_list: answer.get::<Option<_>>("GroupDetailList", command)?.unwrap_or_default(),
            policies: answer.get::<Option<_>>("Policies", command)?.unwrap_or_default(),
            ..AccountPart::default()
        };
        // Attached policies of AWS are listed, too; their texts are in the program.
        part.policies.retain(|policy| account_of(&policy.arn).is_some());
        let roles = part.role_detail_list.iter().map(|it| &it.arn);
        let users = part.user_detail_list.iter().map(|it| &it.arn);
        let groups = part.group_detail_list.iter().map(|it| &it.arn);
        let arns = roles.chain(users).chain(groups).chain(part.policies.iter().map(|it| &it.arn));
        let accounts: BTreeSet<&str> = arns.filter_map(|arn| account_of(arn)).collect();
        let account = match accounts.iter().copied().collect::<Vec<_>>().as_slice() {
            [one] => (*one).to_owned(),
            [] => answer.of(&[IdKind::Account], ("account", command, "iam-123456789012.json"))?,
            _ => return Err(ImportError::Mixed { name: answer.name.to_owned() }),
        };
        part.account.clone_from(&account);
        let filtered = ["RoleDetailList", "UserDetailList", "GroupDetailList", "Policies"]
            .iter()
            .any(|key| !answer.has(key));
        self.part(part);
        // What a collector was refused is there now; the rest that it was refused is named once more.
        let part = self.part_of(&account);
        let before = part.gaps.len();
        part.gaps.retain(|gap| !IDENTITIES.contains(&gap.action.as_str()));
        if part.gaps.len() != before {
            part.taken.clear();
        }
        if answer.is_cut() || filtered {
            let why = if filtered { "the input has a part of them (`--filter`, `--query`)" } else { CUT };
            self.gap_of(
                &account,
                gap("all IAM identities and policies", "iam:GetAccountAuthorizationDetails", why),
            );
        }
        self.identities.insert(account);
        Ok(())
    }

    /// Where a policy is attached, as far as it is known.
    pub(super) fn targets_of(&self, policy: &str) -> Option<&Targets> {
        self.targets.get(policy)
    }
}

/// The account of an ARN.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| IdKind::Account.is(account))
}
