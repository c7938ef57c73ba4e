//! Talks to the API of a forge: patiently, and to nobody else.

use std::env;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use miette::Diagnostic;
use orgward_report::escape;
use serde::de::DeserializeOwned;
use thiserror::Error;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// The longest answer that is read.
const ANSWER: u64 = 64 << 20;
/// How much of a complaint is passed on.
const COMPLAINT: usize = 300;

/// Why a forge did not do what it was asked.
#[derive(Debug, Error, Diagnostic)]
pub enum ForgeError {
    #[error("cannot reach `{host}`: {reason}")]
    #[diagnostic(help(
        "proxies are read from `HTTPS_PROXY`, certificates of an authority of your own from `SSL_CERT_FILE`"
    ))]
    /// The host does not answer.
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The file of certificates cannot be used.
    #[error("cannot read the certificates in `{file}`")]
    #[diagnostic(help("`SSL_CERT_FILE` names a file in PEM format"))]
    Certificates {
        /// The file.
        file: String,
    },
    /// The token is not accepted.
    #[error("`{host}` does not accept the token: {complaint}")]
    #[diagnostic(help("the token may have expired, or be one of another forge"))]
    Unauthorized {
        /// The host.
        host: String,
        /// What the host says.
        complaint: String,
    },
    /// The token may not write.
    #[error("the token may not do this: {complaint}")]
    #[diagnostic(help("on GitHub it needs `pull-requests: write`, on GitLab the scope `api`"))]
    Forbidden {
        /// What the host says.
        complaint: String,
    },
    /// The host does not have it.
    #[error("`{host}` does not know `{path}`")]
    #[diagnostic(help("it is not there, or the token may not see it: check `--repo` and `--pull-request`"))]
    Missing {
        /// The host.
        host: String,
        /// The path of the request.
        path: String,
    },
    /// The host sends the request elsewhere.
    #[error("`{host}` has moved `{path}`")]
    #[diagnostic(help("give the new name with `--repo`; the token is not sent after a redirection"))]
    Moved {
        /// The host.
        host: String,
        /// The path of the request.
        path: String,
    },
    /// The host does not accept the text.
    #[error("`{host}` refuses the comment: {complaint}")]
    Refused {
        /// The host.
        host: String,
        /// What the host says.
        complaint: String,
    },
    /// The host asks to wait longer than is worth it.
    #[error("`{host}` asks to wait for {wait} seconds, which is too long for a job")]
    #[diagnostic(help("run the job again later"))]
    RateLimit {
        /// The host.
        host: String,
        /// How many seconds it asks to wait.
        wait: u64,
    },
    /// Another status.
    #[error("`{host}` answers with {status}: {complaint}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// What the host says.
        complaint: String,
    },
    #[error("`{host}` answers with something else than it should")]
    #[diagnostic(help(
        "check `--api-url`: it is the address of the API, such as `https://github.example.com/api/v3`"
    ))]
    /// The answer is not what the API promises.
    Answer {
        /// The host.
        host: String,
    },
    /// Another job overwrites the comment again and again.
    #[error("another job keeps writing the same comment")]
    #[diagnostic(help("give every job a name of its own with `--stack`"))]
    Contested,
    /// The forge cannot fold comments away.
    #[error("GitLab cannot hide notes")]
    #[diagnostic(help("use `--mode update` or `--mode recreate`"))]
    CannotHide,
    /// The forge cannot comment on lines.
    #[error("comments on lines are for GitHub only")]
    #[diagnostic(help("leave `--inline` out"))]
    CannotRemark,
}

/// How long to go on trying.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often a request is sent at most.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each one after that.
    pub pause: Duration,
    /// The longest that a forge may make us wait.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 4, pause: Duration::from_millis(500), longest: Duration::from_mins(1) }
    }
}

/// What sends requests: without redirections, with the certificates that the user names.
pub(crate) fn agent(timeout: Duration) -> Result<Agent, ForgeError> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        // A redirection would carry the token away.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .user_agent(concat!("orgward/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
        let unreadable = || ForgeError::Certificates { file: escape(&file.to_string_lossy()).into_owned() };
        let pem = fs::read(&file).map_err(|_| unreadable())?;
        let mut certificates = Vec::new();
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|_| unreadable())? {
                certificates.push(certificate);
            }
        }
        let roots = RootCerts::new_with_certs(&certificates);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    Ok(config.build().into())
}

/// An API, and the right to use it.
pub struct Api {
    agent: Agent,
    base: String,
    header: (&'static str, String),
    patience: Patience,
}

/// What a forge answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether there is another page.
    pub has_more: bool,
    text: String,
    host: String,
}

impl Answer {
    /// The answer, read.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ForgeError> {
        serde_json::from_str(&self.text).map_err(|_| ForgeError::Answer { host: self.host.clone() })
    }
}

