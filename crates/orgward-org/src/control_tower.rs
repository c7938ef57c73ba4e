//! Controls of Control Tower: what AWS publishes of the policies that it writes for them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::PolicyType;

const TABLE: &str = include_str!("../data/control-tower.json");

/// The region deny control of units.
const UNIT_REGION_DENY: &str = "CT.MULTISERVICE.PV.1";
/// The type of the declarative policies that it writes.
const DECLARATIVE: &str = "DECLARATIVE_POLICY_EC2";
/// Parts of names of controls that check deployments, or find what is there: they deny no request. `CONFIG` controls are
/// rules of AWS Config, `SH` controls those of Security Hub.
const DENIES_NOTHING: [&str; 5] = [".PR.", ".DT.", ".DV.", "CONFIG.", "SH."];

/// A control as AWS's control catalogue lists it, by its opaque id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedControl {
    /// Its names: `CT.EC2.PV.5`.
    pub aliases: Vec<String>,
    /// Whether it prevents something, and does not only detect or check.
    pub prevents: bool,
}

/// What is known of a control by its name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Published {
    /// It is a policy of the organization, whose text AWS publishes.
    Policy(&'static Value),
    /// It finds what is there, or checks deployments: it denies no request.
    DeniesNothing,
    /// AWS publishes no text of it that is read here.
    Unread,
}

static PUBLISHED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TABLE).unwrap_or_default());

/// The values of a control's parameters, by name.
pub(crate) type Parameters = BTreeMap<String, Vec<String>>;

/// The last part of an identifier.
pub(crate) fn name(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or(identifier)
}

/// The controls that have a text, by name.
fn controls() -> impl Iterator<Item = (&'static str, &'static Value)> {
    let pages = PUBLISHED.get("pages").and_then(Value::as_object).into_iter().flatten();
    let controls = pages.filter_map(|(_, controls)| controls.as_object()).flatten();
    controls.map(|(name, control)| (name.as_str(), control))
}

/// What is known of the control with a name.
fn published(name: &str) -> Published {
    if let Some((_, control)) = controls().find(|(known, _)| *known == name) {
        return Published::Policy(control);
    }
    let is = |listed: &Value| listed.as_str() == Some(name);
    let detective = PUBLISHED.pointer("/detective/controls").and_then(Value::as_array);
    let starts =
        |part: &&str| if part.starts_with('.') { name.contains(*part) } else { name.starts_with(*part) };
    let detects = detective.is_some_and(|it| it.iter().any(is));
    if detects || DENIES_NOTHING.iter().any(starts) { Published::DeniesNothing } else { Published::Unread }
}

/// The name of a control by its identifier, and what is known of it. The end of an identifier is the name, or an opaque
/// id that only AWS's control catalogue resolves.
pub(crate) fn identified<'i>(
    identifier: &'i str,
    catalogue: &'i BTreeMap<String, ListedControl>,
) -> (&'i str, Published) {
    let id = name(identifier);
    let Some(listed) = catalogue.get(id) else { return (id, published(id)) };
    let known = listed.aliases.iter().map(|alias| (alias.as_str(), published(alias)));
    let known = known.clone().find(|(_, published)| *published != Published::Unread).or(known.clone().next());
    match known {
        Some((name, Published::Unread)) if !listed.prevents => (name, Published::DeniesNothing),
        Some(known) => known,
        None if listed.prevents => (id, Published::Unread),
        None => (id, Published::DeniesNothing),
    }
}

/// The actions that the region deny control of units exempts by itself.
pub fn region_deny_exemptions() -> Vec<String> {
    let control = controls().find(|(name, _)| *name == UNIT_REGION_DENY);
    control.map(|(_, control)| texts(control, "deny_all_but")).unwrap_or_default()
}

/// Which type of policy a control is.
pub(crate) fn policy_type(control: &Value) -> PolicyType {
    match control.get("is").and_then(Value::as_str) {
        Some("rcp") => PolicyType::ResourceControl,
        Some("declarative") => PolicyType::Other(DECLARATIVE.to_owned()),
        _ => PolicyType::ServiceControl,
    }
}

