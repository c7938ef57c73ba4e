//! `orgward access`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_config::Config;
use orgward_iam::{Claim, ClaimSpec};
use orgward_org::{Change, Organization};
use orgward_plan::{Missing, Plan};
use orgward_proof::access::{Access, Edge, Outsider, Standing, Step, Who};
use orgward_proof::questions::{self, NoPlace, Questions, Reply, Route};
use orgward_report::{AccessView, CapView, GrantView, OfView, PathView, StepView, WhoEntry, WhoView};
use thiserror::Error;

use crate::arguments::{AccessCommand, AccessFormat, AccessInputs};
use crate::exit::Exit;
use crate::{config, discover, input, output, source};

/// Why a question about access cannot be answered.
#[derive(Debug, Error, Diagnostic)]
enum AccessError {
    #[error("no principal of the inputs is called `{}`", orgward_report::escape(.0))]
    #[diagnostic(help("name it by its ARN, or by the address of its resource"))]
    NoPrincipal(String),
    #[error("`{}` is no action that a policy could name", orgward_report::escape(.0))]
    #[diagnostic(help("for example `s3:GetObject`"))]
    NoAction(String),
    #[error("`{}` is no place of principals: {wrong}", orgward_report::escape(.text))]
    #[diagnostic(help("for example `{example}`"))]
    NoPlace { text: String, wrong: &'static str, example: &'static str },
    #[error("`{}` matches nothing in the inputs", orgward_report::escape(.0))]
    #[diagnostic(help("correct it, or give the state of the organization with `--org`"))]
    Nothing(String),
}

type Failure = Box<dyn Diagnostic + Send + Sync>;

