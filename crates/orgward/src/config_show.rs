//! `orgward config show`.

use std::collections::BTreeMap;
use std::env;

use miette::Diagnostic;
use orgward_config::{Config, OPTIONS};
use orgward_report::escape;
use toml::{Table, Value};

use crate::arguments::ShowConfigArguments;
use crate::config::{self, PREFIX};
use crate::exit::Exit;
use crate::{files, output};

/// Entries of a list that is printed in full.
const LISTED: usize = 40;

/// Prints the configuration in effect: each setting with where its value is from.
pub(crate) fn run(arguments: &ShowConfigArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    // What is refused is refused here, too.
    let mut config = config::load(&arguments.config)?;
    config::choose(&mut config, &arguments.rules)?;
    let mut settings = Settings::default();
    for option in OPTIONS {
        settings.set(option, default_of(option), "default");
    }
    if let Some(path) = config::path(&arguments.config) {
        let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        settings.lay_over(&files::read("the configuration", &path)?, &name);
    }
    for pair in arguments.config.pairs() {
        settings.lay_over(pair, "--config");
    }
    for option in OPTIONS {
        let name = format!("{PREFIX}{}", option.to_ascii_uppercase());
        if env::var_os(&name).is_some() {
            settings.set(option, value_of(&config, option), &name);
        }
    }
    for (option, is_given) in [
        ("allow_incomplete", arguments.allow_incomplete),
        ("existing", arguments.existing),
        ("quiet", arguments.detail.quiet),
        ("verbose", arguments.detail.verbose),
    ] {
        if is_given {
            settings.set(option, Value::Boolean(true), &format!("--{}", option.replace('_', "-")));
        }
    }
    if let Some(fail_on) = arguments.fail_on {
        let word = fail_on.severity().map_or("never", orgward_finding::Severity::as_str);
        settings.set("fail_on", Value::String(word.to_owned()), "--fail-on");
    }
    for (option, flag, rules) in
        [("select", "--select", &arguments.rules.select), ("ignore", "--ignore", &arguments.rules.ignore)]
    {
        if !rules.is_empty() {
            settings.set(option, value_of(&config, option), flag);
        }
    }
    output::print(settings.text().as_bytes())?;
    Ok(Exit::Clean)
}

/// Each setting by its path, with its value and where that is from.
#[derive(Default)]
struct Settings(BTreeMap<String, (Value, String)>);

impl Settings {
    fn set(&mut self, key: &str, value: Value, origin: &str) {
        self.0.insert(key.to_owned(), (value, origin.to_owned()));
    }

    /// Lays the settings of a text over those that are there. It has been read before, so that it can be read.
    fn lay_over(&mut self, text: &str, origin: &str) {
        if let Ok(table) = text.parse::<Table>() {
            self.table("", table, origin);
        }
    }

    fn table(&mut self, above: &str, table: Table, origin: &str) {
        for (key, value) in table {
            let is_bare = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let key = if is_bare { key } else { Value::String(key).to_string() };
            let path = if above.is_empty() { key } else { format!("{above}.{key}") };
            match value {
                Value::Table(table) => self.table(&path, table, origin),
                value => self.set(&path, value, origin),
            }
        }
    }

    /// As TOML, with the origins as comments.
    fn text(&self) -> String {
        let line = |(key, (value, origin)): (&String, &(Value, String))| {
            let shown = match value {
                Value::Array(items) if items.iter().any(Value::is_table) || items.len() > LISTED => {
                    let noun = if items.len() == 1 { "entry" } else { "entries" };
                    return format!("# {key}: {} {noun}, {}", items.len(), escape(origin));
                }
                value => value.to_string(),
            };
            format!("{key} = {}  # {}", escape(&shown.replace('\n', " ")), escape(origin))
        };
        let lines: Vec<String> = self.0.iter().map(line).collect();
        lines.join("\n") + "\n"
    }
}

fn default_of(option: &str) -> Value {
    match option {
        "fail_on" => Value::String("medium".to_owned()),
        "ignore" => Value::Array(Vec::new()),
        "select" => Value::Array(vec![Value::String("ALL".to_owned())]),
        _ => Value::Boolean(false),
    }
}

/// What an option is set to.
fn value_of(config: &Config, option: &str) -> Value {
    let options = &config.options;
    let list = |rules: &std::collections::BTreeSet<String>| {
        Value::Array(rules.iter().cloned().map(Value::String).collect())
    };
    let switch = |value: Option<bool>| Value::Boolean(value == Some(true));
    match option {
        "allow_incomplete" => switch(options.allow_incomplete),
        "existing" => switch(options.existing),
        "quiet" => switch(options.quiet),
        "verbose" => switch(options.verbose),
        "select" => options.select.as_ref().map_or_else(|| default_of(option), list),
        "ignore" => list(&options.ignore),
        _ => {
            let word =
                options.fail_on.map(|it| it.severity().map_or("never", orgward_finding::Severity::as_str));
            word.map_or_else(|| default_of(option), |word| Value::String(word.to_owned()))
        }
    }
}
