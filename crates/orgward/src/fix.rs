//! `orgward fix`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;
use orgward_config::Config;
use orgward_finding::{Finding, Review, Status};
use orgward_fix::{Change, Edit, Facts, edit_plan, edit_sources, is_configuration, propose, value_of};
use orgward_org::Organization;
use orgward_plan::{Document, Files, Plan, SourceFile, Sources, Spelled, Step};
use orgward_report::{FileEdit, ShownFix, escape};
use orgward_rules::Question;
use serde_json::Value;
use similar::TextDiff;
use thiserror::Error;

use crate::arguments::{FixArguments, FixFormat};
use crate::exit::Exit;
use crate::{config, discover, files, input, names, output, review};

/// Edits of one run: each is proved by a review of its own.
const EDITS: usize = 200;

/// Why nothing can be fixed.
#[derive(Debug, Error, Diagnostic)]
enum FixError {
    #[error("there is no configuration in `{}`", escape(folder))]
    #[diagnostic(help("name the folder of the root module: `orgward fix plan.json --source DIR`"))]
    NoSources { folder: String },
    #[error("cannot list `{}`", escape(folder))]
    List { folder: String, source: std::io::Error },
}

/// A plan and the files of its root module.
struct Stack {
    name: String,
    folder: PathBuf,
    plan: Value,
    files: BTreeMap<String, String>,
}

/// Shows or writes the edits that cure what plans bring about.
pub(crate) fn run(arguments: &FixArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let mut config = config::load(&arguments.inputs.config)?;
    config::choose(&mut config, &arguments.rules)?;
    let inputs = &arguments.inputs;
    let plans: Vec<PathBuf> = if inputs.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        input::expanded(&inputs.plans)?
    };
    let context = input::read_all(input::expanded(&inputs.org)?.iter())?;
    let mut stacks = Vec::new();
    for (document, path) in input::read_all(plans.iter())?.into_iter().zip(&plans) {
        input::all_plans(&[input::parse(&document)?])?;
        let folder = folder_of(path, &document.name, inputs);
        let plan = serde_json::from_str(document.json()).unwrap_or_default();
        stacks.push(Stack { name: document.name, plan, files: sources(&folder)?, folder });
    }
    let originals: Vec<BTreeMap<String, String>> = stacks.iter().map(|stack| stack.files.clone()).collect();
    let judge = |stacks: &[Stack]| reviewed(stacks, &context, &config, arguments);

    let first = judge(&stacks)?;
    if arguments.format == FixFormat::Json {
        return each(&stacks, &first, arguments, &judge);
    }
    let mut open: BTreeSet<String> = identities(&first.review, arguments.existing);
    let mut current = first;
    let (mut tried, mut cured) = (BTreeSet::new(), 0);
    while tried.len() < EDITS {
        let next = current
            .review
            .findings
            .iter()
            .find(|finding| counts(finding, arguments.existing) && !tried.contains(&finding.identity()));
        let Some(finding) = next.cloned() else { break };
        tried.insert(finding.identity());
        let Some(cure) = cure(&finding, &stacks, (&current, &open), arguments.existing, &judge)? else {
            continue;
        };
        cured += open.len() - cure.left.len();
        output::warn(&format!(
            "fixed: {} {}: {}\n  {} (proved: reviewed again, the finding is gone and no other appears)\n",
            finding.rule,
            escape(cure.edit.address.as_str()),
            escape(&finding.message),
            escape(&cure.edit.says)
        ));
        (stacks, current, open) = (cure.stacks, cure.after, cure.left);
    }

    let mut diff = String::new();
    for (stack, original) in stacks.iter().zip(&originals) {
        for (name, text) in stack.files.iter().filter(|(name, text)| original.get(*name) != Some(*text)) {
            let path = names::of(&stack.folder.join(name));
            if arguments.apply {
                output::write(&stack.folder.join(name), text)?;
            }
            let old = original.get(name).map_or("", String::as_str);
            let changes = TextDiff::from_lines(old, text);
            diff.push_str(
                &changes.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string(),
            );
        }
    }
    output::print(diff.as_bytes())?;
    let blocking: Vec<&Finding> =
        current.review.findings.iter().filter(|finding| current.review.blocks(finding)).collect();
    for finding in &blocking {
        let place = finding.address.as_ref().map(ToString::to_string).or_else(|| finding.target.clone());
        output::warn(&format!(
            "not fixed: {} {}: {}\n",
            finding.rule,
            escape(&place.unwrap_or_default()),
            escape(&finding.message)
        ));
    }
    let verb = if arguments.apply { "written" } else { "shown" };
    output::warn(&format!(
        "{cured} {} cured by the edits {verb}, {} still {}\n",
        if cured == 1 { "finding is" } else { "findings are" },
        blocking.len(),
        if blocking.len() == 1 { "blocks" } else { "block" },
    ));
    Ok(current.review.outcome().into())
}

