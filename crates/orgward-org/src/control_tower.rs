//! Controls of Control Tower: what AWS publishes of the policies that it writes for them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::PolicyType;

const TABLE: &str = include_str!("../data/control-tower.json");

/// The region deny control of units.
const UNIT_REGION_DENY: &str = "CT.MULTISERVICE.PV.1";
/// Parts of names of controls that check deployments, or find what is there: they deny no request. `CONFIG` controls are
/// rules of AWS Config, `SH` controls those of Security Hub.
const DENIES_NOTHING: [&str; 5] = [".PR.", ".DT.", ".DV.", "CONFIG.", "SH."];

/// What is known of a control by its name.
#[derive(Clone, Copy, Debug)]
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

/// The name of a control: the last part of its identifier.
pub(crate) fn name(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or(identifier)
}

/// What is known of a control.
pub(crate) fn published(name: &str) -> Published {
    let is = |listed: &Value| listed.as_str() == Some(name);
    if let Some(control) = PUBLISHED.get("controls").and_then(|controls| controls.get(name)) {
        return Published::Policy(control);
    }
    let detects = PUBLISHED.get("detective").and_then(Value::as_array).is_some_and(|it| it.iter().any(is));
    let starts =
        |part: &&str| if part.starts_with('.') { name.contains(*part) } else { name.starts_with(*part) };
    if detects || DENIES_NOTHING.iter().any(starts) { Published::DeniesNothing } else { Published::Unread }
}

/// The actions that the region deny control of units exempts by itself.
pub fn region_deny_exemptions() -> Vec<String> {
    let control = PUBLISHED.get("controls").and_then(|controls| controls.get(UNIT_REGION_DENY));
    control.map(|control| texts(control, "NotAction")).unwrap_or_default()
}

/// Whether a control is an RCP or an SCP.
pub(crate) fn policy_type(control: &Value) -> PolicyType {
    match control.get("kind").and_then(Value::as_str) {
        Some("rcp") => PolicyType::ResourceControl,
        _ => PolicyType::ServiceControl,
    }
}

/// The policy that Control Tower writes for a control, or why it is not known.
pub(crate) fn document(
    name: &str,
    control: &Value,
    parameters: &Parameters,
    organization: Option<&str>,
) -> Result<String, String> {
    let of = |parameter: &str| parameters.get(parameter).cloned().unwrap_or_default();
    let mut statement = Map::new();
    let sid: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    statement.insert("Sid".to_owned(), sid.into());
    statement.insert("Effect".to_owned(), "Deny".into());
    if policy_type(control) == PolicyType::ResourceControl {
        statement.insert("Principal".to_owned(), "*".into());
    }
    if control.get("NotAction").is_some() {
        let mut actions = texts(control, "NotAction");
        actions.extend(of("ExemptedActions"));
        statement.insert("NotAction".to_owned(), actions.into());
    } else {
        statement.insert("Action".to_owned(), texts(control, "Action").into());
    }
    match of("ExemptedResourceArns") {
        exempt if exempt.is_empty() => {
            statement.insert("Resource".to_owned(), texts(control, "Resource").into())
        }
        exempt => statement.insert("NotResource".to_owned(), exempt.into()),
    };
    let mut condition = control.get("Condition").cloned().unwrap_or_else(|| json!({}));
    fill(&mut condition, parameters, organization)?;
    let mut exempt = texts(control, "exempt");
    exempt.extend(of("ExemptedPrincipalArns"));
    if let Some(condition) = condition.as_object_mut().filter(|_| !exempt.is_empty()) {
        condition.insert("ArnNotLike".to_owned(), json!({ "aws:PrincipalArn": exempt }));
    }
    if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
        statement.insert("Condition".to_owned(), condition);
    }
    Ok(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
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
        ]
        .into()
    }

    /// A control with a text that AWS would refuse would protect nothing.
    #[test]
    fn every_control_of_the_table_is_a_policy_that_aws_accepts() {
        let controls = PUBLISHED["controls"].as_object().unwrap();
        assert!(controls.len() > 30);
        for (name, control) in controls {
            let text = document(name, control, &parameters(), Some("o-aaaaaaaaaa")).unwrap();
            let kind = match policy_type(control) {
                PolicyType::ResourceControl => Kind::ResourceControl,
                _ => Kind::ServiceControl,
            };
            let policy = Policy::parse(text.as_str(), kind).unwrap();
            assert!(policy.refusals().is_empty(), "{name}: {:?}", policy.refusals());
            // AWS publishes this name, and has no such action.
            let named = texts(control, "Action");
            for action in named.into_iter().filter(|it| it != "ec2:AttachEgressOnlyInternetGateway") {
                assert!(Catalogue::get().actions_matching(&action).next().is_some(), "{name}: {action}");
            }
            assert!(text.contains("break-glass"), "{name}: the parameter is left out of {text}");
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
}
