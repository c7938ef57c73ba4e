//! What guardrails claim, and the policies that make them hold, to read or to paste.

use crate::escape;
use crate::terminal::{Ink, Pen, Style};

/// Context keys, each with its values.
pub type ShownKeys = Vec<(String, Vec<String>)>;

/// A guardrail as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownGuardrail {
    /// What people call it.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it has to hold. Empty: in every member account.
    pub targets: Vec<String>,
    /// How bad it is when it does not.
    pub severity: &'static str,
    /// `actions`, `not_actions`, `resources` and `not_resources`, each with its patterns, as far as they are there.
    pub elements: Vec<(&'static str, Vec<String>)>,
    /// Operators, each with keys and their values.
    pub conditions: Vec<(String, ShownKeys)>,
    /// Who need not be denied.
    pub exempt_principals: Vec<String>,
    /// Which policies may deny it.
    pub enforced_by: &'static str,
}

/// A pack as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownPack {
    /// What `orgward.toml` calls it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What can be set: name, description, value, and whether the value is only an example.
    pub parameters: Vec<ShownParameter>,
    /// Whether the configuration turns it on.
    pub is_on: bool,
}

/// A parameter of a pack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownParameter {
    /// What `orgward.toml` calls it.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its value, or an example where it has to be set and is not.
    pub value: Vec<String>,
    /// Whether it has to be set and is not.
    pub is_missing: bool,
}

/// Writes packs for a person, one line each.
pub fn packs(packs: &[ShownPack], style: Style) -> String {
    let mut pen = Pen::new(style);
    let width = packs.iter().map(|pack| pack.name.len()).max().unwrap_or(0);
    for pack in packs {
        let name = pen.paint(Ink::Bold, &format!("{:width$}", pack.name));
        let on = if pack.is_on { "on " } else { "off" };
        pen.line(&format!("{name}  {on}  {}", escape(&pack.description)));
    }
    pen.finish()
}

/// Writes guardrails for a person, below the pack that they are from.
pub fn guardrails(pack: Option<&ShownPack>, guardrails: &[ShownGuardrail], style: Style) -> String {
    let mut pen = Pen::new(style);
    if let Some(pack) = pack {
        let name = pen.paint(Ink::Bold, &pack.name);
        pen.line(&format!("{name}: {}", escape(&pack.description)));
        for parameter in &pack.parameters {
            let name = pen.paint(Ink::Cyan, &parameter.name);
            pen.line(&format!("  {name}: {}", escape(&parameter.description)));
            let value = list(&parameter.value);
            let value = match (parameter.is_missing, parameter.value.is_empty()) {
                (true, _) => format!("has to be set, for example to {value}"),
                (false, true) => "none".to_owned(),
                (false, false) => value,
            };
            pen.line(&format!("      {value}"));
        }
    }
    for guardrail in guardrails {
        if pack.is_some() || guardrails.len() > 1 {
            pen.blank();
        }
        let id = pen.paint(Ink::Bold, &escape(&guardrail.id));
        pen.line(&format!("{id} ({})", guardrail.severity));
        if let Some(description) = &guardrail.description {
            pen.line(&format!("  {}", escape(description)));
        }
        for (name, patterns) in &guardrail.elements {
            let label = match *name {
                "actions" => "denies",
                "not_actions" => "denies all but",
                "resources" => "on",
                _ => "on all but",
            };
            pen.entry(label, &list(patterns));
        }
        for (operator, keys) in &guardrail.conditions {
            for (key, values) in keys {
                pen.entry("when", &format!("{} {} {}", escape(key), escape(operator), list(values)));
            }
        }
        if !guardrail.exempt_principals.is_empty() {
            pen.entry("except for", &list(&guardrail.exempt_principals));
        }
        let everywhere = guardrail.targets.is_empty();
        pen.entry(
            "in",
            &if everywhere { "every member account".to_owned() } else { list(&guardrail.targets) },
        );
    }
    pen.finish()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| escape(text)).collect();
    texts.join(", ")
}