/// An edit that is proved.
struct Cure {
    edit: Edit,
    /// The stacks with the edit made.
    stacks: Vec<Stack>,
    /// The review of them.
    after: Judged,
    /// The findings that are left.
    left: BTreeSet<String>,
}

type Judge<'j> = dyn Fn(&[Stack]) -> Result<Judged, Box<dyn Diagnostic + Send + Sync>> + 'j;

/// The first edit that cures a finding and brings no other about. `open` are the findings that count before it.
fn cure(
    finding: &Finding,
    stacks: &[Stack],
    (current, open): (&Judged, &BTreeSet<String>),
    existing: bool,
    judge: &Judge<'_>,
) -> Result<Option<Cure>, Box<dyn Diagnostic + Send + Sync>> {
    for (at, edit) in proposals(finding, stacks, &current.facts) {
        let Some(edited) = edited(stacks, at, &edit) else { continue };
        let after = judge(&edited)?;
        let left = identities(&after.review, existing);
        let no_other = identities(&after.review, true).is_subset(&identities(&current.review, true));
        if !left.contains(&finding.identity())
            && left.is_subset(open)
            && no_other
            && agrees(&edited, at, &edit)
        {
            return Ok(Some(Cure { edit, stacks: edited, after, left }));
        }
    }
    Ok(None)
}

/// Prints an edit for each finding that one cures, each proved by itself: for programs that let people choose.
fn each(
    stacks: &[Stack],
    first: &Judged,
    arguments: &FixArguments,
    judge: &Judge<'_>,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let open = identities(&first.review, arguments.existing);
    let mut tried = BTreeSet::new();
    let mut cures = Vec::new();
    for finding in first.review.findings.iter().filter(|finding| counts(finding, arguments.existing)) {
        if tried.len() >= EDITS || !tried.insert(finding.identity()) {
            continue;
        }
        let Some(cure) = cure(finding, stacks, (first, &open), arguments.existing, judge)? else { continue };
        let mut edits = Vec::new();
        for (stack, original) in cure.stacks.iter().zip(stacks) {
            for (name, text) in
                stack.files.iter().filter(|(name, text)| original.files.get(*name) != Some(*text))
            {
                let old = original.files.get(name).map_or("", String::as_str);
                let (at, removed, text) = replacement(old, text);
                edits.push(FileEdit { file: names::of(&stack.folder.join(name)), at, removed, text });
            }
        }
        cures.push(ShownFix {
            rule: finding.rule.to_owned(),
            fingerprint: finding.fingerprint(),
            address: cure.edit.address.to_string(),
            message: finding.message.clone(),
            says: cure.edit.says,
            files: edits,
        });
    }
    output::print(orgward_report::fixes_json(&cures).as_bytes())?;
    Ok(first.review.outcome().into())
}

/// The one part of a text that differs: where it begins, what is removed, and what comes in its place.
fn replacement(old: &str, new: &str) -> (usize, String, String) {
    let same = |(a, b): &(char, char)| a == b;
    let start: usize = old.chars().zip(new.chars()).take_while(same).map(|(it, _)| it.len_utf8()).sum();
    let (old, new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end: usize =
        old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(it, _)| it.len_utf8()).sum();
    let before_end = |text: &str| text.get(..text.len() - end).unwrap_or_default().to_owned();
    (start, before_end(old), before_end(new))
}

