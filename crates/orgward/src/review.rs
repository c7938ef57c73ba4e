//! `orgward plan review`.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_finding::{Gate, Review, RuleInfo};
use orgward_org::Organization;
use orgward_report::{MarkdownOptions, Style};
use orgward_rules::Question;
use orgward_rules::catalog::RULES;

use crate::arguments::{Format, ReviewArguments};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::progress::Progress;
use crate::{config, discover, input};

/// Characters of a Markdown report: a comment on GitHub takes 65,536.
const MARKDOWN: usize = 60_000;

/// Reviews plans and says so.
pub(crate) fn run(
    arguments: &ReviewArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let review = review(arguments)?;
    let rules: Vec<&RuleInfo> = RULES.iter().map(|rule| &rule.info).collect();
    for output in &arguments.output {
        let text = write(&review, &rules, output.format, output::file_style(arguments.quiet));
        output::write(&output.file, &text)?;
    }
    let text = write(&review, &rules, arguments.format, terminal.style(arguments.quiet));
    output::print(text.as_bytes())?;
    Ok(review.outcome().into())
}

fn review(arguments: &ReviewArguments) -> Result<Review, Box<dyn Diagnostic + Send + Sync>> {
    // A mistake in the configuration is told before anything that takes time.
    let config = config::load(arguments.config.as_deref())?;
    let plans: Vec<PathBuf> = if arguments.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        arguments.plans.clone()
    };
    let progress = Progress::start(arguments.quiet);
    progress.stage("reading");
    let documents = input::read_all(plans.iter().chain(&arguments.org))?;
    let parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    progress.stage("building the organization");
    let organization = Organization::of(plans, context, &config.declared());
    progress.stage("checking");
    let gate = Gate { fail_on: arguments.fail_on.severity(), existing: arguments.existing };
    let question = Question { gate, allow_incomplete: arguments.allow_incomplete };
    Ok(orgward_rules::review(&organization, &parsed, &config, question))
}

fn write(review: &Review, rules: &[&RuleInfo], format: Format, style: Style) -> String {
    match format {
        Format::Terminal => orgward_report::terminal(review, rules, style),
        Format::Json => orgward_report::json(review, rules),
        Format::Sarif => orgward_report::sarif(review, rules),
        Format::Junit => orgward_report::junit(review, rules),
        Format::Markdown => {
            let options = MarkdownOptions { budget: MARKDOWN, ..MarkdownOptions::default() };
            orgward_report::markdown(review, rules, &options)
        }
        Format::Github => orgward_report::github(review),
        Format::Gitlab => orgward_report::gitlab(review),
    }
}