/// Writes guardrails as tables of `orgward.toml`.
pub fn guardrails_toml(guardrails: &[ShownGuardrail]) -> String {
    let mut out = String::new();
    for guardrail in guardrails {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str("[[guardrail]]\n");
        member(&mut out, "id", &quoted(&guardrail.id));
        if let Some(description) = &guardrail.description {
            member(&mut out, "description", &quoted(description));
        }
        for (name, patterns) in [("targets", &guardrail.targets)]
            .into_iter()
            .chain(guardrail.elements.iter().map(|(name, patterns)| (*name, patterns)))
            .chain([("exempt_principals", &guardrail.exempt_principals)])
        {
            if !patterns.is_empty() {
                member(&mut out, name, &array(patterns));
            }
        }
        member(&mut out, "severity", &quoted(guardrail.severity));
        member(&mut out, "upheld_by", &quoted(guardrail.enforced_by));
        for (operator, keys) in &guardrail.conditions {
            out.extend(["\n[guardrail.conditions.", &key(operator), "]\n"]);
            for (name, values) in keys {
                member(&mut out, &key(name), &array(values));
            }
        }
    }
    out
}

fn member(out: &mut String, name: &str, value: &str) {
    out.extend([name, " = ", value, "\n"]);
}

fn array(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    let line = format!("[{}]", texts.join(", "));
    if line.chars().count() <= 90 { line } else { format!("[\n  {},\n]", texts.join(",\n  ")) }
}

fn key(name: &str) -> String {
    let bare = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A string as TOML writes it; JSON writes it the same way.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// What kind of policy a resource of Terraform sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyResource {
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The policy of a VPC endpoint.
    Endpoint,
}

/// Writes policies as resources of Terraform. Each is its name and its document as laid out JSON.
pub fn policies_hcl(description: &str, kind: PolicyResource, policies: &[(String, String)]) -> String {
    let mut out = String::new();
    let of_organization = match kind {
        PolicyResource::ServiceControl => Some("SERVICE_CONTROL_POLICY"),
        PolicyResource::ResourceControl => Some("RESOURCE_CONTROL_POLICY"),
        PolicyResource::Endpoint => None,
    };
    for (name, document) in policies {
        if !out.is_empty() {
            out.push('\n');
        }
        let label = name.replace('-', "_");
        let description = literal(&quoted(description));
        if let Some(kind) = of_organization {
            out.extend(["resource \"aws_organizations_policy\" \"", &label, "\" {\n"]);
            out.extend(["  name        = ", &quoted(name), "\n  description = ", &description, "\n"]);
            out.extend(["  type        = ", &quoted(kind), "\n\n"]);
            out.extend(["  content = jsonencode(", &expression(document), ")\n}\n"]);
        } else {
            out.extend(["resource \"aws_vpc_endpoint_policy\" \"", &label, "\" {\n"]);
            out.push_str("  vpc_endpoint_id = aws_vpc_endpoint.main.id # yours\n\n");
            out.extend(["  policy = jsonencode(", &expression(document), ")\n}\n"]);
        }
    }
    out
}

/// A document as an expression of Terraform: names in place of quoted keys, no commas between members, and signs of
/// equality below each other, as `terraform fmt` has them.
fn expression(document: &str) -> String {
    let mut lines: Vec<Line> = Vec::new();
    let mut in_object = Vec::new();
    for line in document.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with(['}', ']']) {
            in_object.pop();
        }
        let is_member = in_object.last() == Some(&true);
        let text = if is_member { trimmed.trim_end_matches(',') } else { trimmed };
        let member = text.split_once("\": ").filter(|_| is_member).map(|(name, value)| {
            let name = name.trim_start_matches('"');
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
            (literal(&if plain { name.to_owned() } else { format!("\"{name}\"") }), value)
        });
        let (name, value) = member.map_or((None, text), |(name, value)| (Some(name), value));
        lines.push(Line { indent: line.len() - trimmed.len(), name, value: literal(value) });
        if text.ends_with('{') {
            in_object.push(true);
        } else if text.ends_with('[') {
            in_object.push(false);
        }
    }
    let mut out: Vec<String> = Vec::new();
    for group in lines.chunk_by(|left, right| left.is_single() && right.is_single()) {
        let name = |line: &Line| line.name.as_ref().map_or(0, |name| name.chars().count());
        let width = group.iter().map(name).max().unwrap_or(0);
        for line in group {
            let indent = if out.is_empty() { String::new() } else { " ".repeat(line.indent + 2) };
            out.push(match &line.name {
                Some(name) => format!("{indent}{name:width$} = {}", line.value),
                None => format!("{indent}{}", line.value),
            });
        }
    }
    out.join("\n")
}

