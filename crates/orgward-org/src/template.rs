//! What `CloudFormation` templates hold, as far as it can be told without running them.

use serde_json::Value;

/// The types whose resources govern, by how they begin.
const GOVERNING: [&str; 9] = [
    "AWS::CloudFormation::",
    "AWS::CloudTrail::",
    "AWS::ControlTower::",
    "AWS::IAM::",
    "AWS::Organizations::",
    "AWS::RolesAnywhere::",
    "AWS::SSO::",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
    "Custom::",
];

/// Whether resources of a type can change identities, policies, the organization or its trails.
pub(crate) fn governs(kind: &str) -> bool {
    // Modules and extensions of others can hold anything.
    let is_of_aws = kind.starts_with("AWS::") || kind.starts_with("Alexa::");
    !is_of_aws || kind.ends_with("::MODULE") || GOVERNING.iter().any(|head| kind.starts_with(head))
}

/// The types in a template that govern; `None` where its text does not say what it holds: macros make resources of
/// others.
pub(crate) fn governing(body: &str) -> Option<Vec<String>> {
    match serde_json::from_str::<Value>(body) {
        Ok(template) => of_json(&template),
        Err(_) => of_yaml(body),
    }
}

fn of_json(template: &Value) -> Option<Vec<String>> {
    let resources = template.get("Resources")?.as_object()?;
    if template.get("Transform").is_some() || mentions(template, "Fn::Transform") {
        return None;
    }
    let mut types = Vec::new();
    for resource in resources.values() {
        types.push(resource.get("Type")?.as_str()?.to_owned());
    }
    types.retain(|kind| governs(kind));
    Some(types)
}

fn mentions(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(entries) => {
            entries.iter().any(|(name, value)| name.starts_with(key) || mentions(value, key))
        }
        Value::Array(items) => items.iter().any(|item| mentions(item, key)),
        _ => false,
    }
}

/// The types in a template that is written in YAML. Its structure is not read: escapes, anchors, tags and macros can
/// make other text of it, and what has them is not told.
fn of_yaml(body: &str) -> Option<Vec<String>> {
    const OPAQUE: [&str; 8] = ["Transform", "\\u", "\\x", "\\U", "\\\n", "Fn::ForEach", "<<:", "!!"];
    if !body.contains("Resources") || OPAQUE.iter().any(|sign| body.contains(sign)) {
        return None;
    }
    let mut types = Vec::new();
    for line in body.lines() {
        let Some((_, rest)) = line.split_once("Type") else { continue };
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        let Some(value) = rest.strip_prefix(':') else { continue };
        let kind: String = value
            .trim_start_matches([' ', '"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '@' | '-'))
            .collect();
        // A type on a line of its own, an alias, or text in which the word stands.
        if kind.is_empty() || value.trim_start().starts_with(['|', '>', '&', '*', '!']) {
            return None;
        }
        if kind.contains("::") {
            // A type that goes on in the next line.
            if kind.split("::").count() < 3 || kind.split("::").any(str::is_empty) {
                return None;
            }
            if governs(&kind) {
                types.push(kind);
            }
        }
    }
    // Whatever was not read as the type of a resource.
    for head in GOVERNING {
        if body.contains(head) && !types.iter().any(|kind| kind.starts_with(head)) {
            types.push(head.trim_end_matches("::").to_owned());
        }
    }
    Some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json() {
        let of = |resources: &str| governing(&format!(r#"{{"Resources":{{{resources}}}}}"#));
        assert_eq!(of(r#""A":{"Type":"AWS::S3::Bucket"}"#), Some(vec![]));
        assert_eq!(of(r#""A":{"Type":"AWS::\u0049AM::Role"}"#), Some(vec!["AWS::IAM::Role".to_owned()]));
        assert_eq!(of(r#""A":{"Type":"Acme::Org::Thing"}"#), Some(vec!["Acme::Org::Thing".to_owned()]));
        assert_eq!(of(r#""A":{"Type":{"Ref":"B"}}"#), None);
        assert_eq!(governing(r#"{"Transform":"X","Resources":{"A":{"Type":"AWS::S3::Bucket"}}}"#), None);
        assert_eq!(of(r#""A":{"Type":"AWS::S3::Bucket","Properties":{"Fn::Transform":{}}}"#), None);
        assert_eq!(governing("{}"), None);
    }

    #[test]
    fn yaml() {
        let plain = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n";
        assert_eq!(governing(plain), Some(vec![]));
        let role = format!("{plain}  Role:\n    Type: 'AWS::IAM::Role'\n");
        assert_eq!(governing(&role), Some(vec!["AWS::IAM::Role".to_owned()]));
        assert_eq!(
            governing(&format!("{plain}  Role: {{ Type : AWS::IAM::Role }}\n")),
            Some(vec!["AWS::IAM::Role".to_owned()])
        );
        let flow = "{Resources: {A: {Type: AWS::S3::Bucket}, B: {Type: AWS::IAM::Role}}}";
        assert_eq!(governing(flow), Some(vec!["AWS::IAM".to_owned()]));
        for hidden in
            ["Type: \"AWS::\\x49AM::Role\"", "Type:\n      AWS::IAM::Role", "Type: *kind", "Transform: Macro"]
        {
            assert_eq!(governing(&format!("{plain}  Other:\n    {hidden}\n")), None, "{hidden}");
        }
    }
}
