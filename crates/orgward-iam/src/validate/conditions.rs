//! What conditions ask for.

use std::net::IpAddr;

use super::{At, Effectiveness as E, Gravity as G};
use crate::{
    Action, BaseOperator, Catalogue, Condition, Effect, KeyInfo, KeyKind, Kind, SetQuantifier, Statement,
    listed_actions,
};

/// Keys that end in the name of a tag, in lower case.
const TAGS: [&str; 3] = ["aws:principaltag", "aws:requesttag", "aws:resourcetag"];
const UNSUPPORTED: &str = "unsupported-action-for-condition-key";
/// Prefixes of keys that services set though the tables of their actions do not list them.
const ANYWHERE: [&str; 4] = ["aws", "saml", "sts", "cognito-identity.amazonaws.com"];

pub(super) fn check(at: &mut At<'_, '_>) {
    let statement = at.statement;
    if statement.conditions.is_empty() {
        return;
    }
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
    paired(at);
}

/// A private address means something only together with the network that it is of.
fn paired(at: &mut At<'_, '_>) {
    let statement = at.statement;
    let Some(line) =
        statement.conditions.iter().find(|it| it.key.value.eq_ignore_ascii_case("aws:VpcSourceIp"))
    else {
        return;
    };
    if !keys_of(statement)
        .any(|key| ["aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"].contains(&key.as_str()))
    {
        let kind = ("missing-paired-condition-keys", G::SecurityWarning, E::Meant);
        let place = format!("Condition/{}/{}", line.operator.value, line.key.value);
        let message = "every network has such addresses, those of strangers, too";
        at.report(
            kind,
            &place,
            &line.key.span,
            message,
            "add a condition on `aws:SourceVpc` or `aws:SourceVpce`",
        );
    }
}

/// Whether a text is a range of addresses.
fn is_range(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok())
}

/// Whether a key may hold an ARN. Of many keys AWS only says that they are text.
fn may_be_arn(info: KeyInfo) -> bool {
    const NEVER: [&str; 16] = [
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:tagkeys",
        "aws:userid",
        "aws:username",
    ];
    matches!(info.kind, KeyKind::Arn | KeyKind::String)
        && !NEVER.iter().any(|key| info.name.eq_ignore_ascii_case(key))
}

/// Whether a key holds a number or an instant by its name: AWS publishes some of these as text.
fn sounds_like_a_number(key: &str) -> bool {
    const WORDS: [&str; 18] = [
        "age", "bits", "bytes", "count", "date", "days", "duration", "hours", "length", "lifetime", "limit",
        "max", "min", "number", "packets", "period", "size", "time",
    ];
    let name = key.split_once(':').map_or(key, |(_, name)| name);
    // Words begin with a capital letter, or behind a hyphen.
    let mut words: Vec<String> = vec![String::new()];
    for char in name.chars() {
        if char.is_ascii_uppercase() || !char.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (char.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(char.to_ascii_lowercase());
        }
    }
    words.iter().any(|word| WORDS.contains(&word.as_str()) || word == "seconds")
}

/// Whether requests of other services, or of any action of its own, may have a key of a service. Some keys come with
/// the credentials of a function or an instance (IAM user guide, "Cross-service condition keys"), and of some AWS says
/// that the service has them but not for which actions.
fn is_of_every_request(key: &str) -> bool {
    const OF_CREDENTIALS: [&str; 3] =
        ["ec2:SourceInstanceARN", "ssm:SourceInstanceARN", "identitystore:UserId"];
    let prefix = key.split(':').next().unwrap_or_default();
    OF_CREDENTIALS.iter().any(|it| it.eq_ignore_ascii_case(key))
        || Catalogue::get()
            .service(prefix)
            .is_some_and(|service| !service.actions().any(|it| it.condition_keys().any(|it| it.is(key))))
}

pub(super) struct Line<'a, 'f, 'p> {
    pub(super) at: &'a mut At<'f, 'p>,
    pub(super) asked: &'p Condition,
    /// The actions of the statement, where all of them are listed.
    pub(super) actions: Option<&'a [Action]>,
}

/// The keys of the conditions of a statement, in lower case.
pub(super) fn keys_of(statement: &Statement) -> impl Iterator<Item = String> {
    statement.conditions.iter().map(|line| line.key.value.to_ascii_lowercase())
}

