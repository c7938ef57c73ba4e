//! What conditions ask for.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{At, Effectiveness as E, Gravity as G};
use crate::arn::Arn;
use crate::matching::variable_keys;
use crate::{
    Action, BaseOperator, Catalogue, Condition, Effect, KeyInfo, KeyKind, SetQuantifier, Version,
    listed_actions,
};

/// Keys that end in the name of a tag, in lower case.
const TAGS: [&str; 3] = ["aws:principaltag", "aws:requesttag", "aws:resourcetag"];
/// Prefixes of keys that services set though the tables of their actions do not list them.
const ANYWHERE: [&str; 4] = ["aws", "saml", "sts", "cognito-identity.amazonaws.com"];

pub(super) fn check(at: &mut At<'_, '_>) {
    let statement = at.statement;
    let patterns = statement.actions.patterns.iter().map(|it| it.value.as_str());
    // What is excluded says nothing about which keys the others have.
    let actions = if statement.actions.not { None } else { listed_actions(patterns) };
    for line in &statement.conditions {
        let mut line = Line { at, asked: line, actions: actions.as_deref() };
        if line.asked.values.is_empty() {
            line.no_values();
            continue;
        }
        line.key();
        line.values();
    }
}

struct Line<'a, 'f, 'p> {
    at: &'a mut At<'f, 'p>,
    asked: &'p Condition,
    /// The actions of the statement, where all of them are listed.
    actions: Option<&'a [Action]>,
}