/// A review and what edits are made of.
struct Judged {
    review: Review,
    facts: Facts,
}

fn reviewed(
    stacks: &[Stack],
    context: &[Document],
    config: &Config,
    arguments: &FixArguments,
) -> Result<Judged, Box<dyn Diagnostic + Send + Sync>> {
    let document = |stack: &Stack| {
        let text = stack.plan.to_string().into_bytes();
        Document::decode(stack.name.clone(), text)
            .map_err(|error| input::InputError::Plan { name: stack.name.clone(), error })
    };
    let documents = stacks.iter().map(document).collect::<Result<Vec<_>, _>>()?;
    let mut parsed = documents.iter().chain(context).map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut parsed, config, &config::folder(&arguments.inputs.config));
    for (plan, stack) in parsed.iter_mut().zip(stacks) {
        let sources = load(&stack.files);
        // A configuration that the plan was not made from says nothing of it.
        if sources.fits(plan) {
            plan.with_sources(Arc::new(sources));
        }
    }
    let (plans, context) = parsed.split_at(stacks.len().min(parsed.len()));
    crate::progress::stage("building the organization");
    let organization = Organization::of(plans, context, &config.declared());
    let question = Question {
        gate: config::gate(config, None, arguments.existing),
        today: review::today(),
        baseline: &[],
        allow_incomplete: arguments.inputs.allow_incomplete || config.options.allow_incomplete == Some(true),
        events: None,
    };
    let review = orgward_rules::review(&organization, &parsed, config, question);
    let facts = Facts {
        organization: organization.after.id().map(str::to_owned),
        boundaries: config.boundaries.required.clone(),
    };
    Ok(Judged { review, facts })
}

/// Whether a finding is one to cure.
fn counts(finding: &Finding, existing: bool) -> bool {
    finding.status == Status::New || existing && finding.status == Status::Existing
}

/// What tells findings apart from run to run; those that nothing can be told of count as well.
fn identities(review: &Review, existing: bool) -> BTreeSet<String> {
    review.findings.iter().filter(|finding| counts(finding, existing)).map(Finding::identity).collect()
}

/// The edits that may cure a finding, each with the stack that it is in.
fn proposals(finding: &Finding, stacks: &[Stack], facts: &Facts) -> Vec<(usize, Edit)> {
    let at = match &finding.input {
        Some(input) => stacks.iter().position(|stack| stack.name == *input),
        None => Some(0),
    };
    let Some((at, stack)) = at.and_then(|at| Some((at, stacks.get(at)?))) else { return Vec::new() };
    propose(finding, &stack.plan, facts).into_iter().map(|edit| (at, edit)).collect()
}

/// The stacks with an edit made in one of them; `None` where it cannot be made.
fn edited(stacks: &[Stack], at: usize, edit: &Edit) -> Option<Vec<Stack>> {
    let stack = stacks.get(at)?;
    let plan = edit_plan(&stack.plan, edit)?;
    let files = edit_sources(&stack.files, edit, &stack.plan)?;
    let copy = |(index, stack): (usize, &Stack)| Stack {
        name: stack.name.clone(),
        folder: stack.folder.clone(),
        plan: if index == at { plan.clone() } else { stack.plan.clone() },
        files: if index == at { files.clone() } else { stack.files.clone() },
    };
    Some(stacks.iter().enumerate().map(copy).collect())
}

