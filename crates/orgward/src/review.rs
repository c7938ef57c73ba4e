//! `orgward plan review`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use miette::Diagnostic;
use orgward_config::Config;
use orgward_finding::{BaselineEntry, Gate, Review, RuleInfo};
use orgward_forge::detect;
use orgward_org::{Change, Organization};
use orgward_plan::{Document, Plan};
use orgward_proof::access::Access;
use orgward_proof::replay::Replayed;
use orgward_report::{Detail, Style};
use orgward_rules::catalog::RULES;
use orgward_rules::{Checked, Question};

use crate::arguments::{Format, InputArguments, ReviewArguments};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::rego::OwnRules;
use crate::{base, baseline, config, discover, input, progress, replay, rules, snapshot, source};

/// Characters of a Markdown report: a comment on GitHub takes 65,536.
const MARKDOWN: usize = 60_000;

/// Reviews plans and says so.
pub(crate) fn run(
    arguments: &ReviewArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    if let Some(rule) = &arguments.explain {
        return rules::explained(rule, &arguments.inputs.config);
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
    let own = OwnRules::of(&config)?;
    let mut review = reviewed(&arguments.inputs, (&config, &own), gate, &baseline, &arguments.events)?;
    review.stack.clone_from(&arguments.stack);
    let rules = self::rules(&own);
    let part = arguments.shard.map(|shard| shard.part_of(&mut review));
    let write = |format, style| match (&part, format) {
        (Some(part), Format::Json) => orgward_report::part_json(&review, &rules, part),
        _ => write(&review, &rules, format, style),
    };
    for output in &arguments.output {
        output::write(&output.file, &write(output.format, output::file_style(detail)))?;
    }
    let text = write(arguments.format, terminal.style(detail));
    output::print(text.as_bytes())?;
    Ok(review.outcome().into())
}

/// All rules: those of the catalogue, those about waivers, and those of one's own.
pub(crate) fn rules(own: &OwnRules) -> Vec<&'static RuleInfo> {
    let shipped = RULES.iter().map(|rule| &rule.info).chain(orgward_config::waivers::RULES.iter().copied());
    shipped.chain(own.infos()).collect()
}

/// The day, which only this program knows: the libraries have no clock.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// When the review is made, in milliseconds: what `SOURCE_DATE_EPOCH` says, so that a run can be repeated byte for byte.
pub(crate) fn now() -> i64 {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<i64>().ok());
    set.map_or_else(|| Timestamp::now().as_millisecond(), |seconds| seconds.saturating_mul(1_000))
}

pub(crate) fn review(
    inputs: &InputArguments,
    gate: Gate,
    baseline: &[BaselineEntry],
) -> Result<Review, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&inputs.config)?;
    reviewed(inputs, (&config, &OwnRules::of(&config)?), gate, baseline, &[])
}

fn reviewed(
    inputs: &InputArguments,
    (config, own): (&Config, &OwnRules),
    gate: Gate,
    baseline: &[BaselineEntry],
    events: &[PathBuf],
) -> Result<Review, Box<dyn Diagnostic + Send + Sync>> {
    let allow_incomplete = inputs.allow_incomplete || config.options.allow_incomplete == Some(true);
    checked(inputs, config, events, |mut checked, organization, documents, plans, replayed| {
        own.ask(&mut checked, organization, config, documents)?;
        let question = Question { gate, today: today(), baseline, allow_incomplete, events: replayed };
        let mut review = checked.judged(question);
        // Plans come first; what follows is context.
        review.inputs.iter_mut().skip(plans.len()).for_each(|input| input.is_context = true);
        source::annotate(&mut review.findings, plans);
        source::annotate_changes(&mut review.changes, plans);
        Ok(review)
    })
}

/// Reads plans, runs the rules of the catalogue, and hands over what they found.
pub(crate) fn checked<T>(
    inputs: &InputArguments,
    config: &Config,
    events: &[PathBuf],
    then: impl FnOnce(
        Checked<'_, '_>,
        &Change<Organization>,
        &[&Document],
        &[Plan<'_>],
        Option<&Replayed>,
    ) -> Result<T, Box<dyn Diagnostic + Send + Sync>>,
) -> Result<T, Box<dyn Diagnostic + Send + Sync>> {
    let plans: Vec<PathBuf> = if inputs.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        input::expanded(&inputs.plans)?
    };
    let context = input::expanded(&inputs.org)?;
    let documents = input::read_within(plans.iter().chain(&context), |plans| snapshot::scope(plans, config))?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut parsed, config, &config::folder(&inputs.config));
    let own = parsed.get_mut(..plans.len()).unwrap_or_default();
    input::all_plans(own)?;
    source::attach(own, &plans, &inputs.source)?;
    let reviewed: Vec<&Document> = documents.iter().take(plans.len()).collect();
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
    let checked = Checked::of(&organization, &parsed, config, replayed.as_ref());
    let done = then(checked, &organization, &reviewed, plans, replayed.as_ref())?;
    // The program ends soon, and with it goes all memory at once: giving it back piece by piece is a tenth of a run.
    std::mem::forget(organization);
    std::mem::forget(parsed);
    std::mem::forget(documents);
    Ok(done)
}

pub(crate) fn write(review: &Review, rules: &[&RuleInfo], format: Format, style: Style) -> String {
    match format {
        Format::Terminal => orgward_report::terminal(review, rules, style),
        Format::Json => orgward_report::json(review, rules),
        Format::Sarif => orgward_report::sarif(review, rules),
        Format::Junit => orgward_report::junit(review, rules),
        Format::Markdown => orgward_report::comment::markdown(review, rules, MARKDOWN),
        Format::Html => orgward_report::html(review, rules),
        Format::Github => orgward_report::github(review),
        Format::Gitlab => orgward_report::gitlab(review),
        Format::Ocsf => orgward_report::ocsf(review, rules, now()),
    }
}
