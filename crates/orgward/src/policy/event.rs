//! `orgward policy decide --event`.

use miette::Diagnostic;
use orgward_iam::{Arn, Caller, DecodedMessage, Event, PartialRequest, Skipped, UNKNOWN_PART};
use orgward_org::{Change, NodeId, Organization};
use orgward_proof::access::Access;
use orgward_proof::apply::{Denial, Policies, ways};
use orgward_report::{
    Detail, EventAnswer, EventAsked, EventDenial, EventVerdict, event_answers, event_answers_json,
};
use serde_json::Value;
use thiserror::Error;

use crate::arguments::{AnswerFormat, DecideArguments};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::{config, input, source};

/// Why events cannot be decided.
#[derive(Debug, Error, Diagnostic)]
enum EventError {
    #[error("there is no organization to decide the event against")]
    #[diagnostic(help(
        "give the state of the organization's own stack with `--org`, and the plan, if there is one, with `--plan`"
    ))]
    NoOrganization,
    #[error(
        "`{}` is neither a record of CloudTrail nor a decoded authorization message",
        orgward_report::escape(name)
    )]
    #[diagnostic(help(
        "give a record as CloudTrail writes it, or what `aws sts decode-authorization-message` prints"
    ))]
    Shape { name: String },
}

/// Something that was really asked.
enum Asked {
    /// A record of CloudTrail, as JSON.
    Record(String),
    /// A message that came with a refusal.
    Message(DecodedMessage),
}

/// Says of each event which statement of which level denies it, what would have to change, and whether a plan does.
pub(crate) fn run(
    arguments: &DecideArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let mut events = Vec::new();
    for text in input::texts(&arguments.event)? {
        let found = read(&text.text).ok_or_else(|| EventError::Shape { name: text.name.clone() })?;
        let several = found.len() > 1;
        for (number, asked) in found.into_iter().enumerate() {
            let name = if several { format!("{} {}", text.name, number + 1) } else { text.name.clone() };
            events.push((name, asked));
        }
    }
    let plans = input::expanded(&arguments.plan)?;
    let documents = input::read_all(plans.iter().chain(&input::expanded(&arguments.org)?))?;
    if documents.is_empty() {
        return Err(EventError::NoOrganization.into());
    }
    let parsed = source::parsed(&documents, &plans, (&config, &arguments.config), &arguments.source)?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    crate::progress::stage("building the organization");
    let organization = Organization::of(plans, context, &config.declared());
    let change = organization.as_ref();
    let (before, after) = (Access::of(change.before), Access::of(change.after));
    let policies = Change { before: Policies::of(&before), after: Policies::of(&after) };
    let answers: Vec<EventAnswer> = events
        .iter()
        .map(|(name, asked)| EventAnswer {
            name: name.clone(),
            asked: decided(asked, change, &policies, !plans.is_empty()),
        })
        .collect();
    let text = match arguments.format {
        AnswerFormat::Terminal => event_answers(&answers, terminal.style(Detail::Usual)),
        AnswerFormat::Json => event_answers_json(&answers),
    };
    output::print(text.as_bytes())?;
    Ok(if answers.iter().all(|answer| answer.asked.is_ok()) { Exit::Clean } else { Exit::Failed })
}

/// The events of a text: one, a list, or one after the other; `None` where one of them is something else.
fn read(text: &str) -> Option<Vec<Asked>> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        add(value.ok()?, &mut found)?;
    }
    (!found.is_empty()).then_some(found)
}

fn add(value: Value, found: &mut Vec<Asked>) -> Option<()> {
    match value {
        Value::Array(values) => values.into_iter().try_for_each(|value| add(value, found)),
        Value::Object(mut object) => {
            // Files of CloudTrail, `aws cloudtrail lookup-events`, and events of EventBridge.
            for list in ["Records", "Events"] {
                if let Some(values @ Value::Array(_)) = object.remove(list) {
                    return add(values, found);
                }
            }
            for text in ["CloudTrailEvent", "DecodedMessage"] {
                if let Some(Value::String(text)) = object.get(text) {
                    return add(serde_json::from_str(text).ok()?, found);
                }
            }
            if let Some(detail @ Value::Object(_)) = object.remove("detail") {
                return add(detail, found);
            }
            let is_record = object.contains_key("eventName");
            let value = Value::Object(object);
            found.push(if is_record {
                Asked::Record(value.to_string())
            } else {
                Asked::Message(serde_json::from_value(value).ok()?)
            });
            Some(())
        }
        _ => None,
    }
}

