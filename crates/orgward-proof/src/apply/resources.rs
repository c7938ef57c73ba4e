//! What a call is about: AWS authorizes it for each of these resources, and denies it when one is denied.

use orgward_iam::{ResourceType, UNKNOWN_PART, glob};
use std::collections::BTreeMap;

use orgward_org::calls::{self, Call};
use orgward_org::{Operation, Organization, PlannedChange, Values};
use orgward_plan::Attr;

use super::request::Listed;

/// A resource that a call is authorized for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Its ARN, with unknown parts; `None` where nothing is known of it.
    pub(super) arn: Option<String>,
    /// What the call carries about it.
    pub(super) carries: Carries,
}

/// What a call carries about a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carries {
    /// All that the call carries.
    All,
    /// What the tables say for this type of resources, and the tags of this attribute.
    Listed(&'static str, Option<&'static str>),
    /// Not known.
    Unknown,
}

/// Instance types whose root device need not be a volume.
const WITHOUT_VOLUME: &[&str] =
    &["c1.", "c3.", "cc2.", "cr1.", "d2.", "g2.", "hs1.", "i2.", "m1.", "m2.", "m3.", "r3.", "x1.", "x1e."];

/// The roles and users that the inputs show, by account, word and name: their paths stand in their ARNs, and in no
/// attribute of what is attached to them.
#[derive(Debug, Default)]
pub(super) struct Entities(BTreeMap<(String, &'static str, String), String>);

impl Entities {
    pub(super) fn of(organization: &Organization) -> Self {
        let known = organization.principals().filter_map(|it| {
            let account = organization.account_text(it.id)?.to_owned();
            let name = it.node.name.as_ref().known()?.expose().to_owned();
            let arn = organization.iam_arn(it.id)?.text(&account)?;
            Some(((account, it.word, name), arn))
        });
        Self(known.collect())
    }

    /// The ARN of a role, user or group of an account. The path of one that no input shows is unknown.
    fn arn(&self, change: &PlannedChange, word: &'static str, name: &str) -> String {
        let account = change.account.clone().unwrap_or_else(|| UNKNOWN_PART.to_string());
        let key = (account, word, name.to_owned());
        let unseen = || format!("arn:{}:iam::{}:{word}/{UNKNOWN_PART}{name}", change.partition, key.0);
        self.0.get(&key).cloned().unwrap_or_else(unseen)
    }
}

/// The resources that a call is authorized for.
pub(super) fn asked(change: &PlannedChange, call: Call, listed: &Listed, entities: &Entities) -> Vec<Asked> {
    let Some(action) = listed.action else { return vec![Asked { arn: None, carries: Carries::All }] };
    let types = &listed.types;
    if types.is_empty() {
        return vec![Asked { arn: Some("*".to_owned()), carries: Carries::All }];
    }
    let rows: Vec<calls::Authorized> = calls::authorized(&change.kind, call.action).collect();
    let listed = rows.iter().filter_map(|row| Some((row, *types.iter().find(|it| it.name == row.resource)?)));
    let mut asked: Vec<Asked> = Vec::new();
    let mut listed = listed.peekable();
    if rows.len() > 1 && listed.peek().is_some() {
        for (row, kind) in listed {
            if row.resource == "volume" && !has_volume(change) {
                continue;
            }
            let name = named_by(change, call, row.attribute);
            let arn = Some(fill(kind, change, name));
            asked.push(Asked { arn, carries: Carries::Listed(row.resource, row.tags) });
        }
        return asked;
    }
    if let Some(arn) = standing_arn(change, call, types) {
        return vec![Asked { arn: Some(arn), carries: Carries::All }];
    }
    let own = match listed.next() {
        Some((row, kind)) => Some((kind, named_by(change, call, row.attribute))),
        None => own_type(change, types).map(|kind| {
            let held = held_by(change, call, kind).map(|(word, name)| entities.arn(change, word, name));
            (kind, held.or_else(|| name_of(change, call, kind)))
        }),
    };
    let arn = own.as_ref().map(|(kind, name)| match name {
        Some(arn) if arn.starts_with("arn:") => arn.clone(),
        name => fill(*kind, change, name.clone()),
    });
    let mut asked = vec![Asked { arn, carries: Carries::All }];
    // Where several types are marked, EC2 and KMS authorize each of them; elsewhere the mark may mean one of them.
    if let Some((own, _)) = own
        && matches!(action.service(), "ec2" | "kms")
    {
        for kind in types.iter().filter(|kind| kind.required && kind.name != own.name) {
            let attribute = format!("{}_id", kind.name.replace('-', "_"));
            let values = values(change, call);
            let name =
                values.map_or(Attr::Absent, |values| values.get(&attribute)).known().map(str::to_owned);
            asked.push(Asked { arn: Some(fill(*kind, change, name)), carries: Carries::Unknown });
        }
    }
    asked
}

fn has_volume(change: &PlannedChange) -> bool {
    let kind = change.after.as_ref().map_or(Attr::Absent, |values| values.get("instance_type"));
    kind.known().is_some_and(|kind| !WITHOUT_VOLUME.iter().any(|family| kind.starts_with(family)))
}

fn values(change: &PlannedChange, call: Call) -> Option<&Values> {
    if call.deletes { change.before.as_ref() } else { change.after.as_ref() }
}

/// The ARN of the object that stands, where the call is about it.
fn standing_arn(change: &PlannedChange, call: Call, types: &[ResourceType]) -> Option<String> {
    let stands = call.deletes || matches!(change.operation, Operation::Update(_));
    let before = change.before.as_ref().filter(|_| stands)?;
    let arn = before.get("arn").known()?;
    types.iter().any(|kind| glob(&kind.pattern(), arn)).then(|| arn.to_owned())
}

/// The type of resources that the name of a Terraform type says.
fn own_type(change: &PlannedChange, types: &[ResourceType]) -> Option<ResourceType> {
    let required: Vec<_> = types.iter().filter(|kind| kind.required).collect();
    let mut alike: Vec<_> = types.iter().filter(|kind| is_own(change, kind.name)).collect();
    alike.sort_by_key(|kind| kind.name.len());
    match (required.as_slice(), types) {
        ([only], _) => Some(**only),
        (_, [only]) => Some(*only),
        _ => alike.last().copied().copied(),
    }
}

fn is_own(change: &PlannedChange, name: &str) -> bool {
    let plain = |text: &str| text.replace(['-', '_'], "");
    plain(change.kind.trim_start_matches("aws_")).ends_with(&plain(name))
}

/// An ARN, or the last part of one, in an attribute.
fn named_by(change: &PlannedChange, call: Call, attribute: Option<&str>) -> Option<String> {
    let text = values(change, call)?.get(attribute?).known().filter(|text| !text.is_empty())?;
    // The URL of a queue ends with its name.
    let name = if text.starts_with("https://") { text.rsplit('/').next().unwrap_or(text) } else { text };
    Some(name.to_owned())
}

/// The role, user or group that a resource of IAM is a part of, where the call is about that.
fn held_by(change: &PlannedChange, call: Call, of: ResourceType) -> Option<(&'static str, &str)> {
    let word = ["role", "user", "group"].into_iter().find(|word| *word == of.name)?;
    let is_part = change.kind.starts_with("aws_iam_") && !is_own(change, word);
    let name = values(change, call).filter(|_| is_part)?.get(word).known()?;
    (!name.is_empty() && !name.contains('/')).then_some((word, name))
}

/// What a resource is called in its ARN, by what all types of a service have in common.
fn name_of(change: &PlannedChange, call: Call, of: ResourceType) -> Option<String> {
    let kind = &*change.kind;
    let values = values(change, call)?;
    let known = |name: &str| values.get(name).known().filter(|text| !text.is_empty()).map(str::to_owned);
    let template = of.arn();
    if template.contains(":s3:::${BucketName}") && kind.starts_with("aws_s3_") {
        return known("bucket").filter(|name| !name.starts_with("arn:"));
    }
    let named = matches!(kind, "aws_iam_role" | "aws_iam_user" | "aws_iam_policy" | "aws_iam_group");
    if !named || !is_own(change, of.name) {
        return None;
    }
    let path = match values.get("path") {
        Attr::Known(path) => path.trim_start_matches('/').to_owned(),
        Attr::Absent => String::new(),
        Attr::Unknown => return None,
    };
    known("name").map(|name| format!("{path}{name}"))
}

/// Fills the variables of an ARN with what is known.
fn fill(kind: ResourceType, change: &PlannedChange, mut name: Option<String>) -> String {
    let template = kind.arn();
    let mut filled = String::new();
    let mut rest = template.as_str();
    while let Some((text, variable)) = rest.split_once("${") {
        filled.push_str(text);
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        let known = match variable {
            "Partition" => Some(change.partition.clone()),
            "Region" => change.region.as_ref().known().cloned(),
            "Account" => change.account.clone(),
            _ => name.take(),
        };
        match known {
            Some(known) => {
                // The name of an alias begins with `alias/`, that of a parameter with `/`.
                let before = filled.rsplit(':').next().filter(|it| it.ends_with('/')).unwrap_or_default();
                let rest = known.strip_prefix(before).unwrap_or(&known);
                let rest = if before.is_empty() { rest } else { rest.trim_start_matches('/') };
                filled.push_str(rest);
            }
            None => filled.push(UNKNOWN_PART),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}
