//! Options of a run: what a flag, a variable of the environment, `--config 'KEY = VALUE'` and the file say under one
//! name.

use std::collections::BTreeSet;

use orgward_finding::Severity;
use orgward_org::QuotaName;
use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::error::File;
use super::read::{Result, as_any_rule, as_list, as_severity, as_text, unknown, wrong_type};
use super::{Config, ConfigError, RULE_IDS};
use crate::waivers;

/// The keys of the options, as in the file. A flag has `-` in place of `_`, and a variable of the environment is in
/// capital letters behind `ORGWARD_`.
pub const OPTIONS: [&str; 7] =
    ["allow_incomplete", "existing", "fail_on", "ignore", "quiet", "select", "verbose"];

/// Which findings block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threshold {
    /// Those that are at least this bad.
    At(Severity),
    /// None.
    Never,
}

impl Threshold {
    /// The mildest severity that blocks; `None` where none does.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::At(severity) => Some(severity),
            Self::Never => None,
        }
    }
}

/// The options of a run; `None` where nothing says what an option is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// `fail_on`: the mildest severity that blocks.
    pub fail_on: Option<Threshold>,
    /// `existing`: also block on findings that existed before the plan.
    pub existing: Option<bool>,
    /// `allow_incomplete`: accept plans that do not tell the whole story.
    pub allow_incomplete: Option<bool>,
    /// `quiet`: print only what blocks.
    pub quiet: Option<bool>,
    /// `verbose`: print every finding in full.
    pub verbose: Option<bool>,
    /// `select`: the rules that are reported; all without it.
    pub select: Option<BTreeSet<String>>,
    /// `ignore`: rules that are not reported, also where they are selected.
    pub ignore: BTreeSet<String>,
}

impl Options {
    /// Whether the options leave a rule out.
    pub(crate) fn leaves_out(&self, rule: &str) -> bool {
        self.ignore.contains(rule) || self.select.as_ref().is_some_and(|selected| !selected.contains(rule))
    }
}

/// Sets an option from its value in TOML.
pub(super) fn set(
    file: &File<'_>,
    options: &mut Options,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<()> {
    let wrong = |wanted: &str, found: &DeValue<'_>| {
        wrong_type(file, value.span(), &format!("{wanted} for `{key}`"), found)
    };
    let truth = || match value.get_ref() {
        DeValue::Boolean(value) => Ok(Some(*value)),
        other => Err(wrong("`true` or `false`", other)),
    };
    let rules = || -> Result<BTreeSet<String>> {
        if !matches!(value.get_ref(), DeValue::Array(_)) {
            return Err(wrong("a list of rules", value.get_ref()));
        }
        let listed = as_list(file, value)?.into_iter();
        listed.map(|(rule, span)| as_any_rule(file, &rule, span)).collect()
    };
    match key {
        "fail_on" => {
            if !matches!(value.get_ref(), DeValue::String(_)) {
                return Err(wrong("a severity or `never`", value.get_ref()));
            }
            let text = as_text(file, value)?;
            options.fail_on = Some(match text.as_str() {
                "never" => Threshold::Never,
                other if Severity::ALL.iter().any(|severity| severity.as_str() == other) => {
                    Threshold::At(as_severity(file, value)?)
                }
                other => {
                    let mut known = Severity::ALL.map(Severity::as_str).to_vec();
                    known.push("never");
                    return Err(unknown(file, value.span(), "severity", other, &known));
                }
            });
        }
        "existing" => options.existing = truth()?,
        "allow_incomplete" => options.allow_incomplete = truth()?,
        "quiet" => options.quiet = truth()?,
        "verbose" => options.verbose = truth()?,
        "select" => {
            let selected = rules()?;
            // Without any rule, everything would pass.
            if selected.is_empty() {
                let message = "`select` names no rule, so that nothing would be reported".to_owned();
                let error = ConfigError::new(file, value.span(), "must name a rule", message);
                return Err(error.help("name the rules to report, or leave it out to report all"));
            }
            options.select = Some(selected);
        }
        // INVARIANT: `OPTIONS` has no other key.
        _ => options.ignore = rules()?,
    }
    Ok(())
}

impl Config {
    /// Lays a text in the form of the file over what is there. `name` is what to call the text in messages.
    pub fn lay_over(&mut self, name: &str, text: &str) -> std::result::Result<(), ConfigError> {
        super::read::read_into(self, name, text, &|_| {
            Err("only the file of the configuration names other files".to_owned())
        })
    }

    /// Sets an option from the words of a flag or variable: lists have commas. `name` is what to call it in messages.
    pub fn set_option(&mut self, name: &str, key: &str, words: &str) -> std::result::Result<(), ConfigError> {
        // A string of JSON is one of TOML.
        let quoted = |text: &str| Value::String(text.to_owned()).to_string();
        let value = match (key, words) {
            ("select" | "ignore", _) => {
                let rules = words.split(',').map(str::trim).filter(|rule| !rule.is_empty());
                format!("[{}]", rules.map(quoted).collect::<Vec<_>>().join(", "))
            }
            ("fail_on", _) => quoted(words),
            (_, "true" | "1") => "true".to_owned(),
            (_, "false" | "0" | "") => "false".to_owned(),
            _ => quoted(words),
        };
        self.lay_over(name, &format!("{key} = {value}\n"))
    }
}

