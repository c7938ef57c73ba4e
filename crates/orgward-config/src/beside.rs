//! `[files]`: facts that AWS publishes and people write down, in files beside the configuration.

use std::collections::BTreeMap;

use orgward_org::ListedControl;
use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use crate::error::File;
use crate::read::{Result, as_table, as_text};
use crate::{CertifiedLists, Config, ConfigError};

/// Reads a file by its path from the folder of the configuration, or says why it cannot.
pub type ReadFile<'r> = &'r dyn Fn(&str) -> std::result::Result<String, String>;

/// What the files are.
pub(crate) const SETTINGS: [&str; 2] = ["certified_services", "control_catalog"];

/// Reads the files that `[files]` names.
pub(crate) fn read(
    file: &File<'_>,
    config: &mut Config,
    value: &Spanned<DeValue<'_>>,
    beside: ReadFile<'_>,
) -> Result<()> {
    let table = as_table(file, value)?;
    for setting in SETTINGS {
        let Some(value) = table.get(setting) else { continue };
        let path = as_text(file, value)?;
        let text = beside(&path).map_err(|why| {
            let message = format!("cannot read the file of `{setting}`: {why}");
            ConfigError::new(file, value.span(), "this file", message)
                .help("the path is from the folder of the configuration, and stays in its repository")
        })?;
        if setting == "certified_services" {
            config.certified_lists.lay_over(CertifiedLists::parse(&path, &text)?);
        } else {
            config.controls = controls(&text).ok_or_else(|| {
                let message = "the file of `control_catalog` lists no controls".to_owned();
                ConfigError::new(file, value.span(), "this file", message)
                    .help("`aws controlcatalog list-controls --output json > controls.json` writes it")
            })?;
        }
    }
    Ok(())
}

/// The controls of what `aws controlcatalog list-controls` prints.
fn controls(text: &str) -> Option<BTreeMap<String, ListedControl>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let listed = value.get("Controls")?.as_array()?;
    let controls: Option<BTreeMap<_, _>> = listed.iter().map(control).collect();
    controls.filter(|controls| !controls.is_empty())
}

fn control(value: &Value) -> Option<(String, ListedControl)> {
    let id = value.get("Arn")?.as_str()?.rsplit('/').next()?.to_owned();
    let aliases = value.get("Aliases").and_then(Value::as_array).into_iter().flatten();
    let aliases = aliases.filter_map(Value::as_str).map(str::to_owned).collect();
    // What is not said to detect or check is taken to prevent: it may deny something.
    let behavior = value.get("Behavior").and_then(Value::as_str);
    Some((id, ListedControl { aliases, prevents: !matches!(behavior, Some("DETECTIVE" | "PROACTIVE")) }))
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn read(text: &str) -> Result<Config, String> {
        let beside = |path: &str| match path {
            "controls.json" => Ok(text.to_owned()),
            _ => Err("there is no such file".to_owned()),
        };
        let toml = "[files]\ncontrol_catalog = \"controls.json\"\n";
        Config::parse_beside("orgward.toml", toml, &beside).map_err(|error| error.to_string())
    }

    #[test]
    fn controls_are_what_the_command_line_of_aws_prints() {
        let text = r#"{"Controls": [
            {"Arn": "arn:aws:controlcatalog:::control/aaaa", "Aliases": ["CT.EC2.PV.5"], "Behavior": "PREVENTIVE"},
            {"Arn": "arn:aws:controlcatalog:::control/bbbb", "Aliases": ["SH.IAM.9"], "Behavior": "DETECTIVE"},
            {"Arn": "arn:aws:controlcatalog:::control/cccc"}]}"#;
        let controls = read(text).unwrap().declared().controls;
        assert_eq!(controls["aaaa"].aliases, ["CT.EC2.PV.5"]);
        let prevents = ["aaaa", "bbbb", "cccc"].map(|id| controls[id].prevents);
        assert_eq!(prevents, [true, false, true]);
        for text in ["", "[]", "{}", r#"{"Controls": []}"#, r#"{"Controls": [{"Name": "x"}]}"#] {
            assert!(read(text).unwrap_err().contains("lists no controls"), "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_at_its_place() {
        let toml = "[files]\ncertified_services = \"lists.tsv\"\n";
        let error = Config::parse("orgward.toml", toml).unwrap_err();
        assert!(error.to_string().contains("cannot read the file of `certified_services`"), "{error}");
        let error = Config::default().lay_over("--config", "files.control_catalog = \"x\"").unwrap_err();
        assert!(
            error.to_string().contains("only the file of the configuration names other files"),
            "{error}"
        );
    }
}
