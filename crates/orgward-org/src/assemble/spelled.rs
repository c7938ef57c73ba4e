//! Policy documents that the sources spell out: `jsonencode`, heredocs and templates around unknown values.

use std::fmt::Write as _;

use orgward_iam::Kind;
use orgward_plan::{Part, Resolution, Spelled, Step, Target};
use serde_json::{Map, Value};

use super::filling::Position;
use super::join::at;
use super::{Builder, Piece};
use crate::draft::{Draft, MARK};
use crate::{Document, Filling, Hole};

/// What no text of a policy may have in it: the mark, and those of paths that are yet to be read.
const MARKS: std::ops::RangeInclusive<char> = MARK..='\u{E0F2}';

/// What stands between two marks: a reference, or why there is none.
type References = Vec<Result<Resolution, String>>;

impl<'a> Builder<'_, 'a> {
    /// A document that the sources spell out; `None` without sources, or when they do not say.
    pub(super) fn spelled_document(
        &self,
        piece: &Piece<'_, 'a>,
        path: &[Step<'_>],
        kind: Kind,
        name: &str,
        trail: &[String],
    ) -> Option<Document> {
        let plan = self.stacks.get(piece.stack)?.plan;
        let spelled = plan.spell_out(piece.instance, path)?;
        let mut trail = trail.to_vec();
        match self.spelled_draft(piece.stack, &spelled, kind) {
            Ok(mut draft) => {
                draft.sensitive |= at(piece, path).is_sensitive();
                trail.push("the sources spell it out".to_owned());
                Some(draft.document(name, kind, trail, &self.placeholder_ids.borrow()))
            }
            Err(why) => {
                trail.push(why);
                Some(Document::unknown(name, kind, trail))
            }
        }
    }

    fn spelled_draft(&self, stack: usize, spelled: &Spelled, kind: Kind) -> Result<Draft, String> {
        let unreadable = || "the sources spell out something that is no policy".to_owned();
        let plan = self.stacks.get(stack).map(|stack| stack.plan).ok_or_else(unreadable)?;
        let mut references = References::new();
        let value = match spelled {
            Spelled::Json(tree) => marked(tree, &mut references)?,
            Spelled::Text(parts) => {
                if let [Part::Reference(resolution)] = parts.as_slice()
                    && let [target] = resolution.targets.as_slice()
                {
                    return self.draft(stack, &target.address, kind, 0);
                }
                let text = text(parts, &mut references)?;
                serde_json::from_str(&text).map_err(|_| unreadable())?
            }
            Spelled::Open(why) => return Err(why.clone()),
            _ => return Err(unreadable()),
        };
        let mut holes = Vec::new();
        let filled = self.document_holes(stack, &value, &references, &mut holes)?;
        let mut draft = Draft::of(&filled, holes).ok_or_else(unreadable)?;
        draft.sensitive = secret(spelled, &|text| plan.is_secret(text));
        Ok(draft)
    }

    /// Turns the marks in a document into holes, each by the place where it stands.
    fn document_holes(
        &self,
        stack: usize,
        value: &Value,
        references: &References,
        holes: &mut Vec<Hole>,
    ) -> Result<Value, String> {
        let Value::Object(root) = value else { return Ok(value.clone()) };
        let mut out = root.clone();
        let statements = match root.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let mut filled = Vec::new();
        for (index, statement) in statements.into_iter().enumerate() {
            let Value::Object(elements) = statement else {
                filled.push(statement.clone());
                continue;
            };
            let mut written = Map::new();
            for (name, value) in elements {
                let mut fill = |value: &Value, position: &Position, path: &str| {
                    let path = format!("Statement[{index}].{path}");
                    self.value_holes(stack, value, position, &path, references, holes)
                };
                let value = match (name.as_str(), value) {
                    ("Action" | "NotAction", _) => fill(value, &Position::Action, name)?,
                    ("Principal" | "NotPrincipal", Value::Object(kinds)) => {
                        let mut written = Map::new();
                        for (kind, value) in kinds {
                            let position = Position::Principal(kind.clone());
                            written.insert(kind.clone(), fill(value, &position, &format!("{name}.{kind}"))?);
                        }
                        Value::Object(written)
                    }
                    ("Condition", Value::Object(tests)) => {
                        let mut written = Map::new();
                        for (test, keys) in tests {
                            let Value::Object(keys) = keys else {
                                return Err("a condition is unknown until apply".to_owned());
                            };
                            let mut lines = Map::new();
                            for (key, value) in keys {
                                let position = Position::Condition(key.to_ascii_lowercase());
                                let path = format!("Condition.{test}.{key}");
                                lines.insert(key.clone(), fill(value, &position, &path)?);
                            }
                            written.insert(test.clone(), Value::Object(lines));
                        }
                        Value::Object(written)
                    }
                    (_, value) => fill(value, &Position::Resource, name)?,
                };
                written.insert(name.clone(), value);
            }
            filled.push(Value::Object(written));
        }
        if root.contains_key("Statement") {
            out.insert("Statement".to_owned(), Value::Array(filled));
        }
        Ok(Value::Object(out))
    }

    fn value_holes(
        &self,
        stack: usize,
        value: &Value,
        position: &Position,
        path: &str,
        references: &References,
        holes: &mut Vec<Hole>,
    ) -> Result<Value, String> {
        match value {
            Value::Array(items) => {
                let fill = |(at, item): (usize, &Value)| {
                    self.value_holes(stack, item, position, &format!("{path}[{at}]"), references, holes)
                };
                items.iter().enumerate().map(fill).collect::<Result<_, _>>().map(Value::Array)
            }
            Value::String(text) if text.contains(MARK) => {
                let mut hole = self.text_hole(stack, text, position, path, references);
                if let Position::Principal(kind) = position {
                    self.name_principal(kind, &mut hole);
                }
                if hole.filling == Filling::Anything
                    && matches!(position, Position::Principal(kind) if kind != "AWS")
                {
                    return Err(format!("{} is unknown until apply", hole.title()));
                }
                holes.push(hole);
                Ok(Value::String(Draft::mark(holes.len() - 1)))
            }
            other => Ok(other.clone()),
        }
    }

    /// What the sources say of one string; `None` when they do not say.
    pub(super) fn spelled_hole(
        &self,
        stack: usize,
        spelled: &Spelled,
        position: &Position,
        path: &str,
    ) -> Option<Hole> {
        let Spelled::Text(parts) = spelled else { return None };
        let mut references = References::new();
        // `&{` is how the data source writes a policy variable.
        let written = text(parts, &mut references).ok()?.replace("&{", "${");
        Some(self.text_hole(stack, &written, position, path, &references))
    }

    /// A string with marks.
    fn text_hole(
        &self,
        stack: usize,
        text: &str,
        position: &Position,
        path: &str,
        references: &References,
    ) -> Hole {
        let lone = text.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(MARK));
        let reference =
            lone.and_then(|index| index.parse().ok()).and_then(|index: usize| references.get(index));
        match reference {
            // One of several attributes.
            Some(Ok(resolution)) if resolution.targets.len() > 1 => {
                let mut hole = self.hole(stack, Some(resolution), position);
                path.clone_into(&mut hole.path);
                hole
            }
            _ => self.composite(stack, text, position, path, references),
        }
    }

    /// A string of known parts and references.
    fn composite(
        &self,
        stack: usize,
        text: &str,
        position: &Position,
        path: &str,
        references: &References,
    ) -> Hole {
        let mut pattern = String::new();
        let mut shown = String::new();
        let mut exact = true;
        let mut address = None;
        for (at, part) in text.split(MARK).enumerate() {
            if at % 2 == 0 {
                pattern.push_str(part);
                shown.push_str(part);
                continue;
            }
            let reference = part.parse().ok().and_then(|index: usize| references.get(index));
            let target = match reference {
                Some(Ok(resolution)) => match resolution.targets.as_slice() {
                    [only] => Some(only),
                    _ => None,
                },
                Some(Err(_)) | None => None,
            };
            match target {
                Some(target) => {
                    // Writing to a string cannot fail.
                    let _ = write!(shown, "${{{}.{}}}", target.address, target.attribute);
                    address.get_or_insert_with(|| target.address.clone());
                }
                None => shown.push_str("(known after apply)"),
            }
            if let Some((value, is_exact)) = target.and_then(|target| self.part(stack, target, position)) {
                pattern.push_str(&value);
                exact &= is_exact;
            } else {
                pattern.push('*');
                exact = false;
            }
        }
        // One reference alone is shown as such; in a longer text, only its part is.
        let lone = shown.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let reference = lone.filter(|rest| !rest.contains("${")).map_or(shown.clone(), str::to_owned);
        let unresolved_targets =
            matches!(position, Position::Principal(_)) || pattern.bytes().all(|byte| byte == b'*');
        let filling = if exact {
            Filling::Exactly(pattern)
        } else if unresolved_targets {
            Filling::Anything
        } else {
            Filling::Among(vec![pattern])
        };
        Hole { path: path.to_owned(), reference: Some(reference), address, filling }
    }

    /// The value of an attribute, or a pattern for it.
    fn part(&self, stack: usize, target: &Target, position: &Position) -> Option<(String, bool)> {
        let instance = self.stacks.get(stack)?.plan.instance(&target.address)?;
        let principal = || Position::Principal("AWS".to_owned());
        let condition = |key: &str| Position::Condition(key.to_owned());
        let here = matches!(position, Position::Principal(_));
        let natural = match (&*instance.kind, target.attribute.as_str()) {
            ("aws_iam_role" | "aws_iam_user", "arn") | ("aws_caller_identity", "account_id" | "id")
                if here =>
            {
                principal()
            }
            ("aws_iam_role" | "aws_iam_user", "arn") => condition("aws:principalarn"),
            ("aws_iam_policy", "arn" | "id") => condition("iam:policyarn"),
            ("aws_iam_openid_connect_provider" | "aws_iam_saml_provider", "arn") => {
                Position::Principal("Federated".to_owned())
            }
            ("aws_organizations_organization", "id") => condition("aws:principalorgid"),
            ("aws_organizations_account", "id")
            | ("aws_organizations_organization", "master_account_id")
            | ("aws_caller_identity", "account_id" | "id") => condition("aws:sourceaccount"),
            ("aws_s3_bucket", "arn") => Position::Resource,
            (_, "arn") => return self.arn_in_text(stack, target).map(|arn| (arn, true)),
            _ => return None,
        };
        match self.filling(stack, target, &natural) {
            Filling::Exactly(value) => Some((value, true)),
            Filling::Among(patterns) => {
                let pattern = patterns.into_iter().next()?;
                match &*instance.kind {
                    // The account alone, of its root.
                    "aws_caller_identity" => {
                        pattern.split(':').nth(4).map(|account| (account.to_owned(), true))
                    }
                    "aws_s3_bucket" => {
                        let partition = self.stacks.get(stack)?.plan.partition(instance);
                        let head = format!("arn:{}:", partition.as_deref().unwrap_or("aws"));
                        pattern.strip_suffix('*').map(|arn| (arn.replace("arn:*:", &head), true))
                    }
                    _ => Some((pattern, false)),
                }
            }
            Filling::Anything => None,
        }
    }
}

