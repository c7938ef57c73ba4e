use std::fmt;

/// A condition operator: `ForAllValues:StringLikeIfExists` is the set prefix, the base and the suffix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Operator {
    /// How two single values are compared.
    pub base: BaseOperator,
    /// Whether it ends in `IfExists`: holds when the key is missing.
    pub if_exists: bool,
    /// The set prefix, for keys with several values.
    pub set: Option<SetQuantifier>,
}

/// The prefix of an operator for keys with several values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SetQuantifier {
    /// `ForAllValues:` – every value of the request must match; holds when there is none.
    ForAllValues,
    /// `ForAnyValue:` – one value of the request must match; does not hold when there is none.
    ForAnyValue,
}

macro_rules! base_operators {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// A condition operator without prefix and suffix (IAM user guide, "IAM JSON policy elements: Condition
        /// operators").
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum BaseOperator {
            $($(#[doc = $doc])+ $name,)+
        }

        impl BaseOperator {
            /// Every operator, in the order of the user guide.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name in a policy.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

base_operators! {
    /// Equal, letter by letter.
    StringEquals,
    /// Not equal, letter by letter.
    StringNotEquals,
    /// Equal but for case.
    StringEqualsIgnoreCase,
    /// Not equal even but for case.
    StringNotEqualsIgnoreCase,
    /// Matches a pattern with `*` and `?`.
    StringLike,
    /// Matches none of the patterns.
    StringNotLike,
    /// Equal numbers.
    NumericEquals,
    /// Different numbers.
    NumericNotEquals,
    /// The request's number is less.
    NumericLessThan,
    /// The request's number is not greater.
    NumericLessThanEquals,
    /// The request's number is greater.
    NumericGreaterThan,
    /// The request's number is not less.
    NumericGreaterThanEquals,
    /// The same instant.
    DateEquals,
    /// Another instant.
    DateNotEquals,
    /// The request's instant is earlier.
    DateLessThan,
    /// The request's instant is not later.
    DateLessThanEquals,
    /// The request's instant is later.
    DateGreaterThan,
    /// The request's instant is not earlier.
    DateGreaterThanEquals,
    /// `true` or `false`.
    Bool,
    /// The same bytes, in base64.
    BinaryEquals,
    /// Within an address range.
    IpAddress,
    /// Outside of all address ranges.
    NotIpAddress,
    /// The same as [`ArnLike`](Self::ArnLike).
    ArnEquals,
    /// Matches an ARN pattern, part by part.
    ArnLike,
    /// The same as [`ArnNotLike`](Self::ArnNotLike).
    ArnNotEquals,
    /// Matches none of the ARN patterns.
    ArnNotLike,
    /// Whether the key is missing.
    Null,
}

impl BaseOperator {
    /// Whether it holds when none of its values match. Such an operator also holds when the key is missing.
    pub const fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }

    /// Whether policy variables are resolved in its values: string and ARN operators only.
    pub const fn takes_variables(self) -> bool {
        matches!(
            self,
            Self::StringEquals
                | Self::StringNotEquals
                | Self::StringEqualsIgnoreCase
                | Self::StringNotEqualsIgnoreCase
                | Self::StringLike
                | Self::StringNotLike
                | Self::ArnEquals
                | Self::ArnLike
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }

    /// Whether `*` and `?` in its values are wildcards.
    pub const fn takes_wildcards(self) -> bool {
        self.takes_variables()
            && !matches!(
                self,
                Self::StringEquals
                    | Self::StringNotEquals
                    | Self::StringEqualsIgnoreCase
                    | Self::StringNotEqualsIgnoreCase
            )
    }
}

impl Operator {
    /// An operator without prefix and suffix.
    pub const fn plain(base: BaseOperator) -> Self {
        Self { base, if_exists: false, set: None }
    }

    /// Whether it holds when none of its values match.
    pub const fn is_negated(self) -> bool {
        self.base.is_negated()
    }

    /// Reads an operator's name; `None` when there is no such operator. Case does not matter.
    pub fn parse(name: &str) -> Option<Self> {
        let (set, rest) = split_set(name);
        let find = |name: &str| {
            BaseOperator::ALL.iter().copied().find(|operator| operator.name().eq_ignore_ascii_case(name))
        };
        if let Some(base) = find(rest) {
            return Some(Self { base, if_exists: false, set });
        }
        let stem = rest.len().checked_sub("IfExists".len())?;
        if !rest.get(stem..)?.eq_ignore_ascii_case("IfExists") {
            return None;
        }
        let base = find(rest.get(..stem)?)?;
        // A missing key is what `Null` asks for, so there is no `NullIfExists`.
        (base != BaseOperator::Null).then_some(Self { base, if_exists: true, set })
    }
}

/// Splits the set prefix from the rest of an operator's name.
pub(crate) fn split_set(name: &str) -> (Option<SetQuantifier>, &str) {
    let Some((prefix, rest)) = name.split_once(':') else { return (None, name) };
    if prefix.eq_ignore_ascii_case("ForAllValues") {
        (Some(SetQuantifier::ForAllValues), rest)
    } else if prefix.eq_ignore_ascii_case("ForAnyValue") {
        (Some(SetQuantifier::ForAnyValue), rest)
    } else {
        (None, name)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.set {
            Some(SetQuantifier::ForAllValues) => f.write_str("ForAllValues:")?,
            Some(SetQuantifier::ForAnyValue) => f.write_str("ForAnyValue:")?,
            None => {}
        }
        f.write_str(self.base.name())?;
        if self.if_exists { f.write_str("IfExists") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseOperator, Operator};

    #[test]
    fn every_operator_is_read_as_it_is_shown() {
        for base in BaseOperator::ALL {
            for prefix in ["", "ForAllValues:", "ForAnyValue:"] {
                let name = format!("{prefix}{}", base.name());
                assert_eq!(Operator::parse(&name).unwrap().to_string(), name);
                let name = format!("{name}IfExists");
                let read = Operator::parse(&name).map(|operator| operator.to_string());
                assert_eq!(read, (*base != BaseOperator::Null).then_some(name));
            }
        }
    }

    #[test]
    fn case_does_not_matter() {
        let operator = Operator::parse("foranyvalue:stringLIKEifexists").unwrap();
        assert_eq!(operator.to_string(), "ForAnyValue:StringLikeIfExists");
        assert_eq!(Operator::parse("StringMatches"), None);
        assert_eq!(Operator::parse("ü"), None);
    }
}
