//! The least policy that an apply needs, as JSON and as HCL.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

/// What one principal needs in one account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PermissionsView {
    /// The account, if it is known.
    pub account: Option<String>,
    /// The role, if it is known.
    pub principal: Option<String>,
    /// Actions that are certainly called, with their resources.
    pub certain: BTreeMap<String, BTreeSet<String>>,
    /// Actions that may be called.
    pub possible: BTreeMap<String, BTreeSet<String>>,
}

/// Actions with the same resources are one statement.
fn statements(actions: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<&BTreeSet<String>, Vec<&str>> {
    let mut groups: BTreeMap<&BTreeSet<String>, Vec<&str>> = BTreeMap::new();
    for (action, resources) in actions {
        groups.entry(resources).or_default().push(action);
    }
    groups
}

fn policy(actions: &BTreeMap<String, BTreeSet<String>>) -> Value {
    let statements: Vec<Value> = statements(actions)
        .into_iter()
        .map(|(resources, actions)| json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// As JSON.
pub fn permissions_json(views: &[PermissionsView]) -> String {
    let list: Vec<Value> = views
        .iter()
        .map(|view| {
            let mut entry = json!({ "certain": policy(&view.certain), "possible": policy(&view.possible) });
            for (name, value) in [("account", &view.account), ("principal", &view.principal)] {
                if let (Some(value), Some(entry)) = (value, entry.as_object_mut()) {
                    entry.insert(name.to_owned(), json!(value));
                }
            }
            entry
        })
        .collect();
    let text = serde_json::to_string_pretty(&json!({ "schema": 1, "permissions": list }));
    text.unwrap_or_default() + "\n"
}

/// As data sources of Terraform.
pub fn permissions_hcl(views: &[PermissionsView]) -> String {
    let mut out = String::new();
    for (at, view) in views.iter().enumerate() {
        let account = view.account.as_deref().unwrap_or("an account that no input shows");
        let principal = view.principal.as_deref().unwrap_or("the principal that applies the plan");
        let name = if views.len() == 1 { "apply".to_owned() } else { format!("apply_{}", at + 1) };
        let _ = writeln!(out, "# {} in {}", crate::escape(principal), crate::escape(account));
        let _ = writeln!(out, "data \"aws_iam_policy_document\" \"{name}\" {{");
        for (comment, actions) in [
            ("The apply certainly calls these.", &view.certain),
            ("It may call these; reads are among them.", &view.possible),
        ] {
            if actions.is_empty() {
                continue;
            }
            let _ = writeln!(out, "  # {comment}");
            for (resources, actions) in statements(actions) {
                let _ = writeln!(out, "  statement {{");
                list(&mut out, "actions  ", actions.into_iter());
                list(&mut out, "resources", resources.iter().map(String::as_str));
                let _ = writeln!(out, "  }}");
            }
        }
        let _ = writeln!(out, "}}");
        if at + 1 < views.len() {
            out.push('\n');
        }
    }
    out
}

fn list<'t>(out: &mut String, name: &str, texts: impl Iterator<Item = &'t str>) {
    // What HCL would take for a template or an end stays text.
    let quoted = texts.map(|text| {
        let text = serde_json::to_string(text).unwrap_or_default();
        text.replace("${", "$${").replace("%{", "%%{")
    });
    let quoted: Vec<String> = quoted.collect();
    let _ = match quoted.as_slice() {
        [one] => writeln!(out, "    {name} = [{one}]"),
        many => writeln!(out, "    {name} = [\n      {},\n    ]", many.join(",\n      ")),
    };
}

#[cfg(test)]
mod tests {
    use super::{PermissionsView, permissions_hcl, permissions_json};

    fn view() -> PermissionsView {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        PermissionsView {
            account: Some("222222222222".to_owned()),
            principal: Some("arn:aws:iam::222222222222:role/deploy".to_owned()),
            certain: [("s3:CreateBucket".to_owned(), set(&["arn:aws:s3:::exports"]))].into(),
            possible: [
                ("s3:GetBucketAcl".to_owned(), set(&["arn:aws:s3:::exports"])),
                ("s3:PutBucketTagging".to_owned(), set(&["arn:aws:s3:::exports"])),
            ]
            .into(),
        }
    }

    #[test]
    fn hcl_is_what_people_write() {
        insta::assert_snapshot!(permissions_hcl(&[view()]), @r#"
        # arn:aws:iam::222222222222:role/deploy in 222222222222
        data "aws_iam_policy_document" "apply" {
          # The apply certainly calls these.
          statement {
            actions   = ["s3:CreateBucket"]
            resources = ["arn:aws:s3:::exports"]
          }
          # It may call these; reads are among them.
          statement {
            actions   = [
              "s3:GetBucketAcl",
              "s3:PutBucketTagging",
            ]
            resources = ["arn:aws:s3:::exports"]
          }
        }
        "#);
    }

    #[test]
    fn json_keeps_certain_and_possible_apart() {
        let value: serde_json::Value = serde_json::from_str(&permissions_json(&[view()])).unwrap();
        let entry = &value["permissions"][0];
        assert_eq!(entry["certain"]["Statement"][0]["Action"], serde_json::json!(["s3:CreateBucket"]));
        assert_eq!(
            entry["possible"]["Statement"][0]["Resource"],
            serde_json::json!(["arn:aws:s3:::exports"])
        );
        assert_eq!(entry["account"], "222222222222");
    }
}