impl Line<'_, '_, '_> {
    fn report(
        &mut self,
        kind: (&'static str, G, E),
        span: Option<std::ops::Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = format!("Condition/{}/{}", self.asked.operator.value, self.asked.key.value);
        let span = span.unwrap_or_else(|| self.asked.key.span.clone());
        self.at.report(kind, &place, &span, message, help);
    }

    /// What a condition that never holds, or holds for everything but what is missing, does to its statement.
    fn inert(&self) -> E {
        let operator = self.asked.operator.value;
        let holds = operator.is_negated() && operator.set != Some(SetQuantifier::ForAnyValue)
            || operator.if_exists
            || operator.set == Some(SetQuantifier::ForAllValues);
        if holds { E::Overreaching } else { E::Inert }
    }

    /// What that means for people, in a half-sentence.
    fn consequence(&self) -> &'static str {
        match (self.inert(), self.at.statement.effect.value) {
            (E::Overreaching, Effect::Deny) => "so that the statement denies it to everyone",
            (E::Overreaching, Effect::Allow) => "so that the condition restricts nothing",
            (_, Effect::Deny) => "so that the statement denies nothing",
            (_, Effect::Allow) => "so that the statement allows nothing",
        }
    }

    fn no_values(&mut self) {
        let operator = self.asked.operator.value;
        let code = match operator.set {
            Some(SetQuantifier::ForAllValues) => "empty-array-condition-for-all-values",
            Some(SetQuantifier::ForAnyValue) => "empty-array-condition-for-any-value",
            None if operator.if_exists => "empty-array-condition-if-exists",
            None => "empty-array-condition",
        };
        let consequence = if operator.is_negated() {
            "which every request meets"
        } else {
            "which no request meets that has the key"
        };
        let effectiveness = self.inert();
        self.report(
            (code, G::Suggestion, effectiveness),
            Some(self.asked.span.clone()),
            format!("`{}` has no values, {consequence}", self.asked.key.value),
            "name a value, or remove the condition",
        );
    }

    /// Whether there is such a key, and whether the actions have it.
    fn key(&mut self) {
        let key = self.asked.key.value.clone();
        let inert = self.inert();
        let is_null = self.asked.operator.value.base == BaseOperator::Null;
        let Some((prefix, name)) = key.split_once(':') else {
            let message = format!("`{key}` is not a condition key, {}", self.consequence());
            let help = "a key has a prefix, such as `aws:PrincipalArn`";
            return self.report(("invalid-condition-key-format", G::Error, inert), None, message, help);
        };
        let catalogue = Catalogue::get();
        let lower = key.to_ascii_lowercase();
        if let Some(tag) = TAGS.iter().find(|tag| lower.starts_with(**tag)) {
            let rest = lower.get(tag.len()..).unwrap_or_default();
            if rest.strip_prefix('/').is_none_or(str::is_empty) {
                let base = key.get(..tag.len()).unwrap_or_default();
                let name = rest.trim_start_matches([':', '/']);
                let message =
                    format!("`{key}` names no tag, so that no request has it, {}", self.consequence());
                let help = format!("write `{base}/{}`", if name.is_empty() { "key" } else { name });
                return self.report(("missing-tag-key-in-condition", G::Error, inert), None, message, help);
            }
        }
        let Some(info) = catalogue.condition_key(&key) else {
            let is_global = prefix.eq_ignore_ascii_case("aws");
            // The host of an identity provider has keys of its own, and a service may be new.
            if !is_global && (prefix.contains('.') || catalogue.service(prefix).is_none()) {
                return;
            }
            let near = catalogue.near_key(&key);
            let (code, what) = if is_global {
                ("invalid-global-condition-key", "AWS sets no such key")
            } else {
                ("invalid-service-condition-key", "the service sets no such key")
            };
            let message = format!("`{key}`: {what}, as of {}, {}", catalogue.date(), self.consequence());
            let help = near.map_or_else(
                || format!("compare `{name}` with the documentation of condition keys"),
                |near| format!("did you mean `{near}`?"),
            );
            return self.report((code, G::Error, inert), None, message, help);
        };
        if !is_null {
            self.kind(info);
        }
        self.quantifier(info);
        if !ANYWHERE.iter().any(|it| prefix.eq_ignore_ascii_case(it)) && !prefix.contains('.') {
            self.relevance(info);
        }
    }

    /// Whether the actions of the statement have the key at all, and whether all of them do.
    fn relevance(&mut self, info: KeyInfo) {
        let Some(actions) = self.actions.filter(|actions| !actions.is_empty()) else { return };
        let key = &self.asked.key.value;
        let has = |action: &Action| action.condition_keys().any(|it| it.name.eq_ignore_ascii_case(info.name));
        let without: Vec<&Action> = actions.iter().filter(|action| !has(action)).collect();
        let inert = self.inert();
        if without.len() == actions.len() {
            let message = format!("no action of the statement has `{key}`, {}", self.consequence());
            let help = "use a key of the service, as its documentation lists them for the action";
            self.report(("irrelevant-condition-key-in-policy", G::Warning, inert), None, message, help);
        } else if inert == E::Overreaching
            && !self.asked.operator.value.if_exists
            && self.at.statement.effect.value == Effect::Deny
            && let Some(first) = without.first()
        {
            let count = without.len();
            let message = format!(
                "{count} of {} actions have no `{key}`, `{}` among them: a missing key meets `{}`, so that they are denied altogether",
                actions.len(),
                first.name(),
                self.asked.operator.value
            );
            let help = format!(
                "name the actions that have the key, or write `{}IfExists`",
                self.asked.operator.value
            );
            self.report(("key-missing-for-some-actions", G::Warning, E::Overreaching), None, message, help);
        }
    }

    /// Whether the operator compares what the key holds.
    fn kind(&mut self, info: KeyInfo) {
        use BaseOperator as B;
        let operator = self.asked.operator.value;
        let key = self.asked.key.value.clone();
        let (wants, code): (&[KeyKind], _) = match operator.base {
            B::NumericEquals
            | B::NumericNotEquals
            | B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals => (&[KeyKind::Numeric, KeyKind::Date], "type-mismatch-number"),
            B::DateEquals
            | B::DateNotEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals => (&[KeyKind::Date, KeyKind::Numeric], "type-mismatch-date"),
            B::IpAddress | B::NotIpAddress => (&[KeyKind::IpAddress], "type-mismatch-ip-range"),
            // Services that document a text often set `true` or `false`.
            B::Bool => (&[KeyKind::Bool, KeyKind::String], "type-mismatch-boolean"),
            B::StringLike | B::StringNotLike if info.kind == KeyKind::Arn => {
                let help = if operator.base == B::StringLike { "use `ArnLike`" } else { "use `ArnNotLike`" };
                return self.report(
                    ("string-like-operator-with-arn-condition-keys", G::SecurityWarning, E::Meant),
                    None,
                    format!("under `{operator}`, a wildcard in `{key}` also matches the colons between the parts of an ARN"),
                    help,
                );
            }
            _ => return,
        };
        // Keys whose type is not known are text in the catalogue, and the type that AWS publishes is not always right.
        let is_global = key.to_ascii_lowercase().starts_with("aws:");
        if wants.contains(&info.kind)
            || !is_global && info.kind == KeyKind::String && operator.base != B::IpAddress
        {
            return;
        }
        let inert = self.inert();
        let message =
            format!("`{operator}` compares something else than `{key}` holds, {}", self.consequence());
        let help = match info.kind {
            KeyKind::Arn => "use `ArnLike` or `ArnNotLike`",
            KeyKind::Bool => "use `Bool`",
            KeyKind::IpAddress => "use `IpAddress` or `NotIpAddress`",
            KeyKind::Numeric => "use an operator for numbers",
            KeyKind::Date => "use an operator for dates",
            KeyKind::String | KeyKind::Binary => "use an operator for strings, such as `StringEquals`",
        };
        self.report((code, G::Warning, inert), None, message, help);
    }

    fn quantifier(&mut self, info: KeyInfo) {
        let operator = self.asked.operator.value;
        let key = self.asked.key.value.clone();
        if operator.base == BaseOperator::Null {
            if operator.set.is_some() {
                let message = "`Null` asks whether the key is missing, whatever its values";
                self.report(
                    ("null-with-qualifier", G::Suggestion, E::Meant),
                    None,
                    message,
                    "leave the prefix out",
                );
            }
            return;
        }
        match operator.set {
            None if info.multivalued => self.report(
                ("missing-qualifier", G::Error, E::Meant),
                None,
                format!("`{key}` may hold several values, and `{operator}` is met by a request with one"),
                format!("write `ForAnyValue:{operator}` or `ForAllValues:{operator}`"),
            ),
            Some(SetQuantifier::ForAllValues)
                if !info.multivalued && self.at.statement.effect.value == Effect::Allow =>
            {
                self.report(
                    ("for-all-values-with-single-valued-key", G::SecurityWarning, E::Overreaching),
                    None,
                    format!("`ForAllValues` also holds when `{key}` is missing"),
                    "leave the prefix out: the key holds one value",
                );
            }
            _ => {}
        }
    }

    fn values(&mut self) {
        let operator = self.asked.operator.value.base;
        let lower = self.asked.key.value.to_ascii_lowercase();
        let wild = |text: &str| text.contains(['*', '?']);
        let inert = self.inert();
        let exact = operator.takes_variables() && !operator.takes_wildcards();
        let plain = |text: &str| crate::fit::without_variables(text) == text;
        if exact && let Some(value) = self.asked.values.iter().find(|it| wild(&it.value) && plain(&it.value))
        {
            let all = self.asked.values.iter().all(|it| wild(&it.value) && plain(&it.value));
            let effectiveness = if all { inert } else { E::Meant };
            let operator = self.asked.operator.value;
            self.report(
                ("wildcard-without-like-operator", G::Warning, effectiveness),
                Some(value.span.clone()),
                format!(
                    "`{operator}` takes the wildcard of `{}` for itself, {}",
                    value.value,
                    self.consequence()
                ),
                "use `StringLike` or `ArnLike`, or their negated forms",
            );
        }
        if lower == "aws:principalarn" && operator != BaseOperator::Null {
            self.principal_arns();
        }
        if ["aws:sourceip"].contains(&lower.as_str())
            && matches!(operator, BaseOperator::IpAddress | BaseOperator::NotIpAddress)
        {
            self.addresses();
        }
        if self.at.policy().version == Version::V2008 {
            let varies = |text: &str| variable_keys(text).any(|key| key.contains(':'));
            if let Some(value) = self.asked.values.iter().find(|it| varies(&it.value)) {
                self.report(
                    ("variable-unsupported-in-version", G::Error, inert),
                    Some(value.span.clone()),
                    format!(
                        "under version `2008-10-17`, `{}` is plain text, {}",
                        value.value,
                        self.consequence()
                    ),
                    "write `\"Version\": \"2012-10-17\"`",
                );
            }
        }
        for (index, value) in self.asked.values.iter().enumerate() {
            let again = self.asked.values.iter().take(index).any(|it| it.value == value.value);
            if again {
                self.report(
                    ("redundant-condition-value-num", G::Suggestion, E::Meant),
                    Some(value.span.clone()),
                    format!("`{}` is there twice", value.value),
                    "remove one",
                );
            }
        }
    }

    /// Values of `aws:PrincipalArn` that no principal has.
    fn principal_arns(&mut self) {
        let inert = self.inert();
        let open = |text: &str| text.starts_with(['*', '?', '$', '<', '{', '[', '%']);
        let mut dead = 0;
        let mut found = None;
        for value in &self.asked.values {
            let text = value.value.as_str();
            let why = if open(text) {
                None
            } else if !text.starts_with("arn:") {
                Some((value, "is not an ARN", "write the whole ARN: `arn:aws:iam::*:role/NAME`"))
            } else {
                match Arn::parse(text) {
                    Some(arn) if arn.service == "sts" && arn.resource.starts_with("assumed-role/") => Some((
                        value,
                        "is the ARN of a session, and `aws:PrincipalArn` has the one of the role",
                        "write the ARN of the role: `arn:aws:iam::*:role/NAME`",
                    )),
                    _ => None,
                }
            };
            if why.is_some() {
                dead += 1;
            }
            found = found.or(why);
        }
        let Some((value, what, help)) = found else { return };
        let effectiveness = if dead == self.asked.values.len() { inert } else { E::Inert };
        let message = if effectiveness == inert {
            format!("`{}` {what}, {}", value.value, self.consequence())
        } else {
            format!("`{}` {what}: it matches no principal", value.value)
        };
        self.report(
            ("invalid-principal-arn", G::Error, effectiveness),
            Some(value.span.clone()),
            message,
            help,
        );
    }

    /// Requests come from public addresses, those through an endpoint have no `aws:SourceIp`.
    fn addresses(&mut self) {
        let private = |text: &str| match text.parse::<IpNet>() {
            Ok(range) => is_private(range.network()) && is_private(range.broadcast()),
            Err(_) => text.parse::<IpAddr>().is_ok_and(is_private),
        };
        let values = &self.asked.values;
        let count = values.iter().filter(|value| private(&value.value)).count();
        let negated = self.asked.operator.value.is_negated();
        let (code, gravity) = match (count == values.len(), negated) {
            _ if count == 0 => return,
            (true, false) => ("private-ip-address", G::Error),
            (true, true) => ("private-not-ip-address", G::Error),
            (false, false) => ("private-ip-address-subset", G::Suggestion),
            (false, true) => ("private-not-ip-address-subset", G::Suggestion),
        };
        let message = "`aws:SourceIp` is a public address, and no public address is in a private range";
        let help = "use `aws:VpcSourceIp` for requests through an endpoint";
        self.report((code, gravity, E::Meant), None, message, help);
    }
}

const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    }
}
