//! Run tasks of HCP Terraform and Terraform Enterprise: what they ask, and how they are answered.
//!
//! A task names the addresses of the plan and of the answer, and brings a token. All three come from anyone who can send a
//! request, so nothing is asked of, and no token is sent to, any host but the one that the server was started for.

use std::io::{self, Read, Write};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use miette::Diagnostic;
use orgward_report::{escape, page_of};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha512;
use thiserror::Error;
use ureq::Agent;
use ureq::http::Request;

use crate::Secret;
use crate::http::{self, ForgeError};
use orgward_report::comment::details::{details, subject};
use orgward_report::comment::document::{Document, Finding, Status};
use orgward_report::comment::verdict;

/// How long a request to the host may take, the plan included.
const TIMEOUT: Duration = Duration::from_mins(2);
/// How often the answer is sent before it is given up.
const ATTEMPTS: u32 = 4;
/// Findings that are shown with the answer.
const OUTCOMES: usize = 20;
/// Characters of a message.
const MESSAGE: usize = 500;

/// Why a task is not carried out.
#[derive(Debug, Error, Diagnostic)]
pub enum TaskError {
    /// Not the name of a host.
    #[error("`{}` is not a host of HCP Terraform", escape(.0))]
    #[diagnostic(help("give the name alone: `app.terraform.io`, or the one of your Terraform Enterprise"))]
    Host(String),
    /// Not a task.
    #[error("the request is not a run task of payload version 1")]
    Payload,
    /// An address elsewhere.
    #[error("the task names an address that is not of `{host}`: {what}")]
    Elsewhere {
        /// The host that it should be of.
        host: String,
        /// Which address.
        what: &'static str,
    },
    /// A stage without a plan.
    #[error("a task of the stage `{}` has no plan", escape(.0))]
    #[diagnostic(help("run the task in the stage `post_plan`"))]
    Stage(String),
    /// The host has no plan.
    #[error("the host has no plan as JSON: it answers with {0}")]
    NoPlan(u16),
    /// A plan beyond the limit.
    #[error("the plan has more than {0} bytes")]
    Large(u64),
    /// The connection fails.
    #[error("cannot reach the host: {0}")]
    Unreachable(String),
    /// The plan cannot be kept.
    #[error("cannot write the plan")]
    Write(#[source] io::Error),
    /// The answer is refused.
    #[error("the host refuses the answer with {0}")]
    Refused(u16),
    /// The certificates cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Forge(#[from] ForgeError),
}

/// Whether a body was signed with the key: HMAC-SHA512, in hexadecimal digits. The time that it takes says nothing about
/// the signature.
pub fn is_signed(key: &Secret, body: &[u8], signature: &str) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = signature
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    let (Some(bytes), Ok(mut mac)) = (bytes, Hmac::<Sha512>::new_from_slice(key.reveal().as_bytes())) else {
        return false;
    };
    mac.update(body);
    mac.verify_slice(&bytes).is_ok()
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "payload_version")]
    version: u32,
    access_token: String,
    stage: String,
    #[serde(default)]
    task_result_callback_url: Option<String>,
    #[serde(default)]
    plan_json_api_url: Option<String>,
    #[serde(default)]
    workspace_name: Option<String>,
}

/// A task.
#[derive(Debug)]
pub struct Task {
    token: Secret,
    callback: String,
    plan: Result<String, TaskError>,
    /// The workspace, for logs.
    pub workspace: String,
}

/// The host that tasks may come from.
#[derive(Clone, Debug)]
pub struct Host {
    origin: String,
    /// Where plans are kept, which the host redirects to. No token is sent there.
    archive: Option<String>,
}

impl Host {
    /// A host by its name; one on this machine with `http://127.0.0.1:PORT`, for tests.
    pub fn of(name: &str) -> Result<Self, TaskError> {
        let refused = || TaskError::Host(name.to_owned());
        if let Some(port) = name.strip_prefix("http://127.0.0.1:") {
            port.parse::<u16>().map_err(|_| refused())?;
            return Ok(Self { origin: name.to_owned(), archive: None });
        }
        let (host, port) = name.split_once(':').unwrap_or((name, "443"));
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if port.parse::<u16>().is_err() || !host.contains('.') || !host.split('.').all(is_label) {
            return Err(refused());
        }
        let archive = host.strip_prefix("app.").map(|rest| format!("https://archivist.{rest}"));
        Ok(Self { origin: format!("https://{name}"), archive })
    }

