//! `orgward rules`.

use miette::Diagnostic;
use orgward_finding::RuleInfo;
use orgward_report::{Detail, escape};
use thiserror::Error;

use crate::arguments::{ConfigArguments, RulesArguments, RulesCommand};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::rego::{self, OwnRules};
use crate::{config, review};

type Failure = Box<dyn Diagnostic + Send + Sync>;

/// Why a rule could not be explained.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no rule `{}`", escape(id))]
#[diagnostic(help("{help}"))]
struct UnknownRule {
    id: String,
    help: String,
}

/// Lists the rules, explains one, or shows what rules of one's own are given.
pub(crate) fn run(arguments: &RulesArguments, terminal: Terminal) -> Result<Exit, Failure> {
    let text = match (&arguments.command, &arguments.id) {
        (Some(RulesCommand::Input { schema: true, .. }), _) => rego::schema()?,
        (Some(RulesCommand::Input { inputs, .. }), _) => {
            let config = config::load(&inputs.config)?;
            review::checked(inputs, &config, &[], |checked, organization, documents, plans, _| {
                let text = rego::input(&checked, organization, documents)?;
                // The plans are in it as they are, and what they mark sensitive is not for a log.
                Ok(plans.iter().fold(text, |text, plan| plan.redacted(&text).unwrap_or(text)))
            })?
        }
        (None, None) => list(&review::rules(&own(&arguments.config)?), terminal.style(Detail::Usual).color),
        (None, Some(id)) => return explained(id, &arguments.config),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// Explains a rule.
pub(crate) fn explained(id: &str, config: &ConfigArguments) -> Result<Exit, Failure> {
    // What the program ships is explained also where the files of a repository cannot be read.
    let shipped = review::rules(&OwnRules::none());
    let text = match explain(id, &shipped) {
        Err(_) if id.contains('.') => explain(id, &review::rules(&own(config)?))?,
        text => text?,
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn own(config: &ConfigArguments) -> Result<OwnRules, Failure> {
    OwnRules::of(&config::load(config)?)
}

fn list(rules: &[&RuleInfo], color: bool) -> String {
    let width = rules.iter().map(|info| info.id.len()).max().unwrap_or(0);
    let line = |info: &&RuleInfo| {
        let id = format!("{:width$}", info.id);
        let id = if color { format!("\u{1b}[1m{id}\u{1b}[0m") } else { id };
        format!("{id}  {:8}  {}\n", info.severity.as_str(), escape(info.summary))
    };
    rules.iter().map(line).collect()
}

fn explain(id: &str, rules: &[&RuleInfo]) -> Result<String, UnknownRule> {
    let Some(info) = rules.iter().find(|info| info.id == id) else {
        return Err(UnknownRule { id: id.to_owned(), help: near(id, rules) });
    };
    Ok(format!(
        "# {}\n\n{}: {} when found, {} when it cannot be told.\n\n{}\n",
        info.id,
        escape(info.summary),
        info.severity,
        info.unverifiable,
        flush(info.docs).trim()
    ))
}

/// Takes away the space that stands before every line of a documentation comment.
fn flush(docs: &str) -> String {
    let lines = || docs.lines().filter(|line| !line.is_empty());
    if lines().all(|line| line.starts_with(' ')) {
        docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect()
    } else {
        docs.to_owned()
    }
}

fn near(id: &str, rules: &[&RuleInfo]) -> String {
    let nearest = rules
        .iter()
        .map(|info| info.id)
        .max_by(|left, right| strsim::jaro_winkler(id, left).total_cmp(&strsim::jaro_winkler(id, right)));
    match nearest.filter(|near| strsim::jaro_winkler(id, near) > 0.8) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`orgward rules` lists them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::flush;

    #[test]
    fn documentation_is_flush_left() {
        assert_eq!(flush(" # Title\n\n ```json\n   {}\n ```\n"), "# Title\n\n```json\n  {}\n```\n");
        assert_eq!(flush("# Title\n\n code\n"), "# Title\n\n code\n");
    }
}