/// One line of an expression.
struct Line {
    indent: usize,
    /// What stands before the sign of equality.
    name: Option<String>,
    value: String,
}

impl Line {
    /// Whether it is a member of an object that ends where it begins.
    fn is_single(&self) -> bool {
        self.name.is_some() && !self.value.ends_with(['{', '['])
    }
}

/// Text in which nothing is a template.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;

    const PLAIN: Style = Style::plain(100);

    fn guardrail() -> ShownGuardrail {
        ShownGuardrail {
            id: "keep-the-trail".to_owned(),
            description: Some("Nobody stops \"the\" trail".to_owned()),
            targets: vec!["role:production".to_owned()],
            severity: "high",
            elements: vec![(
                "actions",
                vec!["cloudtrail:StopLogging".to_owned(), "cloudtrail:DeleteTrail".to_owned()],
            )],
            conditions: vec![(
                "StringNotEquals".to_owned(),
                vec![("aws:RequestedRegion".to_owned(), vec!["eu-west-1".to_owned()])],
            )],
            exempt_principals: vec!["arn:aws:iam::*:role/audit".to_owned()],
            enforced_by: "scp",
        }
    }

    #[test]
    fn a_guardrail_for_a_person() {
        let pack = ShownPack {
            name: "mine".to_owned(),
            description: "What is ours".to_owned(),
            parameters: vec![ShownParameter {
                name: "roles".to_owned(),
                description: "who may".to_owned(),
                value: vec!["arn:aws:iam::*:role/audit".to_owned()],
                is_missing: true,
            }],
            is_on: false,
        };
        insta::assert_snapshot!(guardrails(Some(&pack), &[guardrail()], PLAIN), @r#"
        mine: What is ours
          roles: who may
              has to be set, for example to arn:aws:iam::*:role/audit

        keep-the-trail (high)
          Nobody stops "the" trail
          denies: cloudtrail:StopLogging, cloudtrail:DeleteTrail
          when: aws:RequestedRegion StringNotEquals eu-west-1
          except for: arn:aws:iam::*:role/audit
          in: role:production
        "#);
        insta::assert_snapshot!(packs(&[pack], PLAIN), @"mine  off  What is ours");
    }

    #[test]
    fn a_guardrail_to_paste() {
        insta::assert_snapshot!(guardrails_toml(&[guardrail()]), @r#"
        [[guardrail]]
        id = "keep-the-trail"
        description = "Nobody stops \"the\" trail"
        targets = ["role:production"]
        actions = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"]
        exempt_principals = ["arn:aws:iam::*:role/audit"]
        severity = "high"
        upheld_by = "scp"

        [guardrail.conditions.StringNotEquals]
        "aws:RequestedRegion" = ["eu-west-1"]
        "#);
    }

    #[test]
    fn a_policy_to_paste() {
        let document = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Action": [
        "s3:*",
        "ec2:*"
      ],
      "Resource": "arn:aws:s3:::${aws:username}",
      "Condition": {
        "ArnNotLike": {
          "aws:PrincipalArn": "arn:aws:iam::*:role/a"
        }
      }
    }
  ]
}"#;
        let policies = [("data-1".to_owned(), document.to_owned())];
        insta::assert_snapshot!(policies_hcl("Data", PolicyResource::ServiceControl, &policies), @r#"
        resource "aws_organizations_policy" "data_1" {
          name        = "data-1"
          description = "Data"
          type        = "SERVICE_CONTROL_POLICY"

          content = jsonencode({
            Version = "2012-10-17"
            Statement = [
              {
                Action = [
                  "s3:*",
                  "ec2:*"
                ]
                Resource = "arn:aws:s3:::$${aws:username}"
                Condition = {
                  ArnNotLike = {
                    "aws:PrincipalArn" = "arn:aws:iam::*:role/a"
                  }
                }
              }
            ]
          })
        }
        "#);
    }
}