    /// Reads a task. `None` is the request by which the host tries whether the server is there.
    pub fn task(&self, body: &[u8]) -> Result<Option<Task>, TaskError> {
        let payload: Payload = serde_json::from_slice(body).map_err(|_| TaskError::Payload)?;
        if payload.version != 1 {
            return Err(TaskError::Payload);
        }
        if payload.stage == "test" || payload.access_token == "test-token" {
            return Ok(None);
        }
        let elsewhere = |what| TaskError::Elsewhere { host: self.origin.clone(), what };
        let callback = payload.task_result_callback_url.ok_or(TaskError::Payload)?;
        if !is_below(&callback, &self.origin) {
            return Err(elsewhere("task_result_callback_url"));
        }
        let plan = match payload.plan_json_api_url.filter(|url| !url.is_empty()) {
            Some(plan) if is_below(&plan, &self.origin) => Ok(plan),
            Some(_) => return Err(elsewhere("plan_json_api_url")),
            None => Err(TaskError::Stage(payload.stage)),
        };
        Ok(Some(Task {
            token: Secret::new(&payload.access_token),
            callback,
            plan,
            workspace: payload.workspace_name.unwrap_or_default(),
        }))
    }

    /// Writes the plan of a task, as JSON, up to a limit.
    pub fn fetch(&self, task: &Task, limit: u64, to: &mut impl Write) -> Result<(), TaskError> {
        let plan = match &task.plan {
            Ok(plan) => plan,
            Err(TaskError::Stage(stage)) => return Err(TaskError::Stage(stage.clone())),
            Err(_) => return Err(TaskError::Payload),
        };
        let agent = http::agent(TIMEOUT)?;
        let mut response = send(&agent, plan, Some(&task.token))?;
        if response.status().is_redirection() {
            let to = response.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
            let to = if to.starts_with('/') { format!("{}{to}", self.origin) } else { to.to_owned() };
            let mut known = std::iter::once(&self.origin).chain(&self.archive);
            if !known.any(|origin| is_below(&to, origin)) {
                return Err(TaskError::Elsewhere {
                    host: self.origin.clone(),
                    what: "the redirection to the plan",
                });
            }
            // The address is a secret by itself, and the token is not for it.
            response = send(&agent, &to, None)?;
        }
        if response.status().as_u16() != 200 {
            return Err(TaskError::NoPlan(response.status().as_u16()));
        }
        let mut body = response.body_mut().with_config().limit(limit + 1).reader().take(limit + 1);
        match io::copy(&mut body, to) {
            Ok(length) if length > limit => Err(TaskError::Large(limit)),
            Ok(_) => to.flush().map_err(TaskError::Write),
            Err(error) => Err(TaskError::Unreachable(escape(&error.to_string()).into_owned())),
        }
    }

    /// Answers a task. Whatever is not known to be in order has failed.
    pub fn answer(&self, task: &Task, answer: &Answer) -> Result<(), TaskError> {
        let agent = http::agent(TIMEOUT)?;
        let body = answer.json().to_string();
        let mut last = TaskError::Refused(0);
        for attempt in 0..ATTEMPTS {
            std::thread::sleep(Duration::from_millis(500) * attempt);
            let request = Request::patch(&task.callback)
                .header("authorization", format!("Bearer {}", task.token.reveal()))
                .header("content-type", "application/vnd.api+json")
                .body(body.clone());
            let sent = request.map_err(ureq::Error::from).and_then(|request| agent.run(request));
            last = match sent.map(|response| response.status().as_u16()) {
                Ok(200..300) => return Ok(()),
                Ok(status @ (429 | 500..600)) => TaskError::Refused(status),
                Ok(status) => return Err(TaskError::Refused(status)),
                Err(error) => TaskError::Unreachable(escape(&error.to_string()).into_owned()),
            };
        }
        Err(last)
    }
}

fn send(
    agent: &Agent,
    url: &str,
    token: Option<&Secret>,
) -> Result<ureq::http::Response<ureq::Body>, TaskError> {
    let mut request = Request::get(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {}", token.reveal()));
    }
    let sent = request.body(()).map_err(ureq::Error::from).and_then(|request| agent.run(request));
    // The address of a plan that was redirected is a secret.
    sent.map_err(|error| match error {
        ureq::Error::BadUri(_) => TaskError::Unreachable("the address is not valid".to_owned()),
        other => TaskError::Unreachable(escape(&other.to_string()).into_owned()),
    })
}