/// Whether a control has the same text wherever it is enabled.
pub(crate) fn is_fixed(control: &Value) -> bool {
    control.get("sets").is_some() || control.get("fixed").and_then(Value::as_bool) == Some(true)
}

/// The policy that Control Tower writes for a control, or why it is not known.
pub(crate) fn document(
    name: &str,
    control: &Value,
    parameters: &Parameters,
    organization: Option<&str>,
) -> Result<String, String> {
    if let Some(sets) = control.get("sets") {
        return Ok(json!({ "ec2_attributes": assigned(sets) }).to_string());
    }
    let statement = statement(name, control, parameters, organization)?;
    Ok(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
}

/// What the baseline of units brings for certain in a version: the policy of its mandatory controls. `None`: the
/// identifier is that of another baseline.
pub(crate) fn baseline(identifier: &str, version: Option<&str>) -> Option<Result<String, String>> {
    let id = PUBLISHED.pointer("/baseline/id").and_then(Value::as_str)?;
    if name(identifier) != id {
        return None;
    }
    let last = |control: &Value| control.get("baselines").and_then(Value::as_u64);
    let newest = controls().filter_map(|(_, control)| last(control)).max().unwrap_or_default();
    let major = version.map(|version| version.split('.').next().unwrap_or(version).parse::<u64>().ok());
    // What every version brings holds whichever it is.
    let major = match major {
        None => newest,
        Some(Some(major)) if (1..=newest).contains(&major) => major,
        Some(_) => {
            return Some(Err("what this version of the baseline brings is not read here".to_owned()));
        }
    };
    let brought = controls().filter(|(_, control)| last(control).is_some_and(|last| last >= major));
    let mut statements: Vec<Map<String, Value>> = Vec::new();
    for (name, control) in brought {
        let Ok(statement) = statement(name, control, &Parameters::new(), None) else { continue };
        let without_sid = |statement: &Map<String, Value>| {
            let mut statement = statement.clone();
            statement.remove("Sid");
            statement
        };
        if !statements.iter().any(|known| without_sid(known) == without_sid(&statement)) {
            statements.push(statement);
        }
    }
    Some(Ok(json!({ "Version": "2012-10-17", "Statement": statements }).to_string()))
}

/// What is set, as a declarative policy writes it: policies below may change it.
fn assigned(sets: &Value) -> Value {
    match sets {
        Value::Object(sets) => {
            sets.iter().map(|(name, value)| (name.clone(), assigned(value))).collect::<Map<_, _>>().into()
        }
        value => json!({ "@@assign": value, "@@operators_allowed_for_child_policies": ["@@all"] }),
    }
}

fn statement(
    name: &str,
    control: &Value,
    parameters: &Parameters,
    organization: Option<&str>,
) -> Result<Map<String, Value>, String> {
    let fixed = is_fixed(control);
    let of = |parameter: &str| {
        let given = parameters.get(parameter).filter(|_| !fixed);
        given.cloned().unwrap_or_default()
    };
    let mut statement = Map::new();
    let sid: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    statement.insert("Sid".to_owned(), sid.into());
    statement.insert("Effect".to_owned(), "Deny".into());
    if policy_type(control) == PolicyType::ResourceControl {
        statement.insert("Principal".to_owned(), "*".into());
    }
    if control.get("deny_all_but").is_some() {
        let mut actions = texts(control, "deny_all_but");
        actions.extend(of("ExemptedActions"));
        statement.insert("NotAction".to_owned(), actions.into());
    } else {
        statement.insert("Action".to_owned(), texts(control, "deny").into());
    }
    match of("ExemptedResourceArns") {
        exempt if exempt.is_empty() => {
            let on = if control.get("on").is_some() { texts(control, "on") } else { vec!["*".to_owned()] };
            statement.insert("Resource".to_owned(), on.into())
        }
        exempt => statement.insert("NotResource".to_owned(), exempt.into()),
    };
    let mut condition = control.get("when").cloned().unwrap_or_else(|| json!({}));
    fill(&mut condition, parameters, organization)?;
    for (parameter, added) in control.get("unless").and_then(Value::as_object).into_iter().flatten() {
        if of(parameter).first().is_some_and(|value| value == "true")
            && let (Some(condition), Some(added)) = (condition.as_object_mut(), added.as_object())
        {
            condition.extend(added.clone());
        }
    }
    let mut exempt = texts(control, "spares");
    exempt.extend(of("ExemptedPrincipalArns"));
    if let Some(condition) = condition.as_object_mut().filter(|_| !exempt.is_empty()) {
        condition.insert("ArnNotLike".to_owned(), json!({ "aws:PrincipalArn": exempt }));
    }
    if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
        statement.insert("Condition".to_owned(), condition);
    }
    Ok(statement)
}