fn decided(
    asked: &Asked,
    change: Change<&Organization>,
    policies: &Change<Policies<'_, '_>>,
    planned: bool,
) -> Result<EventAsked, String> {
    let (mut request, told, mut notes) = match asked {
        Asked::Record(text) => {
            let event: Event<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
            let request = event.attempt().map_err(|why| reason(why).to_owned())?;
            let said = event.error_message.as_deref().or(event.error_code.as_deref());
            (request, said.map(str::to_owned), Vec::new())
        }
        Asked::Message(message) => of_message(message, change.after)?,
    };
    let account = match &request.request.caller {
        Caller::Arn(arn) => Arn::parse(arn).map(|arn| arn.account.to_owned()).unwrap_or_default(),
        _ => String::new(),
    };
    let resource =
        (!request.request.resource.contains(UNKNOWN_PART)).then(|| request.request.resource.clone());
    let owner = resource.as_deref().and_then(Arn::parse).map(|arn| arn.account.to_owned());
    let owner = owner.filter(|owner| orgward_iam::is_account_id(owner)).unwrap_or_else(|| account.clone());
    request.request.resource_account = Some(owner.clone());

    let here = Change { before: find(change.before, &account), after: find(change.after, &account) };
    let (Some(before), place) = (here.before.or(here.after), place(change, here, &account)) else {
        return Err(format!("no input shows account `{account}`, from which it was made"));
    };
    let verdict = |policies: &Policies<'_, '_>, org: &Organization, at: Option<NodeId>| match at {
        Some(at) => verdict(policies, org, at, &owner, &request),
        None => EventVerdict::default(),
    };
    let now = verdict(&policies.before, change.before, here.before);
    let then = planned.then(|| verdict(&policies.after, change.after, here.after));
    if change.before.management_of(before) == Some(before) {
        notes.push("no policy of the organization binds the management account".to_owned());
    }
    if now.denials.is_empty() && policies.before.may_allow(&request) == Some(false) {
        notes.push("none of the policies that the inputs show of the principal allows it".to_owned());
    }
    if now.denials.is_empty() && told.as_deref().is_some_and(|told| told.contains("explicit deny")) {
        notes.push("AWS denied it; what did is in no input, or has changed since".to_owned());
    }
    Ok(EventAsked {
        principal: match &request.request.caller {
            Caller::Arn(arn) => arn.replace(UNKNOWN_PART, "*"),
            other => other.to_string(),
        },
        action: request.request.action.clone(),
        resource,
        place,
        told,
        before: now,
        after: then,
        notes,
    })
}

/// The request of a decoded message, what AWS found, and what is to be said of it.
fn of_message(
    message: &DecodedMessage,
    organization: &Organization,
) -> Result<(PartialRequest, Option<String>, Vec<String>), String> {
    let arn = &message.context.principal.arn;
    let mut notes = Vec::new();
    let session = arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
    let caller = match session {
        Some(name) => {
            let account = Arn::parse(arn).map(|arn| arn.account).unwrap_or_default();
            let role = role(organization, account, name);
            if role.is_none() {
                notes.push(format!("no input shows the role `{name}`, so its path is unknown"));
            }
            role
        }
        None => Some(arn.clone()),
    };
    let request = message.request(caller.as_deref()).ok_or("its principal is no ARN")?;
    let denying = message.matched_statements.items.iter().filter(|it| it.effect.eq_ignore_ascii_case("deny"));
    let named: Vec<String> =
        denying.map(|it| format!("`{}`", it.statement_id)).filter(|it| it.len() > 2).collect();
    let told = match (message.explicit_deny, named.as_slice()) {
        (true, []) => "explicit deny".to_owned(),
        (true, named) => format!("explicit deny by statement {}", named.join(" and ")),
        (false, _) => "no statement allows it".to_owned(),
    };
    Ok((request, Some(told), notes))
}