impl Line<'_, '_, '_> {
    pub(super) fn report(
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
    pub(super) fn inert(&self) -> E {
        let operator = self.asked.operator.value;
        let holds = operator.is_negated() && operator.set != Some(SetQuantifier::ForAnyValue)
            || operator.if_exists
            || operator.set == Some(SetQuantifier::ForAllValues);
        if holds { E::Overreaching } else { E::Inert }
    }

    /// What that means for people, in a half-sentence.
    pub(super) fn consequence(&self) -> &'static str {
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
            Some(SetQuantifier::ForAllValues) => "empty-array-condition-forallvalues",
            Some(SetQuantifier::ForAnyValue) => "empty-array-condition-foranyvalue",
            None if operator.if_exists => "empty-array-condition-ifexists",
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
        self.audience();
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
            if lower == "aws:arn" {
                let kind = ("unsupported-global-condition-key", G::Error, inert);
                let message = format!("AWS does not set `{key}`, {}", self.consequence());
                let help =
                    "use `aws:PrincipalArn` for the caller, or `aws:SourceArn` for what a service acts for";
                return self.report(kind, None, message, help);
            }
            // The host of an identity provider has keys of its own, and a service may be new.
            if !is_global && (prefix.contains('.') || catalogue.service(prefix).is_none()) {
                if let Some(near) = catalogue.near_service(prefix).filter(|_| !prefix.contains('.')) {
                    let kind = ("invalid-service", G::Error, inert);
                    let message = format!("AWS lists no service `{prefix}`, {}", self.consequence());
                    self.report(kind, None, message, format!("did you mean `{near}:{name}`?"));
                }
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
        self.tags();
        if lower == "s3:resourceaccount" && self.at.kind() == Kind::Resource {
            let kind = ("irrelevant-condition-key-in-policy", G::Suggestion, E::Meant);
            let message = "the policy of a bucket is about one bucket, whose account is always the same";
            self.report(kind, None, message, "use the key in policies of identities");
        }
        let is_anywhere = ANYWHERE.iter().any(|it| prefix.eq_ignore_ascii_case(it));
        if !is_anywhere && !prefix.contains('.') || self.asks_for_tags(&lower) {
            self.relevance();
        }
    }

    /// Whether a denial asks for tags in requests, and so is about those that carry none.
    fn asks_for_tags(&self, key: &str) -> bool {
        key.starts_with("aws:requesttag/")
            && self.at.statement.effect.value == Effect::Deny
            && !self.at.statement.actions.not
            && (self.asks_for_missing() || self.inert() == E::Overreaching)
    }

    /// Whether the condition holds where the key is missing, since that is what it asks for.
    fn asks_for_missing(&self) -> bool {
        self.asked.operator.value.base == BaseOperator::Null
            && self.asked.values.iter().any(|value| value.value.eq_ignore_ascii_case("true"))
    }

    /// Whether the actions of the statement have the key at all, and whether all of them do.
    fn relevance(&mut self) {
        if self.at.statement.actions.not {
            return self.left();
        }
        let is_shared = |action: &Action| Catalogue::is_shared(action.service());
        let known = self.actions.filter(|actions| !actions.is_empty() && !actions.iter().any(is_shared));
        let Some(actions) = known else { return };
        let key = &self.asked.key.value;
        let has = |action: &Action| action.condition_keys().any(|it| it.is(key));
        let without: Vec<&Action> = actions.iter().filter(|action| !has(action)).collect();
        let operator = self.asked.operator.value;
        // `Null` asks for a missing key, which these actions always miss.
        let is_missing = self.asks_for_missing();
        let inert = if is_missing { E::Overreaching } else { self.inert() };
        let Some(first) = without.first() else { return };
        let listed = |action: &&&Action| {
            self.at.statement.actions.patterns.iter().any(|it| it.value.eq_ignore_ascii_case(action.name()))
        };
        if without.len() == actions.len() {
            if is_of_every_request(key) {
                return;
            }
            let consequence =
                if is_missing { "so that the condition always holds" } else { self.consequence() };
            let message = format!("no action of the statement has `{key}`, {consequence}");
            let help = "use a key of the service, as its documentation lists them for the action";
            self.report((UNSUPPORTED, G::Warning, inert), None, message, help);
        } else if inert == E::Overreaching
            && !self.asked.operator.value.if_exists
            && self.at.statement.effect.value == Effect::Deny
        {
            let message = format!(
                "{} of {} actions have no `{key}`, `{}` among them: a missing key meets `{operator}`, so that the condition never spares them",
                without.len(),
                actions.len(),
                first.name()
            );
            let help = if is_missing {
                "name the actions that have the key".to_owned()
            } else {
                format!("name the actions that have the key, or write `{operator}IfExists`")
            };
            self.report((UNSUPPORTED, G::Warning, E::Overreaching), None, message, help);
        } else if inert == E::Inert
            && self.asked.operator.value.base != BaseOperator::Null
            && let Some(named) = without.iter().find(listed)
        {
            // A wildcard is meant for those actions that have the key.
            let message = format!("`{}` has no `{key}`: the statement is never about it", named.name());
            let help = "move it to a statement without the condition";
            // The statement acts for its other actions.
            let denies = self.at.statement.effect.value == Effect::Deny;
            let gravity = if denies { G::Warning } else { G::Suggestion };
            self.report((UNSUPPORTED, gravity, E::Inert), None, message, help);
        }
    }

    /// A key of one service, where `NotAction` leaves the actions of all others.
    fn left(&mut self) {
        let operator = self.asked.operator.value;
        let denies = self.at.statement.effect.value == Effect::Deny;
        if !denies
            || self.inert() != E::Overreaching
            || operator.if_exists
            || is_of_every_request(&self.asked.key.value)
        {
            return;
        }
        let message = format!(
            "`NotAction` leaves actions of other services, which have no `{}`: a missing key meets `{operator}`, so that the condition never spares them",
            self.asked.key.value
        );
        let help = format!("name the actions that have the key in `Action`, or write `{operator}IfExists`");
        self.report((UNSUPPORTED, G::Warning, E::Overreaching), None, message, help);
    }

    /// Whether the operator compares what the key holds.
    fn kind(&mut self, info: KeyInfo) {
        use BaseOperator as B;
        let operator = self.asked.operator.value;
        let key = self.asked.key.value.clone();
        let wants: &[KeyKind] = match operator.base {
            B::NumericEquals
            | B::NumericNotEquals
            | B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals => &[KeyKind::Numeric, KeyKind::Date],
            B::DateEquals
            | B::DateNotEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals => &[KeyKind::Date, KeyKind::Numeric],
            B::IpAddress | B::NotIpAddress => &[KeyKind::IpAddress],
            // Services that document a text often set `true` or `false`.
            B::Bool => &[KeyKind::Bool, KeyKind::String],
            B::ArnEquals | B::ArnLike | B::ArnNotEquals | B::ArnNotLike if !may_be_arn(info) => {
                &[KeyKind::Arn]
            }
            B::StringLike | B::StringNotLike if info.kind == KeyKind::Arn => {
                let help = if operator.base == B::StringLike { "use `ArnLike`" } else { "use `ArnNotLike`" };
                return self.report(
                    ("string-like-operator-with-arn-condition-keys", G::SecurityWarning, E::Meant),
                    None,
                    format!("under `{operator}`, a wildcard in `{key}` also matches the colons between the parts of an ARN"),
                    help,
                );
            }
            // A range of addresses is no address, and as a text it is equal to none.
            B::StringEquals
            | B::StringNotEquals
            | B::StringEqualsIgnoreCase
            | B::StringNotEqualsIgnoreCase
                if info.kind == KeyKind::IpAddress
                    && self.asked.values.iter().all(|it| is_range(&it.value)) =>
            {
                &[]
            }
            _ => return,
        };
        // Keys whose type is not known are text in the catalogue, and the type that AWS publishes is not always right.
        let is_global = key.to_ascii_lowercase().starts_with("aws:");
        // A tag may hold a number or a date.
        let is_tag = key.to_ascii_lowercase().contains("tag/");
        let may_fit = match operator.base {
            B::IpAddress | B::NotIpAddress => false,
            _ if wants.contains(&KeyKind::Numeric) => is_tag || sounds_like_a_number(&key),
            _ => true,
        };
        let is_text = info.kind == KeyKind::String && (is_tag || !is_global);
        if wants.contains(&info.kind) || is_text && may_fit {
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
        self.report(("type-mismatch", G::Warning, inert), None, message, help);
    }

    /// The audience of a token, which may be one or several.
    fn audience(&mut self) {
        let is_audience = self.asked.key.value.to_ascii_lowercase().ends_with(":aud");
        if is_audience && self.at.kind() == Kind::Trust && self.asked.operator.value.set.is_some() {
            let kind = ("confirm-audience-claim-type", G::Suggestion, E::Meant);
            let message =
                format!("whether `{}` holds several values depends on the provider", self.asked.key.value);
            self.report(kind, None, message, "leave the prefix out where tokens have one audience");
        }
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
                    ("forallvalues-with-single-valued-key", G::SecurityWarning, E::Overreaching),
                    None,
                    format!("`ForAllValues` also holds when `{key}` is missing"),
                    "leave the prefix out: the key holds one value",
                );
            }
            _ => {}
        }
    }
}