/// Whether the edited configuration comes to the edited plan: its attributes are evaluated.
fn agrees(stacks: &[Stack], at: usize, edit: &Edit) -> bool {
    let attributes: Vec<&str> = match &edit.change {
        // Its two attributes are written as ids, or as references to what has them.
        Change::Keep => return true,
        Change::Attributes(attributes) => attributes.iter().map(|(name, _)| *name).collect(),
        Change::Condition { attribute, .. } => vec![attribute.as_str()],
    };
    let Some(stack) = stacks.get(at) else { return false };
    let Ok(document) = Document::decode(stack.name.clone(), stack.plan.to_string().into_bytes()) else {
        return false;
    };
    let Ok(mut plan) = Plan::parse(&document) else { return false };
    plan.with_sources(Arc::new(load(&stack.files)));
    let Some(instance) = plan.instance(&edit.address) else { return false };
    attributes.iter().all(|attribute| {
        let planned = value_of(&stack.plan, &edit.address).and_then(|values| values.get(*attribute));
        let written = plan.spell_out(instance, &[Step::Name(attribute)]);
        match (planned, written) {
            (Some(Value::Bool(planned)), Some(Spelled::Bool(written))) => *planned == written,
            (Some(Value::String(planned)), Some(written)) => written.literal().is_some_and(|written| {
                let json = |text: &str| serde_json::from_str::<Value>(text).ok();
                written == *planned || json(&written).is_some_and(|it| Some(it) == json(planned))
            }),
            _ => false,
        }
    })
}

/// The folder of the root module of a plan: the one that is named for it, else its own.
fn folder_of(path: &Path, name: &str, inputs: &crate::arguments::InputArguments) -> PathBuf {
    let named = inputs.source.source.iter().find_map(|source| match source.split_once('=') {
        Some((plan, folder)) if plan == name => Some(folder),
        Some(_) => None,
        None => Some(source.as_str()),
    });
    let own = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    named.map_or_else(|| own.to_owned(), PathBuf::from)
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "json")
}

/// The files of a root module that edits may touch: its configuration, and JSON beside and below it.
fn sources(folder: &Path) -> Result<BTreeMap<String, String>, Box<dyn Diagnostic + Send + Sync>> {
    let mut found = BTreeMap::new();
    let listed = |source| FixError::List { folder: folder.display().to_string(), source };
    let mut waiting = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((at, prefix, depth)) = waiting.pop() {
        for entry in fs::read_dir(&at).map_err(listed)? {
            let entry = entry.map_err(listed)?;
            let (kind, name) = (entry.file_type().map_err(listed)?, entry.file_name());
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let is_configuration = depth == 0 && is_configuration(name);
            if kind.is_dir() && depth < 2 {
                waiting.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
            } else if kind.is_file() && (is_configuration || is_json(name)) {
                // A link is no file; what is too large or no text is none that an edit touches.
                if let Ok(text) = files::bounded(&entry.path(), 1 << 20) {
                    found.insert(format!("{prefix}{name}"), text);
                }
            }
        }
    }
    if !found.keys().any(|name| !is_json(name)) {
        return Err(FixError::NoSources { folder: folder.display().to_string() }.into());
    }
    Ok(found)
}

/// The configuration that files make.
fn load(files: &BTreeMap<String, String>) -> Sources {
    let root = |name: &&String| is_configuration(name);
    let file = |name: &String| Some(SourceFile { name: name.clone(), text: files.get(name)?.clone() });
    let sources = Sources::load("", &mut |folder| match folder {
        "" => files.keys().filter(root).filter_map(file).collect(),
        _ => Vec::new(),
    });
    sources.with_files(Box::new(Texts(files.clone())))
}

/// The files that expressions read.
struct Texts(BTreeMap<String, String>);

impl Files for Texts {
    fn text(&self, path: &str) -> Option<SourceFile> {
        let path = path.strip_prefix("./").unwrap_or(path);
        Some(SourceFile { name: path.to_owned(), text: self.0.get(path)?.clone() })
    }

    fn list(&self, _: &str) -> Option<Vec<String>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::replacement;

    #[test]
    fn a_replacement_is_the_part_that_differs() {
        let shown = |old: &str, new: &str| {
            let (at, removed, text) = replacement(old, new);
            let mut applied = old.to_owned();
            applied.replace_range(at..at + removed.len(), &text);
            assert_eq!(applied, new);
            (at, removed, text)
        };
        assert_eq!(shown("a = false\n", "a = true\n"), (4, "fals".to_owned(), "tru".to_owned()));
        assert_eq!(shown("aa", "aaa"), (2, String::new(), "a".to_owned()));
        assert_eq!(shown("é1", "é2"), (2, "1".to_owned(), "2".to_owned()));
    }
}