/// A value as JSON whose strings have marks where references are.
fn marked(tree: &Spelled, references: &mut References) -> Result<Value, String> {
    Ok(match tree {
        Spelled::Null => Value::Null,
        Spelled::Bool(value) => Value::Bool(*value),
        Spelled::Number(text) => serde_json::from_str(text).map_err(|_| "a number is none".to_owned())?,
        Spelled::Text(parts) => Value::String(text(parts, references)?),
        Spelled::List(items) | Spelled::Set(items) => {
            Value::Array(items.iter().map(|item| marked(item, references)).collect::<Result<_, _>>()?)
        }
        Spelled::Map(entries) => {
            let mut map = Map::new();
            for (name, value) in entries {
                if name.contains(MARK) {
                    return Err("a key has a character that no policy has".to_owned());
                }
                map.insert(name.clone(), marked(value, references)?);
            }
            Value::Object(map)
        }
        Spelled::Json(_) => return Err("a policy has JSON in a string".to_owned()),
        Spelled::Instance(_) | Spelled::Module(_) => {
            return Err("a policy has a resource as a whole in it".to_owned());
        }
        Spelled::Open(why) | Spelled::Refused(why) => {
            references.push(Err(why.clone()));
            Value::String(format!("{MARK}{}{MARK}", references.len() - 1))
        }
    })
}

