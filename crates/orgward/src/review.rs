//! `orgward plan review`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use miette::Diagnostic;
use orgward_config::Config;
use orgward_finding::{BaselineEntry, Gate, Review, RuleInfo};
use orgward_forge::detect;
use orgward_org::Organization;
use orgward_proof::access::Access;
use orgward_report::{Detail, MarkdownOptions, Style};
use orgward_rules::Question;
use orgward_rules::catalog::RULES;

use crate::arguments::{Format, InputArguments, ReviewArguments};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::{base, baseline, config, discover, input, progress, replay, rules, source};

/// Characters of a Markdown report: a comment on GitHub takes 65,536.
const MARKDOWN: usize = 60_000;

/// Reviews plans and says so.
pub(crate) fn run(
    arguments: &ReviewArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    if let Some(rule) = &arguments.explain {
        return rules::run(Some(rule), terminal);
    }
    // A mistake in the configuration is told before anything that takes time.
    let mut config = config::load(&arguments.inputs.config)?;
    config::choose(&mut config, &arguments.rules)?;
    let gate = config::gate(&config, arguments.fail_on, arguments.existing);
    let detail = config::detail(&config, &arguments.detail);
    if detail == Detail::Quiet {
        progress::end();
    }
    if let Some(stack) = &arguments.stack {
        detect::check(stack, None, None)?;
    }
    let baseline = baseline::read(arguments.baseline.as_deref())?;
    if let Some(base) = &arguments.base_config {
        config.base = Some(Box::new(base::load(base, &arguments.inputs.config)?));
    }
    let mut review = reviewed(&arguments.inputs, &config, gate, &baseline, &arguments.events)?;
    review.stack.clone_from(&arguments.stack);
    let rules = self::rules();
    for output in &arguments.output {
        let text = write(&review, &rules, output.format, output::file_style(detail));
        output::write(&output.file, &text)?;
    }
    let text = write(&review, &rules, arguments.format, terminal.style(detail));
    output::print(text.as_bytes())?;
    Ok(review.outcome().into())
}

/// All rules: those of the catalogue, and those about waivers.
pub(crate) fn rules() -> Vec<&'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info).chain(orgward_config::waivers::RULES.iter().copied()).collect()
}

/// The day, which only this program knows: the libraries have no clock.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

pub(crate) fn review(
    inputs: &InputArguments,
    gate: Gate,
    baseline: &[BaselineEntry],
) -> Result<Review, Box<dyn Diagnostic + Send + Sync>> {
    reviewed(inputs, &config::load(&inputs.config)?, gate, baseline, &[])
}

fn reviewed(
    inputs: &InputArguments,
    config: &Config,
    gate: Gate,
    baseline: &[BaselineEntry],
    events: &[PathBuf],
) -> Result<Review, Box<dyn Diagnostic + Send + Sync>> {
    let plans: Vec<PathBuf> = if inputs.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        input::expanded(&inputs.plans)?
    };
    let context = input::expanded(&inputs.org)?;
    let documents = input::read_all(plans.iter().chain(&context))?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut parsed, config, &config::folder(&inputs.config));
    let own = parsed.get_mut(..plans.len()).unwrap_or_default();
    input::all_plans(own)?;
    source::attach(own, &plans, &inputs.source)?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    progress::stage("building the organization");
    let organization = Organization::of(plans, context, &config.declared());
    let replayed = if events.is_empty() {
        None
    } else {
        progress::stage("replaying events");
        let change = organization.as_ref();
        let (before, after) = (Access::of(change.before), Access::of(change.after));
        Some(replay::replayed(change, (&before, &after), events, None)?)
    };
    progress::stage("checking");
    let question = Question {
        gate,
        today: today(),
        baseline,
        allow_incomplete: inputs.allow_incomplete || config.options.allow_incomplete == Some(true),
        events: replayed.as_ref(),
    };
    let mut review = orgward_rules::review(&organization, &parsed, config, question);
    // Plans come first; what follows is context.
    review.inputs.iter_mut().skip(plans.len()).for_each(|input| input.is_context = true);
    source::annotate(&mut review.findings, plans);
    // The program ends soon, and with it goes all memory at once: giving it back piece by piece is a tenth of a run.
    std::mem::forget(organization);
    std::mem::forget(parsed);
    std::mem::forget(documents);
    Ok(review)
}

pub(crate) fn write(review: &Review, rules: &[&RuleInfo], format: Format, style: Style) -> String {
    match format {
        Format::Terminal => orgward_report::terminal(review, rules, style),
        Format::Json => orgward_report::json(review, rules),
        Format::Sarif => orgward_report::sarif(review, rules),
        Format::Junit => orgward_report::junit(review, rules),
        Format::Markdown => {
            let options = MarkdownOptions { budget: MARKDOWN, ..MarkdownOptions::default() };
            orgward_report::markdown(review, rules, &options)
        }
        Format::Html => orgward_report::html(review, rules),
        Format::Github => orgward_report::github(review),
        Format::Gitlab => orgward_report::gitlab(review),
    }
}
