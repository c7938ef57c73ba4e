//! `[quotas]`: how many AWS has granted to this organization, or how many people want to have at most.

use orgward_org::QuotaName;
use toml::Spanned;
use toml::de::DeValue;

use super::error::File;
use super::read::{Result, as_table, unknown, wrong_type};
use super::{Config, ConfigError};

/// Reads the table. Each quota takes the place of the same one.
pub(super) fn quotas(file: &File<'_>, config: &mut Config, value: &Spanned<DeValue<'_>>) -> Result<()> {
    for (key, value) in as_table(file, value)? {
        let Some(name) = QuotaName::ALL.iter().find(|name| name.as_str() == key.get_ref()) else {
            let known: Vec<&str> = QuotaName::ALL.iter().map(|name| name.as_str()).collect();
            return Err(unknown(file, key.span(), "quota", key.get_ref(), &known));
        };
        let number = match value.get_ref() {
            DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
            other => return Err(wrong_type(file, value.span(), "a whole number", other)),
        };
        let (quota, text) = (name.of_aws(), name.as_str());
        if let Some(number) = number.filter(|number| (1..=quota.most()).contains(number)) {
            config.quotas.insert(*name, number);
            continue;
        }
        let most = quota.most();
        let (label, message) = if matches!(number, Some(1..)) {
            (format!("at most {most}"), format!("AWS does not raise `{text}` beyond {most}"))
        } else {
            ("at least 1".to_owned(), format!("`{text}` is not a number of at least 1"))
        };
        let help =
            format!("write the quota that AWS has granted, between 1 and {most} as of {}", QuotaName::date());
        return Err(ConfigError::new(file, value.span(), label, message).help(help));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use orgward_org::QuotaName;

    use crate::Config;

    #[test]
    fn quotas_are_read_by_name() {
        let text = "[quotas]\nroles_per_account = 5_000\nscps_per_target = 8\n";
        let config = Config::parse("orgward.toml", text).unwrap();
        let read: Vec<_> = config.quotas.iter().map(|(name, number)| (*name, *number)).collect();
        assert_eq!(read, [(QuotaName::RolesPerAccount, 5000), (QuotaName::ScpsPerTarget, 8)]);
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        for (entry, says, help) in [
            (
                "role_per_account = 5000",
                "unknown quota `role_per_account`",
                "did you mean `roles_per_account`?",
            ),
            ("scps_per_target = 11", "AWS does not raise `scps_per_target` beyond 10", "between 1 and 10"),
            (
                "roles_per_account = 20000",
                "does not raise `roles_per_account` beyond 10000",
                "between 1 and 10000",
            ),
            ("units = 0", "`units` is not a number of at least 1", "between 1 and 2000"),
            ("units = -3", "`units` is not a number of at least 1", "between 1 and 2000"),
            ("units = 99999999999999999999999", "`units` is not a number", "between 1 and 2000"),
        ] {
            let error = Config::parse("orgward.toml", &format!("[quotas]\n{entry}\n")).unwrap_err();
            let told = miette::Diagnostic::help(&error).unwrap().to_string();
            assert!(error.to_string().contains(says) && told.contains(help), "{entry}: {error}: {told}");
        }
        let error = Config::parse("orgward.toml", "[quotas]\nunits = \"many\"\n").unwrap_err();
        assert!(error.to_string().contains("a whole number"), "{error}");
    }
}
