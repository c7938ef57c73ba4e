//! Which accounts policies tell apart.

use std::collections::BTreeSet;

use crate::{PrincipalPattern, Statement};

/// The accounts that policies name. All others are alike: what is proved for one of them holds for each, since a policy
/// can tell accounts apart only by digits that it writes down.
#[derive(Clone, Debug, Default)]
pub struct NamedAccounts {
    accounts: BTreeSet<String>,
    /// Whether patterns match some accounts by a part of their digits.
    has_parts: bool,
}

/// What stands for an account in proofs: itself where it is told from others, else one that none of them names.
#[derive(Clone, Debug)]
pub struct StandIns {
    named: NamedAccounts,
    any: String,
}

impl StandIns {
    /// What stands for an account; `None` is one that is unknown.
    pub fn of(&self, account: Option<&str>) -> String {
        let told = account.filter(|it| self.named.has_parts || self.named.accounts.contains(*it));
        told.unwrap_or(&self.any).to_owned()
    }
}

/// Accounts that stand for those that no policy names.
pub(crate) const UNNAMED: [&str; 4] = ["222222222222", "333333333333", "444444444444", "555555555555"];

impl NamedAccounts {
    /// Adds those that a statement names.
    pub fn add(&mut self, statement: &Statement) {
        let resources = statement.resources.iter().flat_map(|it| &it.patterns);
        let values = statement.conditions.iter().flat_map(|condition| &condition.values);
        resources.chain(values).for_each(|text| self.text(&text.value));
        for principal in statement.principals.iter().flat_map(|it| &it.patterns) {
            match &principal.value {
                PrincipalPattern::Everyone => {}
                PrincipalPattern::Account(text)
                | PrincipalPattern::Arn(text)
                | PrincipalPattern::UniqueId(text)
                | PrincipalPattern::Service(text)
                | PrincipalPattern::Federated(text)
                | PrincipalPattern::CanonicalUser(text)
                | PrincipalPattern::Invalid(text) => self.text(text),
            }
        }
    }

    /// Adds an account.
    pub(crate) fn add_account(&mut self, account: &str) {
        self.accounts.insert(account.to_owned());
    }

    /// Whether no account is told from others.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && !self.has_parts
    }

    /// Who stands for whom in proofs.
    pub fn stand_ins(self) -> StandIns {
        let known = UNNAMED.iter().map(|account| (*account).to_owned());
        let more = (0_u64..).map(|number| format!("{:012}", 600_000_000_000 + number));
        let any = known.chain(more).find(|account| !self.accounts.contains(account)).unwrap_or_default();
        StandIns { named: self, any }
    }

    /// Digits name an account where they stand alone in a part of an ARN, or alone altogether; beside a wildcard they
    /// may be a part of its number.
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(start) = bytes.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)) {
            let start = at + start;
            let length =
                bytes.get(start..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
            at = start + length;
            if length == 12 {
                self.accounts.insert(text.get(start..at).unwrap_or_default().to_owned());
            }
            let before = start.checked_sub(1).and_then(|before| bytes.get(before));
            let edge = |byte: Option<&u8>| matches!(byte, None | Some(b':' | b'*' | b'?'));
            let wild = |byte: Option<&u8>| matches!(byte, Some(b'*' | b'?'));
            let after = bytes.get(at);
            self.has_parts |= length <= 12 && edge(before) && edge(after) && (wild(before) || wild(after));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(texts: &[&str]) -> (Vec<String>, bool) {
        let mut named = NamedAccounts::default();
        for text in texts {
            named.text(text);
        }
        (named.accounts.into_iter().collect(), named.has_parts)
    }

    #[test]
    fn accounts_are_named_by_all_their_digits() {
        let role = "arn:aws:iam::222222222222:role/x";
        assert_eq!(
            named(&[role, "eu-west-1", "arn:aws:s3:::log-2024"]),
            (vec!["222222222222".into()], false)
        );
        assert_eq!(named(&["logs-333333333333"]), (vec!["333333333333".into()], false));
    }

    #[test]
    fn a_part_of_the_digits_is_a_part_of_some_accounts() {
        for text in ["arn:aws:iam::2222*:role/x", "*22", "22*", "arn:aws:iam::??22????????:root", "*:2*:x"] {
            assert!(named(&[text]).1, "{text}");
        }
        for text in ["eu-west-*", "10.0.0.0/8", "3600", "role/deploy-2", "arn:aws:ec2:eu-west-1:*:instance/*"]
        {
            assert!(!named(&[text]).1, "{text}");
        }
    }

    #[test]
    fn who_is_not_named_is_like_all_others() {
        let mut named = NamedAccounts::default();
        named.text("arn:aws:iam::222222222222:role/x");
        let stand_ins = named.stand_ins();
        assert_eq!(stand_ins.of(Some("222222222222")), "222222222222");
        assert_eq!(stand_ins.of(Some("777777777777")), "333333333333");
        assert_eq!(stand_ins.of(None), "333333333333");
    }
}