pub(crate) fn run(command: &AccessCommand) -> Result<Exit, Failure> {
    let text = match command {
        AccessCommand::Diff(arguments) => on(&arguments.inputs, &arguments.plans, |change, _| {
            let change = orgward_rules::access_change(change);
            Ok(match arguments.inputs.format {
                AccessFormat::Json => orgward_report::access_change_json(&change),
                AccessFormat::Markdown => orgward_report::access_change_markdown(&change),
                AccessFormat::Text | AccessFormat::Mermaid | AccessFormat::Svg => {
                    orgward_report::access_change(&change)
                }
            })
        })?,
        AccessCommand::WhoCan(arguments) => on(&arguments.inputs, &arguments.plan, |change, _| {
            let view = who(&change.after, &arguments.action, arguments.resource.as_deref())?;
            Ok(written(arguments.inputs.format, orgward_report::who(&view), || {
                orgward_report::who_json(&view)
            }))
        })?,
        AccessCommand::Of(arguments) => on(&arguments.inputs, &arguments.plan, |change, _| {
            let view = of(&change.after, &arguments.principal)?;
            Ok(written(arguments.inputs.format, orgward_report::of(&view), || orgward_report::of_json(&view)))
        })?,
        AccessCommand::Path(arguments) => on(&arguments.inputs, &arguments.plan, |change, config| {
            let view = path(&change.after, config, &arguments.from, &arguments.to)?;
            match arguments.inputs.format {
                AccessFormat::Mermaid => return Ok(orgward_report::path_mermaid(&view)),
                AccessFormat::Svg => return Ok(orgward_report::path_svg(&view)),
                AccessFormat::Text | AccessFormat::Json | AccessFormat::Markdown => {}
            }
            Ok(written(arguments.inputs.format, orgward_report::path(&view), || {
                orgward_report::path_json(&view)
            }))
        })?,
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn written(format: AccessFormat, text: String, json: impl FnOnce() -> String) -> String {
    match format {
        AccessFormat::Json => json(),
        AccessFormat::Markdown => orgward_report::fenced(&text),
        AccessFormat::Text | AccessFormat::Mermaid | AccessFormat::Svg => text,
    }
}

/// Reads the inputs and asks a question.
fn on(
    inputs: &AccessInputs,
    plans: &[PathBuf],
    ask: impl FnOnce(&Change<Organization>, &Config) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let config = config::load(&inputs.config)?;
    let plans = if !plans.is_empty() {
        plans.to_vec()
    } else if inputs.org.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        // With the organization given, a plan in the folder is asked about, too, and none has to be there.
        discover::plan(Path::new(".")).into_iter().collect()
    };
    let documents = input::read_all(plans.iter().chain(&inputs.org))?;
    let parsed = source::parsed(&documents, &plans, (&config, &inputs.config), &inputs.source)?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    crate::progress::stage("building the organization");
    let change = Organization::of(plans, context, &config.declared());
    let text = ask(&change, &config)?;
    // Answers quote ARNs and patterns of policies, which may have a sensitive value in them.
    let clean = |text: String, plan: &Plan<'_>| plan.redacted(&text).unwrap_or(text);
    Ok(parsed.iter().fold(text, clean))
}

fn who(org: &Organization, action: &str, resource: Option<&str>) -> Result<WhoView, Failure> {
    let spec = ClaimSpec {
        actions: Some(vec![action.to_owned()]),
        resources: resource.map(|resource| vec![resource.to_owned()]),
        ..ClaimSpec::default()
    };
    let claim = Claim::new(spec).map_err(|_| AccessError::NoAction(action.to_owned()))?;
    let access = Access::of(org);
    let mut principals = Vec::new();
    for reached in access.who(&claim, true) {
        let certainty = if reached.certain { "certain" } else { "possible" };
        let by = reached.by.as_ref().map(ToString::to_string);
        let grant = |policy: String| GrantView {
            policy,
            statement: None,
            sid: None,
            standing: reached.standing.unwrap_or("identity").to_owned(),
        };
        let outside = |principal: String, account: Option<String>| WhoEntry {
            principal,
            address: None,
            account,
            cohort: None,
            certainty,
            unknowns: Vec::new(),
            grant: grant(by.clone().unwrap_or_default()),
            capped_by: Vec::new(),
        };
        match &reached.who {
            Who::Outsider(who) => {
                let account = if let Outsider::Account(id) = who { Some(id.clone()) } else { None };
                principals.push(outside(who.principal(), account));
            }
            Who::Subject(id) => {
                let Some(subject) = access.subject(*id) else { continue };
                let own = subject.grant_of(&reached.request).filter(|_| by.is_none());
                let grant = match own {
                    Some((held, statement)) => GrantView {
                        policy: held.address.map_or_else(|| held.name.to_string(), ToString::to_string),
                        statement: held.policy.statements.iter().position(|it| std::ptr::eq(it, statement)),
                        sid: statement.sid.as_ref().map(|sid| sid.value.clone()),
                        standing: "identity".to_owned(),
                    },
                    None => grant(by.clone().unwrap_or_default()),
                };
                let unknowns = if reached.certain { Vec::new() } else { subject.unknowns.clone() };
                let unknowns = unknowns.into_iter().chain(reached.doubt.clone()).collect();
                principals.push(WhoEntry {
                    principal: subject.shown(org),
                    address: subject.node.address.as_ref().map(ToString::to_string),
                    account: subject.account_text.as_ref().map(|account| org.render(account)),
                    cohort: Some(subject.cohort + 1),
                    certainty,
                    unknowns,
                    grant,
                    capped_by: access
                        .caps_of(*id, &claim)
                        .into_iter()
                        .map(|(layer, policy)| CapView { layer, policy })
                        .collect(),
                });
            }
        }
    }
    add_possible(&access, &claim, &mut principals);
    let mut view = WhoView::new(action.to_owned(), resource.map(str::to_owned), principals);
    view.undecided = access.unread_policies(&claim);
    view.undecided.extend(missing(org, orgward_proof::access::services(&claim).as_ref()));
    Ok(view)
}

/// Adds those of whom more is unknown: principals with policies that cannot be read, and those that policies of resources
/// name and no input describes.
fn add_possible(access: &Access<'_>, claim: &Claim, principals: &mut Vec<WhoEntry>) {
    let org = access.organization();
    // What cannot be read may let a principal do anything.
    let mut listed: BTreeSet<String> = principals.iter().map(|it| it.principal.clone()).collect();
    for (id, subject) in access.subjects().filter(|(_, subject)| !subject.unknowns.is_empty()) {
        let principal = subject.shown(org);
        if !listed.contains(&principal)
            && let Reply::Undecided(_) = access.can(id, claim)
        {
            let grant = GrantView {
                policy: subject.unread.first().map(|it| it.address.to_string()).unwrap_or_default(),
                statement: None,
                sid: None,
                standing: "identity".to_owned(),
            };
            principals.push(WhoEntry {
                principal,
                address: subject.node.address.as_ref().map(ToString::to_string),
                account: subject.account_text.as_ref().map(|account| org.render(account)),
                cohort: Some(subject.cohort + 1),
                certainty: "possible",
                unknowns: subject.unknowns.clone(),
                grant,
                capped_by: Vec::new(),
            });
        }
    }
    for named in access.named_by_resources(claim) {
        let principal = org.render(&named.principal);
        if listed.insert(principal.clone()) {
            principals.push(WhoEntry {
                principal,
                address: None,
                account: named.account.as_ref().map(|account| org.render(account)),
                cohort: None,
                certainty: if named.doubt.is_none() { "certain" } else { "possible" },
                unknowns: named.doubt.into_iter().collect(),
                grant: GrantView {
                    policy: named.by.to_string(),
                    statement: None,
                    sid: None,
                    standing: named.standing.to_owned(),
                },
                capped_by: Vec::new(),
            });
        }
    }
}

/// What the inputs do not show and an answer about some services may depend on.
fn missing(org: &Organization, services: Option<&BTreeSet<String>>) -> Vec<String> {
    let missing = org.not_read().iter().filter(|it| it.concerns(services));
    Missing::of(missing).iter().map(ToString::to_string).collect()
}

fn of(org: &Organization, principal: &str) -> Result<OfView, Failure> {
    let access = Access::of(org);
    let named = access.named(principal).and_then(|id| Some((id, access.subject(id)?)));
    let Some((id, subject)) = named else {
        return Err(AccessError::NoPrincipal(principal.to_owned()).into());
    };
    let account = subject.account_text.as_ref().map(|account| org.render(account));
    let mut view = OfView::new(subject.shown(org), account, *access.standing(id) == Standing::Administrator);
    let entries = access.summary(id).into_iter().chain(access.by_resources(id));
    let entry = |entry: orgward_proof::access::Entry| AccessView {
        service: entry.service,
        levels: entry.levels.into_iter().map(orgward_proof::access::Level::as_str).collect(),
        actions: entry.actions,
        resources: entry.resources.iter().map(|it| org.render(it)).collect(),
        by: entry.by.map(|address| address.to_string()),
    };
    view.access = entries.map(entry).collect();
    view.capped_by =
        access.capped_by(id).into_iter().map(|(layer, policy)| CapView { layer, policy }).collect();
    view.unknowns.clone_from(&subject.unknowns);
    view.unknowns.extend(access.unread_resources(id));
    view.undecided = missing(org, None);
    Ok(view)
}

fn path(org: &Organization, config: &Config, from: &str, to: &str) -> Result<PathView, Failure> {
    let place = |text: &str| {
        questions::place(text).map_err(|NoPlace { text, wrong, example }| AccessError::NoPlace {
            text,
            wrong,
            example,
        })
    };
    let (start, end) = (place(from)?, place(to)?);
    let questions = Questions::of(org, &config.structure, &config.guardrails);
    for (place, text) in [(&start, from), (&end, to)] {
        if !questions.means(place) {
            return Err(AccessError::Nothing(text.to_owned()).into());
        }
    }
    let access = questions.access();
    let shown = |id| access.subject(id).map(|subject| subject.shown(org)).unwrap_or_default();
    let step = |from: String, to: String, edge: &Edge| StepView {
        from,
        to,
        edge: edge.kind.as_str(),
        actions: edge.requests.iter().map(|it| it.action.clone()).collect(),
    };
    let (verdict, steps) = match questions.route(&start, &end) {
        Route::None => ("none", Vec::new()),
        Route::Undecided(why) => {
            let mut view = PathView::new(start.to_string(), end.to_string(), "undecided", Vec::new());
            view.why = Some(why);
            return Ok(view);
        }
        Route::FromOutside(way) => {
            let mut steps = vec![step("outside".to_owned(), shown(way.entry), &way.edge)];
            let each = |it: &Step| step(shown(it.from.subject()), shown(it.to.subject()), &it.edge);
            steps.extend(way.steps.iter().map(each));
            ("reached", steps)
        }
        Route::Certain(path) => {
            let each = |it: &Step| step(shown(it.from.subject()), shown(it.to.subject()), &it.edge);
            ("reached", path.iter().map(each).collect())
        }
    };
    Ok(PathView::new(start.to_string(), end.to_string(), verdict, steps))
}
