//! Amazon Resource Names.

use crate::pattern::{Token, matches};

/// The parts of an ARN, `arn:partition:service:region:account:resource`. Any part may be empty or hold
/// wildcards; the resource may hold more colons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service: `iam`.
    pub service: &'a str,
    /// The region; empty for global services.
    pub region: &'a str,
    /// The account's twelve digits; empty for S3 buckets and the like.
    pub account: &'a str,
    /// Everything behind the fifth colon: `role/team/ci`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart; `None` when it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// The names of the role and of the session, where it is of a session of a role.
    pub(crate) fn session(&self) -> Option<(&'a str, &'a str)> {
        self.resource.strip_prefix("assumed-role/")?.split_once('/')
    }
}

/// Whether a text is an account id: twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `ArnLike` (or `ArnEquals`, which is the same) holds between the pattern of a policy and a value: each
/// of the six parts is compared by itself, so that a wildcard does not reach across the first five colons. What is
/// not an ARN matches nothing (IAM user guide, "Amazon Resource Name (ARN) condition operators").
pub fn arn_like(pattern: &str, value: &str) -> bool {
    let mut patterns = pattern.splitn(6, ':');
    let mut values = value.splitn(6, ':');
    (0..6).all(|_| match (patterns.next(), values.next()) {
        (Some(pattern), Some(value)) => matches(pattern.as_bytes(), value.as_bytes(), false),
        _ => false,
    })
}

/// [`arn_like`] for a pattern in which policy variables were resolved.
pub(crate) fn arn_like_tokens(pattern: &[Token], value: &str) -> bool {
    let mut patterns = pattern.splitn(6, |token| *token == Token::Byte(b':'));
    let mut values = value.splitn(6, ':');
    (0..6).all(|_| match (patterns.next(), values.next()) {
        (Some(pattern), Some(value)) => matches(pattern, value.as_bytes(), false),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Arn, arn_like, is_account_id};

    #[test]
    fn parts() {
        let arn = Arn::parse("arn:aws:logs:eu-west-1:111111111111:log-group:a:*").unwrap();
        assert_eq!((arn.service, arn.account, arn.resource), ("logs", "111111111111", "log-group:a:*"));
        assert_eq!(Arn::parse("arn:aws:s3"), None);
        assert!(is_account_id("012345678901"));
        assert!(!is_account_id("1234"));
    }

    #[test]
    fn wildcards_stay_within_their_part() {
        let admin = "arn:aws:iam::111111111111:role/x/Admin";
        assert!(!arn_like("arn:aws:iam::*Admin", admin));
        assert!(arn_like("arn:aws:iam::*:role/*Admin", admin));
        assert!(arn_like("arn:*:iam::*:*", admin));
        assert!(!arn_like("*", admin));
        assert!(!arn_like("arn:aws:iam::*:role/*", "not-an-arn"));
    }
}