/// Puts the values of parameters where `{{name}}` stands.
fn fill(condition: &mut Value, parameters: &Parameters, organization: Option<&str>) -> Result<(), String> {
    let keys = condition.as_object_mut().into_iter().flat_map(|operators| operators.values_mut());
    for values in keys.filter_map(Value::as_object_mut).flat_map(|keys| keys.values_mut()) {
        let first = values.as_array().and_then(|values| values.first()).and_then(Value::as_str);
        let Some(parameter) = first.and_then(|it| it.strip_prefix("{{")?.strip_suffix("}}")) else {
            continue;
        };
        let filled = if parameter == "organization" {
            let id = organization
                .ok_or("no input shows the id of the organization, which Control Tower fills in")?;
            vec![id.to_owned()]
        } else {
            let given = parameters.get(parameter).filter(|values| !values.is_empty());
            given.cloned().ok_or_else(|| format!("its parameter `{parameter}` is not set"))?
        };
        *values = filled.into();
    }
    Ok(())
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let texts = value.get(key).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use orgward_iam::{Catalogue, Kind, Policy};

    use super::*;

    fn parameters() -> Parameters {
        let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        [
            one("AllowedRegions", "eu-central-1"),
            one("ExemptedPrincipalArns", "arn:aws:iam::*:role/break-glass"),
            one("ExemptAssumeRoot", "true"),
        ]
        .into()
    }

    /// A control with a text that AWS would refuse would protect nothing.
    #[test]
    fn every_control_of_the_table_is_a_policy_that_aws_accepts() {
        assert!(controls().count() > 60);
        for (name, control) in controls() {
            let text = document(name, control, &parameters(), Some("o-aaaaaaaaaa")).unwrap();
            let kind = match policy_type(control) {
                PolicyType::ResourceControl => Kind::ResourceControl,
                PolicyType::Other(_) => continue,
                _ => Kind::ServiceControl,
            };
            let policy = Policy::parse(text.as_str(), kind).unwrap();
            assert!(policy.refusals().is_empty(), "{name}: {:?}", policy.refusals());
            // AWS publishes this name, and has no such action.
            let named = texts(control, "deny");
            for action in named.into_iter().filter(|it| it != "ec2:AttachEgressOnlyInternetGateway") {
                assert!(Catalogue::get().actions_matching(&action).next().is_some(), "{name}: {action}");
            }
            assert_eq!(text.contains("break-glass"), !is_fixed(control), "{name}: {text}");
        }
        assert_eq!(region_deny_exemptions().len(), 86);
    }

    #[test]
    fn what_denies_nothing_is_told_from_what_is_unread() {
        for name in ["AWS-GR_RESTRICTED_SSH", "CT.S3.PR.1", "SH.IAM.1", "CONFIG.EC2.DT.1"] {
            assert!(matches!(published(name), Published::DeniesNothing), "{name}");
        }
        assert!(
            matches!(published("CT.CLOUDFORMATION.PR.1"), Published::Policy(_)),
            "a hook, kept by an SCP"
        );
        for name in ["CT.DYNAMODB.PV.1", "503uicglhjkokaajywfpt6ros", ""] {
            assert!(matches!(published(name), Published::Unread), "{name}");
        }
    }

    /// Only AWS's catalogue says what an opaque id stands for; what it calls preventive may deny something.
    #[test]
    fn an_opaque_id_is_what_the_catalogue_says() {
        let listed = |aliases: &[&str], prevents| ListedControl {
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            prevents,
        };
        let catalogue = BTreeMap::from([
            ("aaaa".to_owned(), listed(&["CT.EC2.PV.5"], true)),
            ("bbbb".to_owned(), listed(&["EC2_IMDSV2_CHECK"], false)),
            ("cccc".to_owned(), listed(&["CT.NEW.PV.1"], true)),
            ("dddd".to_owned(), listed(&[], true)),
        ]);
        let of = |id: &str| {
            let identifier = format!("arn:aws:controlcatalog:::control/{id}");
            let (name, published) = identified(&identifier, &catalogue);
            (name.to_owned(), published)
        };
        assert!(matches!(of("aaaa"), (name, Published::Policy(_)) if name == "CT.EC2.PV.5"));
        assert_eq!(of("bbbb"), ("EC2_IMDSV2_CHECK".to_owned(), Published::DeniesNothing));
        assert_eq!(of("cccc"), ("CT.NEW.PV.1".to_owned(), Published::Unread));
        for id in ["dddd", "eeee"] {
            assert_eq!(of(id), (id.to_owned(), Published::Unread));
        }
    }

    /// A baseline counts for what every landing zone of its version has, and no more.
    #[test]
    fn a_baseline_brings_the_controls_of_its_version() {
        let id = "arn:aws:controltower:eu-west-1::baseline/17BSJV3IGJ2QSGA2";
        let text = |version| baseline(id, version).unwrap().unwrap();
        let has = |version, action: &str| text(version).contains(action);
        for version in [Some("1.0"), Some("4.0")] {
            assert!(has(version, "cloudtrail:StopLogging") && has(version, "iam:DeleteRole"), "{version:?}");
        }
        for version in [Some("5.0"), None] {
            assert!(!has(version, "cloudtrail:StopLogging") && has(version, "iam:DeleteRole"), "{version:?}");
        }
        assert!(baseline(id, Some("6.0")).unwrap().is_err(), "what it brings was not read");
        assert!(baseline("arn:aws:controltower:eu-west-1::baseline/3WPD0NA6TJ9AOMU2", Some("4.0")).is_none());
        // The same statement of several controls is there once.
        assert_eq!(text(Some("4.0")).matches("cloudtrail:StopLogging").count(), 1);
        assert!(
            Policy::parse(text(Some("4.0")).as_str(), Kind::ServiceControl).unwrap().refusals().is_empty()
        );
    }

    #[test]
    fn what_is_not_filled_in_is_not_known() {
        let Published::Policy(control) = published("CT.MULTISERVICE.PV.1") else { panic!() };
        let why = document("CT.MULTISERVICE.PV.1", control, &Parameters::new(), None).unwrap_err();
        assert_eq!(why, "its parameter `AllowedRegions` is not set");
        let Published::Policy(control) = published("CT.S3.PV.4") else { panic!() };
        assert!(
            document("CT.S3.PV.4", control, &Parameters::new(), None)
                .unwrap_err()
                .contains("id of the organization")
        );
    }

    /// Without the parameter the control denies the sessions of central root access, too.
    #[test]
    fn a_parameter_may_add_a_condition() {
        let Published::Policy(control) = published("AWS-GR_RESTRICT_ROOT_USER") else { panic!() };
        let text = |parameters: &Parameters| {
            document("AWS-GR_RESTRICT_ROOT_USER", control, parameters, None).unwrap()
        };
        assert!(!text(&Parameters::new()).contains("AssumedRoot"));
        assert!(text(&parameters()).contains("\"Null\":{\"aws:AssumedRoot\":[\"true\"]}"));
    }
}
