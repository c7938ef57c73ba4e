//! What the parameters of a call say about the resource that it was for.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Text;
use crate::pattern::glob;
use crate::{Action, Arn, ResourceType, UNKNOWN_PART};

/// What is longer is not looked into: a name is near the start of no such thing.
const LONGEST: usize = 100_000;
/// How names end in ARNs that have a path before them, and what the parameter is called without it.
const WITH_PATH: &str = "WithPath";
/// The calls that give a path, `/` where they say nothing.
const MAKES_PATH: &str = "iam:Create";

/// Where a call was made.
pub(super) struct Place<'p> {
    pub(super) partition: &'p str,
    pub(super) region: Option<&'p str>,
    pub(super) account: &'p str,
}

/// The ARN of the resource that parameters name: one among them of the type that the action is about, or the one whose
/// parts they give. `None` where the action is about several types, or a part is in no parameter. The path of a principal
/// is in none, so that it stays unknown.
pub(super) fn resource(action: Action, parameters: &str, place: &Place<'_>) -> Option<String> {
    let mut types = action.resource_types();
    let (Some(kind), None) = (types.next(), types.next()) else { return None };
    if parameters.len() > LONGEST {
        return None;
    }
    let parameters = texts(parameters)?;
    let pattern = kind.pattern();
    let mut arns = parameters.values().map(|it| &*it.0).filter(|it| glob(&pattern, it));
    match (arns.next(), arns.next()) {
        (Some(arn), None) => return Some(arn.to_owned()),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    named(action, kind, &parameters, place)
}

/// The parameters that are texts, by their names. The others are skipped and never built.
fn texts(parameters: &str) -> Option<BTreeMap<Text<'_>, Text<'_>>> {
    let all: BTreeMap<Text<'_>, &RawValue> = serde_json::from_str(parameters).ok()?;
    let texts = all.into_iter().filter(|(_, value)| value.get().starts_with('"'));
    Some(texts.filter_map(|(name, value)| Some((name, serde_json::from_str(value.get()).ok()?))).collect())
}

fn named(
    action: Action,
    kind: ResourceType,
    parameters: &BTreeMap<Text<'_>, Text<'_>>,
    place: &Place<'_>,
) -> Option<String> {
    let text = |name: &str| {
        let (_, Text(text)) = parameters.iter().find(|(key, _)| key.0.eq_ignore_ascii_case(name))?;
        let is_name = !text.is_empty() && !text.contains(['*', '?', ':', UNKNOWN_PART]);
        is_name.then_some(&**text)
    };
    let mut arn = String::new();
    let template = kind.arn();
    let mut rest = template.as_str();
    while let Some((before, variable)) = rest.split_once("${") {
        let (name, after) = variable.split_once('}')?;
        arn.push_str(before);
        match name {
            "Partition" => arn.push_str(place.partition),
            "Region" => arn.push_str(place.region?),
            "Account" => arn.push_str(place.account),
            name => match name.strip_suffix(WITH_PATH) {
                Some(name) => {
                    match text("path") {
                        Some(path) => arn.push_str(path.trim_start_matches('/')),
                        None if action.name().starts_with(MAKES_PATH) => {}
                        None => arn.push(UNKNOWN_PART),
                    }
                    arn.push_str(text(name)?);
                }
                None => arn.push_str(text(name)?),
            },
        }
        rest = after;
    }
    arn.push_str(rest);
    // A pattern of the catalogue is no ARN.
    (!arn.contains('*') && Arn::parse(&arn).is_some()).then_some(arn)
}

#[cfg(test)]
mod tests {
    use super::{Place, resource};
    use crate::{Catalogue, UNKNOWN_PART};

    fn of(action: &str, parameters: &str) -> Option<String> {
        let action = Catalogue::get().action(action).unwrap();
        let place = Place { partition: "aws", region: Some("eu-west-1"), account: "222222222222" };
        let found = resource(action, parameters, &place);
        found.map(|arn| arn.replace(UNKNOWN_PART, "…"))
    }

    #[test]
    fn a_parameter_names_the_resource_of_a_call() {
        for (action, parameters, arn) in [
            (
                "s3:CreateBucket",
                r#"{"bucketName":"exports","Host":"s3.amazonaws.com"}"#,
                "arn:aws:s3:::exports",
            ),
            (
                "lambda:UpdateFunctionCode",
                r#"{"functionName":"arn:aws:lambda:eu-west-1:333333333333:function:report"}"#,
                "arn:aws:lambda:eu-west-1:333333333333:function:report",
            ),
            (
                "lambda:UpdateFunctionCode",
                r#"{"functionName":"report"}"#,
                "arn:aws:lambda:eu-west-1:222222222222:function:report",
            ),
            (
                "dynamodb:DeleteTable",
                r#"{"tableName":"orders"}"#,
                "arn:aws:dynamodb:eu-west-1:222222222222:table/orders",
            ),
            ("iam:DeleteRole", r#"{"roleName":"deploy"}"#, "arn:aws:iam::222222222222:role/…deploy"),
            ("iam:CreateRole", r#"{"roleName":"deploy"}"#, "arn:aws:iam::222222222222:role/deploy"),
            (
                "iam:CreateRole",
                r#"{"roleName":"deploy","path":"/ci/"}"#,
                "arn:aws:iam::222222222222:role/ci/deploy",
            ),
        ] {
            assert_eq!(of(action, parameters).as_deref(), Some(arn), "{action} {parameters}");
        }
    }

    /// A guess would be a verdict about another resource.
    #[test]
    fn what_the_parameters_do_not_say_is_not_guessed() {
        for (action, parameters) in [
            ("s3:CreateBucket", "{}"),
            ("s3:CreateBucket", r#"{"bucketName":""}"#),
            ("s3:CreateBucket", r#"{"bucketName":"*"}"#),
            ("s3:CreateBucket", r#"{"bucketName":["a"]}"#),
            ("s3:CreateBucket", "null"),
            ("ec2:RunInstances", r#"{"imageId":"ami-1"}"#),
        ] {
            assert_eq!(of(action, parameters), None, "{action} {parameters}");
        }
    }
}
