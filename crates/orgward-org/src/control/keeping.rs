//! How long a bucket keeps what is in it, by its lifecycle rules.

use orgward_plan::{Attr, View};

use super::Control;

/// The shortest time that a bucket keeps objects for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kept {
    /// It is unknown until apply.
    Unknown,
    /// For some days, 0 where a date says when.
    Days(i64),
    /// Nothing deletes them.
    Forever,
}

impl Control {
    /// How long a lifecycle configuration, or the rules of a bucket itself, keep objects whose keys begin with a prefix,
    /// and that have no tags.
    pub fn keeps(&self, prefix: &str) -> Kept {
        let rules = match self.resource.as_str() {
            "aws_s3_bucket" => self.attributes.get("lifecycle_rule"),
            _ => self.attributes.get("rule"),
        };
        match rules.items() {
            Attr::Known(rules) => {
                rules.into_iter().map(|rule| of_rule(rule, prefix)).min().unwrap_or(Kept::Forever)
            }
            // What the provider fills in for a bucket is what its lifecycle configuration says.
            Attr::Unknown if self.resource == "aws_s3_bucket" => Kept::Forever,
            Attr::Unknown => Kept::Unknown,
            Attr::Absent => Kept::Forever,
        }
    }
}

fn text(view: View<'_>) -> Option<String> {
    view.text().known().map(|text| text.expose().to_owned())
}

fn of_rule(rule: View<'_>, prefix: &str) -> Kept {
    let is_off = text(rule.get("status")).is_some_and(|status| status == "Disabled")
        || rule.get("enabled").bool() == Attr::Known(false);
    let filter = rule.get("filter").item(0);
    let all_of = filter.get("and").item(0);
    let tags = [filter.get("tag"), all_of.get("tags"), rule.get("tags")];
    let is_tagged = tags.into_iter().any(|tags| {
        tags.items().known().is_some_and(|tags| !tags.is_empty())
            || tags.entries().known().is_some_and(|tags| !tags.is_empty())
    });
    let prefixes = [rule.get("prefix"), filter.get("prefix"), all_of.get("prefix")];
    let is_about = prefixes
        .into_iter()
        .filter_map(text)
        .all(|begins| begins.starts_with(prefix) || prefix.starts_with(&begins));
    if is_off || is_tagged || !is_about {
        return Kept::Forever;
    }
    let expires = rule.get("expiration").item(0);
    if expires.get("days").state() == Attr::Unknown || rule.get("status").state() == Attr::Unknown {
        return Kept::Unknown;
    }
    match (expires.get("days").integer(), text(expires.get("date"))) {
        (Attr::Known(days), _) if days > 0 => Kept::Days(days),
        (_, Some(date)) if !date.is_empty() => Kept::Days(0),
        _ => Kept::Forever,
    }
}