/// The JSON schema of the file, with the ids of all rules.
pub fn schema() -> String {
    let text = include_str!("../data/schema.json");
    let Ok(mut schema) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let ids: Vec<&str> = RULE_IDS.iter().copied().chain(waivers::RULES.iter().map(|rule| rule.id)).collect();
    if let Some(quotas) = schema.pointer_mut("/properties/quotas/properties").and_then(Value::as_object_mut) {
        quotas.extend(QuotaName::ALL.iter().map(|name| {
            let shape = serde_json::json!({"type": "integer", "minimum": 1, "maximum": name.of_aws().most()});
            (name.as_str().to_owned(), shape)
        }));
    }
    if let Some(rule) = schema.pointer_mut("/$defs/rule").and_then(Value::as_object_mut) {
        let own = serde_json::json!({"pattern": r"^[\w-]+(\.[\w-]+)+$"});
        rule.insert("anyOf".to_owned(), serde_json::json!([{"enum": ids}, own]));
    }
    serde_json::to_string_pretty(&schema).unwrap_or_else(|_| text.to_owned()) + "\n"
}

#[cfg(test)]
mod tests {
    use orgward_org::QuotaName;
    use serde_json::Value;

    use super::{OPTIONS, Threshold, schema};
    use crate::Config;

    #[test]
    fn what_is_nearer_counts() {
        let mut config = Config::parse("orgward.toml", "fail_on = \"low\"\nexisting = true\n").unwrap();
        config.lay_over("--config", "fail_on = \"high\"").unwrap();
        config.set_option("ORGWARD_FAIL_ON", "fail_on", "never").unwrap();
        assert_eq!((config.options.fail_on, config.options.existing), (Some(Threshold::Never), Some(true)));
    }

    #[test]
    fn ignored_rules_are_left_out_also_when_selected() {
        let mut config = Config::default();
        config.set_option("--select", "select", "public-trust,external-trust").unwrap();
        config.set_option("--ignore", "ignore", "external-trust").unwrap();
        let left_out = ["public-trust", "external-trust", "over-quota"].map(|rule| config.is_disabled(rule));
        assert_eq!(left_out, [false, true, true]);
    }

    #[test]
    fn mistakes_name_the_nearest() {
        let mut config = Config::default();
        let mut error = |name: &str, key: &str, words: &str| {
            let error = config.set_option(name, key, words).unwrap_err();
            format!("{error}: {}", miette::Diagnostic::help(&error).unwrap())
        };
        assert_eq!(
            error("--select", "select", "publc-trust"),
            "unknown rule `publc-trust` (--select): did you mean `public-trust`?"
        );
        assert_eq!(
            error("ORGWARD_FAIL_ON", "fail_on", "hihg"),
            "unknown severity `hihg` (ORGWARD_FAIL_ON): did you mean `high`?"
        );
        let error = Config::default().lay_over("--config", "fail_onn = \"high\"").unwrap_err();
        assert_eq!(miette::Diagnostic::help(&error).unwrap().to_string(), "did you mean `fail_on`?");
    }

    /// A variable of a pipeline that is not set must not select nothing, by which everything passes.
    #[test]
    fn no_rule_at_all_cannot_be_selected() {
        let mut config = Config::default();
        for words in ["", " ", ",", " , "] {
            let error = config.set_option("--select", "select", words).unwrap_err().to_string();
            assert_eq!(error, "`select` names no rule, so that nothing would be reported (--select)");
        }
        assert!(Config::parse("orgward.toml", "select = []\n").is_err());
        assert!(config.lay_over("--config", "select = []").is_err());
        config.set_option("--ignore", "ignore", "").unwrap();
    }

    #[test]
    fn a_value_of_another_type_names_its_key() {
        for (text, told) in [
            ("fail_on = 3", "expected a severity or `never` for `fail_on`, found a number"),
            ("existing = 'true'", "expected `true` or `false` for `existing`, found a string"),
            ("select = 'public-trust'", "expected a list of rules for `select`, found a string"),
        ] {
            let error = Config::default().lay_over("--config", text).unwrap_err().to_string();
            assert_eq!(error, format!("{told} (--config)"));
        }
    }

    /// The schema has what the reader has, no more and no less.
    #[test]
    fn the_schema_has_every_key() {
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        let keys =
            |value: &Value| value["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut top = keys(&schema);
        top.retain(|key| !OPTIONS.contains(&key.as_str()));
        let lists = ["guardrail", "operator", "pack", "quotas", "severity_for", "stacks", "waiver"];
        let mut read: Vec<&str> =
            crate::read::SETTINGS.iter().map(|(table, _)| *table).chain(lists).collect();
        read.sort_unstable();
        assert_eq!(top, read);
        for (table, settings) in crate::read::SETTINGS {
            let mut shown = keys(&schema["properties"][table]);
            shown.sort_unstable();
            let mut settings = settings.to_vec();
            settings.sort_unstable();
            assert_eq!(shown, settings, "{table}");
        }
        for key in OPTIONS {
            assert!(schema["properties"][key].is_object(), "{key}");
        }
        for name in QuotaName::ALL {
            let quota = &schema["properties"]["quotas"]["properties"][name.as_str()];
            assert_eq!(
                quota["maximum"].as_u64(),
                u64::try_from(name.of_aws().most()).ok(),
                "{}",
                name.as_str()
            );
        }
    }
}
