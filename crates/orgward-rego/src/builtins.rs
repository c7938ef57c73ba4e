//! `orgward.denied`, `orgward.can`, `orgward.path` and `orgward.organization`: what rules may ask the engine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};

use anyhow::{anyhow, bail};
use orgward_iam::{Claim, ClaimSpec};
use orgward_proof::EnforcedBy;
use orgward_proof::questions::{Questions, Reply};
use regorus::{Engine, Value};

/// The builtins, and how many arguments each has.
const BUILTINS: [(&str, u8); 3] = [("orgward.denied", 2), ("orgward.can", 3), ("orgward.path", 2)];

/// A call of a builtin, from the thread that evaluates rules.
pub(crate) struct Call {
    pub(crate) builtin: &'static str,
    pub(crate) arguments: Vec<Value>,
    pub(crate) reply: Sender<Result<bool, String>>,
}

/// What is assumed where something that decides is unknown. Each rule is asked under both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Assume {
    /// Nothing is denied, and everything can be done.
    Worst,
    /// Everything is denied, and nothing can be done.
    Best,
}

/// Gives an engine the builtins, which send what is asked to the thread that has the organization.
pub(crate) fn connect(engine: &mut Engine, calls: &Sender<Call>, organization: &Value) -> anyhow::Result<()> {
    for (builtin, arguments) in BUILTINS {
        let calls = calls.clone();
        let ask = move |arguments: Vec<Value>| {
            let (reply, answer) = channel();
            calls.send(Call { builtin, arguments, reply }).map_err(|_| anyhow!("the review has ended"))?;
            match answer.recv() {
                Ok(Ok(answer)) => Ok(Value::from(answer)),
                Ok(Err(why)) => bail!(why),
                Err(_) => bail!("the review has ended"),
            }
        };
        engine.add_extension(builtin.to_owned(), arguments, Box::new(ask))?;
    }
    let organization = organization.clone();
    engine.add_extension("orgward.organization".to_owned(), 0, Box::new(move |_| Ok(organization.clone())))
}

/// A builtin with its arguments.
type Question = (&'static str, String);

/// Answers calls, and remembers what was undecided.
pub(crate) struct Answers<'q, 'o> {
    questions: &'q Questions<'o>,
    known: RefCell<BTreeMap<Question, Result<Reply, String>>>,
}

impl<'q, 'o> Answers<'q, 'o> {
    pub(crate) fn of(questions: &'q Questions<'o>) -> Self {
        Self { questions, known: RefCell::new(BTreeMap::new()) }
    }

    /// The answer to a call, and why it is undecided.
    pub(crate) fn answer(&self, call: &Call, assume: Assume) -> (Result<bool, String>, Option<String>) {
        let shown: Vec<String> = call.arguments.iter().map(ToString::to_string).collect();
        let key = (call.builtin, shown.join(", "));
        let known = self.known.borrow().get(&key).cloned();
        let reply = known.unwrap_or_else(|| {
            let reply = self.reply(call);
            self.known.borrow_mut().insert(key.clone(), reply.clone());
            reply
        });
        match reply {
            Err(why) => (Err(why), None),
            Ok(Reply::Yes) => (Ok(true), None),
            Ok(Reply::No) => (Ok(false), None),
            Ok(Reply::Undecided(why)) => {
                // A protection counts where it must hold, and an exposure where it may.
                let answer = (call.builtin == "orgward.denied") == (assume == Assume::Best);
                (Ok(answer), Some(format!("`{}({})` is undecided: {why}", key.0, key.1)))
            }
        }
    }

    fn reply(&self, call: &Call) -> Result<Reply, String> {
        match (call.builtin, call.arguments.as_slice()) {
            ("orgward.denied", [claim, account]) => {
                let account = text(account, "the account")?;
                if let Value::String(id) = claim {
                    let guardrail = self
                        .questions
                        .guardrail(id)
                        .ok_or_else(|| format!("the configuration declares no guardrail `{id}`"))?;
                    return Ok(self.questions.denied(&guardrail.claim, guardrail.enforced_by, account));
                }
                let (claim, enforced_by) = claim_of(claim)?;
                Ok(self.questions.denied(&claim, enforced_by, account))
            }
            ("orgward.can", [principal, action, resource]) => {
                let resource = text(resource, "the resource")?;
                let spec = ClaimSpec {
                    actions: Some(vec![text(action, "the action")?.to_owned()]),
                    resources: (resource != "*").then(|| vec![resource.to_owned()]),
                    ..ClaimSpec::default()
                };
                let claim = Claim::new(spec).map_err(|error| error.to_string())?;
                Ok(self.questions.can(text(principal, "the principal")?, &claim))
            }
            ("orgward.path", [from, to]) => {
                let (from, to) = (text(from, "the first place")?, text(to, "the second place")?);
                self.questions.path(from, to).map_err(|it| {
                    format!(
                        "`{}` is no place of principals: {}, for example `{}`",
                        it.text, it.wrong, it.example
                    )
                })
            }
            _ => Err(format!("`{}` has other arguments", call.builtin)),
        }
    }
}

fn text<'v>(value: &'v Value, what: &str) -> Result<&'v str, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{what} must be a string, and it is {other}")),
    }
}

/// A claim as people write it in `[[guardrail]]`.
fn claim_of(value: &Value) -> Result<(Claim, EnforcedBy), String> {
    let Value::Object(object) = value else {
        return Err("the claim must be the id of a guardrail, or an object with `actions` or `not_actions`"
            .to_owned());
    };
    let mut spec = ClaimSpec::default();
    let mut enforced_by = EnforcedBy::default();
    for (key, value) in object.iter() {
        match text(key, "a key of the claim")? {
            "actions" => spec.actions = Some(texts(value, "`actions`")?),
            "not_actions" => spec.not_actions = Some(texts(value, "`not_actions`")?),
            "resources" => spec.resources = Some(texts(value, "`resources`")?),
            "not_resources" => spec.not_resources = Some(texts(value, "`not_resources`")?),
            "exempt_principals" => spec.exempt_principals = texts(value, "`exempt_principals`")?,
            "conditions" => {
                let Value::Object(operators) = value else {
                    return Err("`conditions` must be an object".to_owned());
                };
                for (operator, keys) in operators.iter() {
                    let Value::Object(keys) = keys else {
                        return Err("an operator of `conditions` must be an object".to_owned());
                    };
                    let mut written = BTreeMap::new();
                    for (key, values) in keys.iter() {
                        let key = text(key, "a condition key")?;
                        written.insert(key.to_owned(), texts(values, key)?);
                    }
                    spec.conditions.insert(text(operator, "an operator")?.to_owned(), written);
                }
            }
            "upheld_by" => {
                let word = text(value, "`upheld_by`")?;
                enforced_by = EnforcedBy::ALL
                    .into_iter()
                    .find(|each| each.as_str() == word)
                    .ok_or_else(|| format!("`{word}` is no kind of policy"))?;
            }
            other => return Err(format!("a claim has no `{other}`")),
        }
    }
    let claim = Claim::declared(spec).map_err(|error| error.to_string())?;
    Ok((claim, enforced_by))
}

fn texts(value: &Value, what: &str) -> Result<Vec<String>, String> {
    let each = |value: &Value| match value {
        Value::String(text) => Ok(text.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(_) => Ok(value.to_string()),
        _ => Err(format!("{what} must be strings")),
    };
    match value {
        Value::Array(values) => values.iter().map(each).collect(),
        Value::Set(values) => values.iter().map(each).collect(),
        other => Ok(vec![each(other)?]),
    }
}
