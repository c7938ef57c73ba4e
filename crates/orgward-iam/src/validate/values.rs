//! What conditions compare keys with.

use std::net::IpAddr;

use ipnet::IpNet;

use super::conditions::Line;
use super::{Effectiveness as E, Gravity as G};
use crate::access::may_be_principal;
use crate::arn::Arn;
use crate::fit::without_variables;
use crate::matching::{number, variable_keys};
use crate::{BaseOperator, Catalogue, Spanned, Version, placeholder};

/// Keys whose values are names of services, in lower case.
const SERVICE_NAMES: [&str; 6] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:principalservicename",
    "iam:awsservicename",
    "iam:passedtoservice",
];

impl Line<'_, '_, '_> {
    pub(super) fn values(&mut self) {
        let operator = self.asked.operator.value.base;
        let lower = self.asked.key.value.to_ascii_lowercase();
        self.wildcards();
        match (lower.as_str(), operator) {
            (_, BaseOperator::Null) => {}
            ("aws:principalarn", _) => self.principal_arns(),
            ("aws:sourceip", BaseOperator::IpAddress | BaseOperator::NotIpAddress) => self.addresses(),
            ("aws:requestedregion", _) => self.regions(),
            ("aws:sourcevpc", _) if operator.takes_variables() => {
                self.identifiers("vpc-", "invalid-vpc-format");
            }
            ("aws:sourcevpce", _) if operator.takes_variables() => {
                self.identifiers("vpce-", "invalid-vpce-format");
            }
            (key, _) if SERVICE_NAMES.contains(&key) => self.service_names(),
            _ => {}
        }
        self.old_variables();
        self.typed();
        self.repeated();
    }

    /// The values that are meant as they are written: no variable, no placeholder, no wildcard.
    fn plain(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.asked.values.iter().filter(|value| {
            let text = value.value.as_str();
            !text.contains(['*', '?']) && without_variables(text) == text && placeholder(text).is_none()
        })
    }

    /// Reports the first of values that cannot be right. Where all are such, the condition never holds.
    fn wrong(
        &mut self,
        (code, gravity): (&'static str, G),
        is_wrong: impl Fn(&str) -> bool,
        message: impl Fn(&str) -> String,
        help: &str,
    ) {
        let wrong: Vec<&Spanned<String>> = self.plain().filter(|value| is_wrong(&value.value)).collect();
        let Some(first) = wrong.first() else { return };
        let effectiveness = if wrong.len() == self.asked.values.len() { self.inert() } else { E::Meant };
        let (span, message) = (first.span.clone(), message(&first.value));
        self.report((code, gravity, effectiveness), Some(span), message, help);
    }

    fn wildcards(&mut self) {
        let operator = self.asked.operator.value;
        if !operator.base.takes_variables() || operator.base.takes_wildcards() {
            return;
        }
        let is_wild = |value: &Spanned<String>| {
            value.value.contains(['*', '?']) && without_variables(&value.value) == value.value
        };
        let Some(value) = self.asked.values.iter().find(|value| is_wild(value)) else { return };
        let effectiveness = if self.asked.values.iter().all(is_wild) { self.inert() } else { E::Meant };
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

    fn regions(&mut self) {
        // Global inference profiles have no region of their own.
        let is_region = |text: &str| text == "unspecified" || Catalogue::get().region(text).is_some();
        let date = Catalogue::get().date();
        self.wrong(
            ("invalid-region", G::Error),
            |text| !is_region(text),
            |text| format!("AWS lists no region `{text}`, as of {date}"),
            "compare the region with the list of AWS; it may be new",
        );
    }

    fn identifiers(&mut self, prefix: &'static str, code: &'static str) {
        let is_right = |text: &str| {
            text.strip_prefix(prefix).is_some_and(|id| {
                [8, 17].contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        };
        self.wrong(
            (code, G::Error),
            |text| !is_right(text),
            |text| format!("`{text}` is not `{prefix}` and 8 or 17 letters and digits"),
            "write the whole id",
        );
    }

    fn service_names(&mut self) {
        self.wrong(
            ("invalid-service-principal-format", G::Error),
            |text| !text.contains('.'),
            |text| format!("`{text}` is not the name of a service as requests have it"),
            "write it like `ec2.amazonaws.com`",
        );
    }

    /// Variables in a document of the old version.
    fn old_variables(&mut self) {
        let varies = |text: &str| variable_keys(text).any(|key| key.contains(':'));
        if self.at.policy().version == Version::V2012 {
            return;
        }
        let Some(value) = self.asked.values.iter().find(|it| varies(&it.value)) else { return };
        let inert = self.inert();
        self.report(
            ("variable-unsupported-in-version", G::Error, inert),
            Some(value.span.clone()),
            format!("under version `2008-10-17`, `{}` is plain text, {}", value.value, self.consequence()),
            "write `\"Version\": \"2012-10-17\"`",
        );
    }

    /// Values of operators for booleans, numbers, dates and addresses.
    fn typed(&mut self) {
        use BaseOperator as B;
        let values = &self.asked.values;
        match self.asked.operator.value.base {
            B::Bool if values.len() > 1 => self.report(
                ("invalid-condition-multiple-boolean", G::Error, E::Meant),
                None,
                "a key that is compared with `true` and with `false` only has to be there",
                "write one of the two, or `Null`",
            ),
            base @ (B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals)
                if values.len() > 1 =>
            {
                let greatest = matches!(base, B::NumericLessThan | B::NumericLessThanEquals);
                let by_size = |left: &&Spanned<String>, right: &&Spanned<String>| {
                    number(&left.value)
                        .partial_cmp(&number(&right.value))
                        .unwrap_or(std::cmp::Ordering::Equal)
                };
                let kept =
                    if greatest { values.iter().max_by(by_size) } else { values.iter().min_by(by_size) };
                let help = kept.map_or_else(String::new, |kept| format!("keep `{}` alone", kept.value));
                self.report(
                    ("redundant-condition-value-num", G::Suggestion, E::Meant),
                    None,
                    "one of several bounds takes in the others",
                    help,
                );
            }
            B::DateEquals
            | B::DateNotEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals => self.wrong(
                ("invalid-date-value", G::Warning),
                |text| text.bytes().all(|byte| byte.is_ascii_digit()),
                |text| format!("`{text}` counts seconds since 1970, and people do not read it as a date"),
                "write it like `2026-01-31T00:00:00Z`",
            ),
            B::IpAddress | B::NotIpAddress => {
                let masked = |text: &str| text.parse::<IpNet>().ok().filter(|range| range.trunc() != *range);
                let found = values.iter().find_map(|it| Some((it, masked(&it.value)?)));
                if let Some((value, range)) = found {
                    let message = format!("`{}` has bits behind its mask, which are ignored", value.value);
                    let help = format!("write `{}`", range.trunc());
                    self.report(
                        ("improve-ip-range", G::Suggestion, E::Meant),
                        Some(value.span.clone()),
                        message,
                        help,
                    );
                }
            }
            _ => {}
        }
    }

    fn repeated(&mut self) {
        let mut seen: Vec<&str> = Vec::new();
        for value in &self.asked.values {
            if seen.contains(&value.value.as_str()) {
                self.report(
                    ("duplicate-condition-value", G::Suggestion, E::Meant),
                    Some(value.span.clone()),
                    format!("`{}` is there twice", value.value),
                    "remove one",
                );
            }
            seen.push(&value.value);
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
                let (operator, version) = (self.asked.operator.value.base, self.at.policy().version);
                match Arn::parse(text) {
                    _ if placeholder(text).is_some() => None,
                    Some(arn) if arn.service == "sts" && arn.resource.starts_with("assumed-role/") => Some((
                        value,
                        "is the ARN of a session, and `aws:PrincipalArn` has the one of the role",
                        "write the ARN of the role: `arn:aws:iam::*:role/NAME`",
                    )),
                    // The wildcard of an operator that takes none is said for itself.
                    _ if text.contains(['*', '?']) && !operator.takes_wildcards() => None,
                    _ if !may_be_principal(operator, text, version) => Some((
                        value,
                        "is the ARN of no user, role or root user",
                        "write it like `arn:aws:iam::*:role/NAME`",
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
            (true, true) => ("private-notipaddress", G::Error),
            (false, false) => ("private-ip-address-subset", G::Suggestion),
            (false, true) => ("private-notipaddress-subset", G::Suggestion),
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
