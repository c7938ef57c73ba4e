//! `orgward policy decide`.

use miette::Diagnostic;
use orgward_iam::{
    Catalogue, Decision, Layer, LayerDecision, Outcome, Request, Scenario, ScenarioError, Statement,
};
use orgward_report::{Answer, Decided, DecidedBy, Detail, LayerAnswer, Said, StatementAnswer, Style};

use super::unreadable::Unreadable;
use super::{filled, unfilled};
use crate::arguments::{AnswerFormat, DecideArguments};
use crate::exit::Exit;
use crate::input;
use crate::output::{self, Terminal};

/// Decides every scenario that can be read, and complains about the others.
pub(crate) fn run(
    arguments: &DecideArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let texts = filled(input::texts(&arguments.scenarios)?, &arguments.set);
    let (mut answers, mut exit, mut is_open) = (Vec::new(), Exit::Clean, false);
    let mut complain = |error: &Unreadable| {
        output::complain(error, terminal);
        exit = Exit::Failed;
    };
    for text in &texts {
        let scenarios = match Scenario::read(&text.text) {
            Ok(scenarios) => scenarios,
            Err(error) => {
                complain(&Unreadable::of(text, "", &error));
                continue;
            }
        };
        for scenario in scenarios {
            answers.push(scenario.map_or_else(
                |error| {
                    complain(&Unreadable::of(text, &title(&error), &error.error));
                    Answer { name: error.name.clone(), decided: Err(reason(&error)) }
                },
                |scenario| {
                    let names = scenario.policies.placeholders(&scenario.request.action);
                    if names.is_empty() {
                        return answer(&scenario);
                    }
                    is_open = true;
                    Answer { name: scenario.name.clone(), decided: Err(unfilled(&names)) }
                },
            ));
        }
    }
    let text = write(&answers, arguments.format, terminal.style(Detail::Usual));
    output::print(text.as_bytes())?;
    Ok(if is_open { Exit::Failed } else { exit })
}

fn write(answers: &[Answer], format: AnswerFormat, style: Style) -> String {
    match format {
        AnswerFormat::Terminal => orgward_report::decisions(answers, style),
        AnswerFormat::Json => orgward_report::decisions_json(answers),
    }
}

fn title(error: &ScenarioError) -> String {
    let ScenarioError { name, part, .. } = error;
    if part.is_empty() { format!("scenario `{name}`") } else { format!("scenario `{name}`: {part}") }
}

fn reason(error: &ScenarioError) -> String {
    let message = &error.error.message;
    if error.part.is_empty() { message.clone() } else { format!("{}: {message}", error.part) }
}

/// Decides one scenario.
fn answer(scenario: &Scenario) -> Answer {
    let decision = scenario.decide();
    let request = &scenario.request;
    let mut layers: Vec<_> = decision.layers.iter().collect();
    // As in a scenario, so that the two can be read side by side; levels stay in order.
    layers.sort_by_key(|said| Layer::ALL.iter().position(|layer| *layer == said.layer));
    let decided = Decided {
        principal: request.caller.to_string(),
        action: request.action.clone(),
        resource: request.resource.clone(),
        result: said(decision.outcome),
        by: decided_by(scenario, &decision),
        layers: layers.into_iter().map(|said| layer(scenario, said)).collect(),
        message: decision.message(request),
        notes: notes(request),
    };
    Answer { name: scenario.name.clone(), decided: Ok(decided) }
}

/// What may not be meant as it was written.
fn notes(request: &Request) -> Vec<String> {
    let catalogue = Catalogue::get();
    let name = &request.action;
    match catalogue.action(name) {
        None => {
            let date = catalogue.date();
            let near = catalogue.near(name).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            vec![format!("`{name}` is not among the actions of {date}, and decided all the same{near}")]
        }
        Some(action) if request.resource != "*" && !action.has_resource_types() => {
            vec![format!("`{}` is not authorized for single resources: it is decided on `*`", action.name())]
        }
        Some(_) => Vec::new(),
    }
}

fn decided_by(scenario: &Scenario, decision: &Decision) -> Option<DecidedBy> {
    let deciding = decision.deciding();
    Some(DecidedBy {
        layer: decision.decided_by?.as_str(),
        target: deciding.and_then(|deciding| target(scenario, deciding)),
        statement: deciding.and_then(|deciding| statements(scenario, deciding).into_iter().next()),
    })
}

fn layer(scenario: &Scenario, decided: &LayerDecision) -> LayerAnswer {
    LayerAnswer {
        layer: decided.layer.as_str(),
        target: target(scenario, decided),
        result: said(decided.outcome),
        statements: statements(scenario, decided),
    }
}

fn target(scenario: &Scenario, decided: &LayerDecision) -> Option<String> {
    Some(scenario.policies.level(decided.layer, decided.level)?.target.clone())
}

fn statements(scenario: &Scenario, decided: &LayerDecision) -> Vec<StatementAnswer> {
    let policies = scenario.policies.of(decided.layer, decided.level);
    let of = |(policy, statement): &(usize, usize)| {
        let named = policies.get(*policy)?;
        let found: Option<&Statement> = named.policy.statements.get(*statement);
        Some(StatementAnswer {
            policy: named.name.clone(),
            statement: *statement,
            sid: found?.sid.as_ref().map(|sid| sid.value.clone()),
        })
    };
    decided.statements.iter().filter_map(of).collect()
}

fn said(outcome: Outcome) -> Said {
    match outcome {
        Outcome::Allow => Said::Allow,
        Outcome::ExplicitDeny => Said::ExplicitDeny,
        Outcome::ImplicitDeny => Said::ImplicitDeny,
        Outcome::NotApplicable => Said::NotApplicable,
    }
}
