//! Statements of resource policies that Terraform writes as attributes.

use orgward_iam::{Kind, is_account_id};
use orgward_plan::{Attr, Text};
use serde_json::{Map, Value, json};

use super::{Builder, Piece};
use crate::Document;

impl<'a> Builder<'_, 'a> {
    /// The statement that a piece adds to the policy of a resource.
    pub(super) fn written_statement(
        &self,
        piece: &Piece<'_, 'a>,
        resource: &str,
        account: Option<&str>,
    ) -> Option<Document> {
        let name = format!("{} (statement)", piece.instance.address);
        let get = |attribute: &str| piece.object.get(attribute).text();
        let unknown = |attribute: &str| {
            let why = format!("`{attribute}` is unknown until apply");
            Some(Document::unknown(name.as_str(), Kind::Resource, vec![why]))
        };
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
        let mut conditions: Map<String, Value> = Map::new();
        let mut add = |operator: &str, key: &str, value: String| {
            let lines = conditions.entry(operator.to_owned()).or_insert_with(|| json!({}));
            if let Value::Object(lines) = lines {
                lines.insert(key.to_owned(), Value::String(value));
            }
        };
        let known = |attribute: &str| -> Option<String> {
            match get(attribute) {
                Attr::Known(text) if !text.expose().is_empty() => Some(text.expose().to_owned()),
                _ => None,
            }
        };
        match get("source_arn") {
            Attr::Known(arn) if !arn.expose().is_empty() => {
                add("ArnLike", "aws:SourceArn", arn.expose().to_owned())
            }
            // It is the ARN of something of the plan: of one resource, and of the same account.
            Attr::Unknown => {
                let owner = account.unwrap_or("000000000000");
                let shown = format!("${{{}.source_arn}}", piece.instance.address);
                let symbol = self.placeholder_ids.borrow_mut().name(shown);
                add("ArnLike", "aws:SourceArn", format!("arn:aws:service:region:{owner}:{symbol}"));
            }
            _ => {}
        }
        match get("source_account") {
            Attr::Known(id) if !id.expose().is_empty() => {
                add("StringEquals", "aws:SourceAccount", id.expose().to_owned())
            }
            Attr::Unknown => return unknown("source_account"),
            _ => {}
        }
        for attribute in ["principal_org_id", "organization_id"] {
            match get(attribute) {
                Attr::Known(id) if !id.expose().is_empty() => {
                    add("StringEquals", "aws:PrincipalOrgID", id.expose().to_owned())
                }
                Attr::Unknown => return unknown(attribute),
                _ => {}
            }
        }
        if let Some(token) = known("event_source_token") {
            add("StringEquals", "lambda:EventSourceToken", token);
        }
        if let Some(kind) = known("function_url_auth_type") {
            add("StringEquals", "lambda:FunctionUrlAuthType", kind);
        }
        let line = piece.object.get("condition").item(0);
        if let (Attr::Known(operator), Attr::Known(key), value) =
            (line.get("type").text(), line.get("key").text(), line.get("value").text())
        {
            let Attr::Known(value) = value else { return unknown("condition") };
            add(operator.expose(), key.expose(), value.expose().to_owned());
        }
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
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        Some(Document::known(name.as_str(), Kind::Resource, &Text::plain(document.to_string())))
    }
}
