//! Statements of resource policies that Terraform writes as attributes.

use orgward_iam::{Kind, is_account_id};
use orgward_plan::{Attr, Text};
use serde_json::{Map, Value, json};

use super::{Builder, Piece};
use crate::Document;
use crate::resource::STATEMENT;

/// The attributes that a statement is written of.
const SAID: [&str; 10] = [
    "action",
    "condition",
    "event_source_token",
    "grantee_principal",
    "operations",
    "organization_id",
    "principal",
    "principal_org_id",
    "source_account",
    "source_arn",
];

impl<'a> Builder<'_, 'a> {
    /// The statement that a piece adds to the policy of a resource.
    pub(super) fn written_statement(
        &self,
        piece: &Piece<'_, 'a>,
        resource: &str,
        account: Option<&str>,
    ) -> Option<Document> {
        let name = format!("{} {STATEMENT}", piece.instance.address);
        let get = |attribute: &str| piece.object.get(attribute).text();
        let unknown = |attribute: &str| {
            let why = format!("`{attribute}` is unknown until apply");
            Some(Document::unknown(name.as_str(), Kind::Resource, vec![why]))
        };
        if resource == "aws_lambda_function_url" {
            return Self::function_url(piece, &name);
        }
        let principal = match get(if resource == "aws_kms_grant" { "grantee_principal" } else { "principal" })
        {
            Attr::Known(text) => text,
            Attr::Unknown => return unknown("principal"),
            Attr::Absent => return None,
        };
        let actions: Vec<String> = match resource {
            "aws_kms_grant" => {
                let Attr::Known(operations) = piece.object.get("operations").items() else {
                    return unknown("operations");
                };
                operations
                    .iter()
                    .filter_map(|it| it.text().known())
                    .map(|it| format!("kms:{}", it.expose()))
                    .collect()
            }
            "aws_cloudwatch_event_permission" => {
                vec![
                    get("action")
                        .known()
                        .map_or_else(|| "events:PutEvents".to_owned(), |it| it.expose().to_owned()),
                ]
            }
            _ => match get("action") {
                Attr::Known(action) => vec![action.expose().to_owned()],
                Attr::Unknown => return unknown("action"),
                Attr::Absent => return None,
            },
        };
        let conditions = match self.conditions(piece, account) {
            Ok(conditions) => conditions,
            Err(attribute) => return unknown(attribute),
        };
        let text = principal.expose();
        let principal = if text == "*" {
            json!("*")
        } else if is_account_id(text) || text.starts_with("arn:") {
            json!({ "AWS": text })
        } else {
            json!({ "Service": text })
        };
        let mut statement =
            json!({ "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*" });
        if let (Value::Object(statement), false) = (&mut statement, conditions.is_empty()) {
            statement.insert("Condition".to_owned(), Value::Object(conditions));
        }
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let is_sensitive = SAID.iter().any(|attribute| piece.object.get(attribute).is_sensitive());
        let text = if is_sensitive { Text::sensitive(document) } else { Text::plain(document) };
        Some(Document::known(name.as_str(), Kind::Resource, &text))
    }

    /// The statement that the provider adds to a function with an open URL.
    fn function_url(piece: &Piece<'_, 'a>, name: &str) -> Option<Document> {
        match piece.object.get("authorization_type").text() {
            Attr::Known(text) if text.expose() == "NONE" => {}
            Attr::Known(_) | Attr::Absent => return None,
            Attr::Unknown => {
                let why = "`authorization_type` is unknown until apply".to_owned();
                return Some(Document::unknown(name, Kind::Resource, vec![why]));
            }
        }
        let statement = json!({
            "Sid": "FunctionURLAllowPublicAccess",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "lambda:InvokeFunctionUrl",
            "Resource": "*",
            "Condition": { "StringEquals": { "lambda:FunctionUrlAuthType": "NONE" } },
        });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        Some(Document::known(name, Kind::Resource, &Text::plain(document.to_string())))
    }

    /// The conditions that attributes add; an error names the one that is unknown.
    fn conditions(
        &self,
        piece: &Piece<'_, 'a>,
        account: Option<&str>,
    ) -> Result<Map<String, Value>, &'static str> {
        /// Attributes that become conditions, with operator and key.
        const LINES: [(&str, &str, &str); 6] = [
            ("source_arn", "ArnLike", "aws:SourceArn"),
            ("source_account", "StringEquals", "aws:SourceAccount"),
            ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
            ("organization_id", "StringEquals", "aws:PrincipalOrgID"),
            ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
            ("function_url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
        ];
        let mut conditions: Map<String, Value> = Map::new();
        let mut add = |operator: &str, key: &str, value: String| {
            let lines = conditions.entry(operator.to_owned()).or_insert_with(|| json!({}));
            if let Value::Object(lines) = lines {
                lines.insert(key.to_owned(), Value::String(value));
            }
        };
        for (attribute, operator, key) in LINES {
            match piece.object.get(attribute).text() {
                Attr::Known(text) if !text.expose().is_empty() => {
                    add(operator, key, text.expose().to_owned());
                }
                // It is the ARN of one resource of the plan, and of the same account.
                Attr::Unknown if attribute == "source_arn" => {
                    let owner = account.unwrap_or("000000000000");
                    let shown = format!("${{{}.source_arn}}", piece.instance.address);
                    let placeholder = self.placeholder_ids.borrow_mut().name(shown);
                    add(operator, key, format!("arn:aws:service:region:{owner}:{placeholder}"));
                }
                Attr::Unknown => return Err(attribute),
                Attr::Known(_) | Attr::Absent => {}
            }
        }
        let line = piece.object.get("condition").item(0);
        if let (Attr::Known(operator), Attr::Known(key), value) =
            (line.get("type").text(), line.get("key").text(), line.get("value").text())
        {
            let Attr::Known(value) = value else { return Err("condition") };
            add(operator.expose(), key.expose(), value.expose().to_owned());
        }
        Ok(conditions)
    }
}