/// Whether an address is on a host: nothing but a path follows the name.
fn is_below(url: &str, origin: &str) -> bool {
    let path = url.strip_prefix(origin).filter(|path| path.starts_with('/'));
    path.is_some_and(|path| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'))
}

/// The answer to a task.
#[derive(Debug)]
pub struct Answer {
    passed: bool,
    message: String,
    outcomes: Vec<Value>,
}

impl Answer {
    /// What a review says: `passed` only where the program said so, too.
    pub fn of(document: &Document, exit: Option<i32>) -> Self {
        let front =
            document.findings.iter().filter(|finding| finding.blocks || finding.status == Status::New);
        Self {
            passed: exit == Some(0) && document.outcome() == orgward_finding::Outcome::Clean,
            message: verdict(document),
            outcomes: front
                .take(OUTCOMES)
                .enumerate()
                .map(|(index, finding)| outcome(index, finding))
                .collect(),
        }
    }

    /// That it could not be checked, and why.
    pub fn failed(why: &str) -> Self {
        Self { passed: false, message: format!("the plan could not be checked: {why}"), outcomes: Vec::new() }
    }

    /// One line, for logs.
    pub fn line(&self) -> String {
        let word = if self.passed { "passed" } else { "failed" };
        format!("{word}: {}", escape(&self.message))
    }

    fn json(&self) -> Value {
        let message: String = self.message.chars().take(MESSAGE).collect();
        let status = if self.passed { "passed" } else { "failed" };
        json!({ "data": {
            "type": "task-results",
            "attributes": { "status": status, "message": format!("orgward: {message}") },
            "relationships": { "outcomes": { "data": self.outcomes } },
        } })
    }
}

fn outcome(index: usize, finding: &Finding) -> Value {
    let level = if finding.blocks { "error" } else { "warning" };
    json!({
        "type": "task-result-outcomes",
        "attributes": {
            "outcome-id": format!("{}-{}", index + 1, finding.fingerprint),
            "description": format!("{}: {}: {}", finding.rule, subject(finding), finding.message)
                .chars().take(MESSAGE).collect::<String>(),
            "tags": {
                "Severity": [{ "label": finding.severity.as_str(), "level": level }],
                "Rule": [{ "label": finding.rule }],
            },
            "body": details(finding, &[], true, None),
            "url": page_of(&finding.rule),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A published value: RFC 4231, test case 2.
    #[test]
    fn a_signature_is_hmac_sha512() {
        let key = Secret::new("Jefe");
        let good = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
        let body = b"what do ya want for nothing?";
        assert!(is_signed(&key, body, good));
        assert!(!is_signed(&key, b"what do ya want for nothing!", good));
        for bad in ["", "16", "1", "zz", &good[..126], &format!("{good}00"), &good.replacen('1', "2", 1)] {
            assert!(!is_signed(&key, body, bad), "{bad}");
        }
    }

    #[test]
    fn only_addresses_of_the_host_are_asked() {
        let host = Host::of("app.terraform.io").unwrap();
        let task = |callback: &str, plan: &str| {
            let body = json!({
                "payload_version": 1, "access_token": "t", "stage": "post_plan",
                "task_result_callback_url": callback, "plan_json_api_url": plan,
            });
            host.task(body.to_string().as_bytes())
        };
        let good = "https://app.terraform.io/api/v2/x";
        assert!(task(good, good).unwrap().is_some());
        for bad in [
            "https://app.terraform.io.evil.example/x",
            "https://app.terraform.io@evil.example/x",
            "https://app.terraform.io:8443/x",
            "http://app.terraform.io/x",
            "https://169.254.169.254/latest/meta-data",
            "https://app.terraform.io",
            "https://app.terraform.io/a b",
            "https://app.terraform.io\\@evil.example/",
            "file:///etc/passwd",
        ] {
            assert!(matches!(task(bad, good), Err(TaskError::Elsewhere { .. })), "{bad}");
            assert!(matches!(task(good, bad), Err(TaskError::Elsewhere { .. })), "{bad}");
        }
        for name in
            ["", "localhost", "http://app.terraform.io", "a/b.c", "app.terraform.io/x", "x@y.z", "a..b"]
        {
            assert!(Host::of(name).is_err(), "{name}");
        }
    }
}