fn text(parts: &[Part], references: &mut References) -> Result<String, String> {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Literal(text) if text.contains(|c| MARKS.contains(&c)) => {
                return Err("a text has a character that no policy has".to_owned());
            }
            Part::Literal(text) => out.push_str(text),
            Part::Reference(resolution) => {
                references.push(Ok(resolution.clone()));
                // Writing to a string cannot fail.
                let _ = write!(out, "{MARK}{}{MARK}", references.len() - 1);
            }
            Part::Open(why) => {
                references.push(Err(why.clone()));
                // Writing to a string cannot fail.
                let _ = write!(out, "{MARK}{}{MARK}", references.len() - 1);
            }
        }
    }
    Ok(out)
}

/// Whether a value has something in it that must not be printed.
fn secret(spelled: &Spelled, is_secret: &dyn Fn(&str) -> bool) -> bool {
    match spelled {
        Spelled::Text(parts) => {
            parts.iter().any(|part| matches!(part, Part::Literal(text) if is_secret(text)))
        }
        Spelled::List(items) | Spelled::Set(items) => items.iter().any(|item| secret(item, is_secret)),
        Spelled::Map(entries) => {
            entries.iter().any(|(name, value)| is_secret(name) || secret(value, is_secret))
        }
        Spelled::Json(inner) => secret(inner, is_secret),
        Spelled::Null
        | Spelled::Bool(_)
        | Spelled::Number(_)
        | Spelled::Instance(_)
        | Spelled::Module(_)
        | Spelled::Refused(_)
        | Spelled::Open(_) => false,
    }
}