/// The ARN of the role with a name in an account, where the inputs show one.
fn role(organization: &Organization, account: &str, name: &str) -> Option<String> {
    let all = organization.roles().filter_map(|role| organization.iam_arn(role.id)?.text("*"));
    let mut fitting = all.filter(|arn| {
        Arn::parse(arn).is_some_and(|it| it.account == account)
            && arn.rsplit_once('/').is_some_and(|(_, last)| last == name)
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

fn reason(why: Skipped) -> &'static str {
    match why {
        Skipped::NoCall => "it is no call of an API",
        Skipped::Failed => "it failed",
        Skipped::Unbound => "a service or a service-linked role made it, which no SCP or RCP binds",
        Skipped::Incomplete => "it does not say who made it, or for what",
    }
}

fn find(organization: &Organization, id: &str) -> Option<NodeId> {
    organization
        .accounts()
        .find(|account| account.node.id.as_ref().known().is_some_and(|known| known.expose() == id))
        .map(|account| account.id)
}

fn place(change: Change<&Organization>, here: Change<Option<NodeId>>, account: &str) -> String {
    let before = here.before.map(|at| change.before.path(at));
    let path = before.or_else(|| here.after.map(|at| change.after.path(at))).unwrap_or_default();
    if path.is_empty() { account.to_owned() } else { format!("{account} (`{path}`)") }
}

fn verdict(
    policies: &Policies<'_, '_>,
    organization: &Organization,
    account: NodeId,
    owner: &str,
    request: &PartialRequest,
) -> EventVerdict {
    let (denials, undecided) = policies.denials(account, find(organization, owner), request);
    EventVerdict {
        denials: denials.iter().map(|denial| shown(denial, &request.request.action)).collect(),
        undecided: undecided.into_iter().map(|reason| reason.text).collect(),
    }
}

fn shown(denial: &Denial<'_>, action: &str) -> EventDenial {
    let Some((_, statement)) = denial.statement else {
        return EventDenial {
            policy: denial.by.clone(),
            statement: None,
            change: format!("allow `{action}` there"),
        };
    };
    let secret = denial.document.is_some_and(|document| document.text.is_sensitive());
    let sid = statement.sid.as_ref().filter(|_| !secret).map(|sid| sid.value.clone());
    let mut all = if secret { Vec::new() } else { ways(statement) };
    all.push(format!("take `{action}` or the principal out of the statement"));
    EventDenial {
        policy: denial.by.clone(),
        statement: sid.or_else(|| denial.number().map(|number| number.to_string())),
        change: all.join(", or "),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, read};

    const RECORD: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"CreateBucket"}"#;
    const MESSAGE: &str = r#"{"allowed":false,"context":{"principal":{"arn":"arn:aws:iam::222222222222:user/a"},"action":"s3:CreateBucket"}}"#;

    fn kinds(text: &str) -> String {
        let all = read(text).unwrap_or_default();
        all.iter().map(|it| if matches!(it, Asked::Record(_)) { 'r' } else { 'm' }).collect()
    }

    #[test]
    fn every_shape_is_read() {
        let quoted = serde_json::to_string(RECORD).unwrap();
        let decoded = serde_json::to_string(MESSAGE).unwrap();
        for (text, expected) in [
            (RECORD.to_owned(), "r"),
            (format!("{RECORD}\n{RECORD}\n"), "rr"),
            (format!("[{RECORD},{MESSAGE}]"), "rm"),
            (format!("{{\"Records\":[{RECORD}]}}"), "r"),
            (format!("{{\"Events\":[{{\"EventId\":\"x\",\"CloudTrailEvent\":{quoted}}}]}}"), "r"),
            (format!("{{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{RECORD}}}"), "r"),
            (format!("{{\"DecodedMessage\":{decoded}}}"), "m"),
            ("{}".to_owned(), ""),
            ("[1]".to_owned(), ""),
            ("eventName".to_owned(), ""),
        ] {
            assert_eq!(kinds(&text), expected, "{text}");
        }
    }
}