impl Api {
    /// An API at an address, with the header that carries the token.
    pub fn new(base: &str, header: (&'static str, String), patience: Patience) -> Result<Self, ForgeError> {
        Ok(Self {
            agent: agent(Duration::from_secs(30))?,
            base: base.trim_end_matches('/').to_owned(),
            header,
            patience,
        })
    }

    /// Where the API is, for messages.
    pub fn host(&self) -> String {
        let rest = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        escape(rest.split('/').next().unwrap_or(rest)).into_owned()
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> Result<Answer, ForgeError> {
        self.send(&Method::GET, path, None)
    }

    /// Sends something.
    pub fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, ForgeError> {
        let mut attempt = 1;
        let mut pause = self.patience.pause;
        loop {
            let (error, wait) = match self.once(method, path, body) {
                Ok(answer) => return Ok(answer),
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Later(error, wait)) => (error, wait),
            };
            if let Some(wait) = wait.filter(|wait| *wait > self.patience.longest) {
                return Err(ForgeError::RateLimit { host: self.host(), wait: wait.as_secs() });
            }
            if attempt >= self.patience.attempts {
                return Err(error);
            }
            sleep(wait.unwrap_or(pause));
            attempt += 1;
            pause = (pause * 2).min(self.patience.longest);
        }
    }

    fn once(&self, method: &Method, path: &str, body: Option<&serde_json::Value>) -> Result<Answer, Refusal> {
        let host = self.host();
        let unreachable = |error: ureq::Error| {
            // What is wrong with a certificate does not pass; what is wrong with a connection may.
            let passes =
                matches!(error, ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed);
            let reason = escape(&error.to_string()).into_owned();
            let error = ForgeError::Unreachable { host: host.clone(), reason };
            if passes { Refusal::Later(error, None) } else { Refusal::Final(error) }
        };
        let text = body.map(ToString::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.base))
            .header(self.header.0, &self.header.1)
            .header("accept", "application/json");
        let sent = if body.is_some() {
            let request = request.header("content-type", "application/json").body(text);
            request
                .map_err(|error| unreachable(error.into()))
                .and_then(|request| self.agent.run(request).map_err(unreachable))
        } else {
            request
                .body(())
                .map_err(|error| unreachable(error.into()))
                .and_then(|request| self.agent.run(request).map_err(unreachable))
        };
        let mut response = sent?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response
            .body_mut()
            .with_config()
            .limit(ANSWER)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(unreachable)?;
        if (200..300).contains(&status) {
            let has_more = header(&headers, "link").is_some_and(|links| links.contains("rel=\"next\""));
            return Ok(Answer { has_more, text, host });
        }
        Err(refusal(host, path, status, &headers, &text))
    }
}

/// Why a request was not answered, and whether to ask again.
enum Refusal {
    Final(ForgeError),
    Later(ForgeError, Option<Duration>),
}

fn refusal(host: String, path: &str, status: u16, headers: &HeaderMap, text: &str) -> Refusal {
    let complaint = complaint(text);
    let wait = wait(headers);
    let is_limited = status == 429
        || status == 403
            && (wait.is_some()
                || header(headers, "x-ratelimit-remaining") == Some("0")
                || complaint.to_ascii_lowercase().contains("rate limit"));
    let path = escape(path.split('?').next().unwrap_or(path)).into_owned();
    if is_limited || matches!(status, 500 | 502 | 503 | 504) {
        return Refusal::Later(ForgeError::Status { host, status, complaint }, wait);
    }
    Refusal::Final(match status {
        300..400 => ForgeError::Moved { host, path },
        401 => ForgeError::Unauthorized { host, complaint },
        403 => ForgeError::Forbidden { complaint },
        404 | 410 => ForgeError::Missing { host, path },
        // GitLab says 400 where GitHub says 422.
        413 | 422 => ForgeError::Refused { host, complaint },
        400 if complaint.contains("too long") => ForgeError::Refused { host, complaint },
        _ => ForgeError::Status { host, status, complaint },
    })
}

/// How long a forge asks us to wait.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = header(headers, "retry-after").and_then(|text| text.trim().parse().ok()) {
        return Some(Duration::from_secs(seconds));
    }
    if header(headers, "x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let reset: u64 = header(headers, "x-ratelimit-reset")?.trim().parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(reset.saturating_sub(now) + 1))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// What a forge says is wrong.
fn complaint(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let message = value.get("message").or_else(|| value.get("error"));
    let message = match message {
        Some(serde_json::Value::String(message)) => message.clone(),
        Some(other) => other.to_string(),
        None => "no reason given".to_owned(),
    };
    let errors = value.get("errors").map(|errors| format!(" {errors}")).unwrap_or_default();
    let whole: String = format!("{message}{errors}").chars().take(COMPLAINT).collect();
    escape(&whole).into_owned()
}
