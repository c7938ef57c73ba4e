//! Calls to services of which a few are asked one or two questions. The crates that are generated for them would take longer
//! to build than all the rest: the SDK signs these, and they are sent as they are.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use crate::refused::Refused;

/// The longest answer that is read.
const ANSWER: u64 = 64 << 20;
const ATTEMPTS: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);
const TIMEOUT: Duration = Duration::from_mins(1);

/// Who calls, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    agent: Agent,
    credentials: Credentials,
    /// One endpoint for everything, as `AWS_ENDPOINT_URL` names it.
    endpoint: Option<String>,
    /// What names of hosts end with.
    suffix: &'static str,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call<'c> {
    /// The beginning of the name of the host; signatures name some services otherwise.
    pub(crate) service: &'static str,
    pub(crate) region: &'c str,
    pub(crate) method: &'static str,
    /// The path, with the query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Signed {
    pub(crate) fn new(credentials: Credentials, endpoint: Option<String>, partition: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        Self { agent: config.build().into(), credentials, endpoint, suffix }
    }

    /// Calls an operation of a service that speaks JSON.
    pub(crate) fn json(
        &self,
        service: &'static str,
        region: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, Refused> {
        let version = if ["sqs", "dynamodb", "streams.dynamodb"].contains(&service) { "1.0" } else { "1.1" };
        let headers = vec![
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", target.to_owned()),
        ];
        let (path, body) = ("/".to_owned(), body.to_string());
        let text = self.send(&Call { service, region, method: "POST", path, headers, body })?;
        serde_json::from_str(&text).map_err(|_| Refused {
            code: "an answer that is none".to_owned(),
            message: format!("`{target}` answers no JSON"),
        })
    }

    /// Calls an operation that is a path.
    pub(crate) fn get(&self, service: &'static str, region: &str, path: String) -> Result<Value, Refused> {
        let call = Call { service, region, method: "GET", path, headers: Vec::new(), body: String::new() };
        let text = self.send(&call)?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|_| Refused {
            code: "an answer that is none".to_owned(),
            message: format!("`{service}` answers no JSON"),
        })
    }

    /// Calls, and calls again while AWS asks to wait.
    pub(crate) fn send(&self, call: &Call<'_>) -> Result<String, Refused> {
        let mut wait = FIRST_WAIT;
        for _ in 1..ATTEMPTS {
            match self.once(call) {
                Err((_, true)) => {
                    // Those that wait for the same service do not come back at the same moment.
                    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                    let part = since.subsec_nanos() % 1000;
                    sleep(wait / 2 + wait * part / 2000);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                Err((refused, false)) => return Err(refused),
                Ok(text) => return Ok(text),
            }
        }
        self.once(call).map_err(|(refused, _)| refused)
    }

    /// Calls once; an error says whether to try again.
    fn once(&self, call: &Call<'_>) -> Result<String, (Refused, bool)> {
        let failed = |code: &str, message: String, again| (Refused { code: code.to_owned(), message }, again);
        let mut host = format!("{}.{}.{}", call.service, call.region, self.suffix);
        // The account is a part of the name.
        if let Some((_, account)) = call.headers.iter().find(|(name, _)| *name == "x-amz-account-id") {
            host = format!("{account}.{host}");
        }
        let name = match call.service {
            "api.ecr" => "ecr",
            "streams.dynamodb" => "dynamodb",
            "s3-control" => "s3",
            service => service,
        };
        let base = self.endpoint.clone().unwrap_or_else(|| format!("https://{host}"));
        let uri = format!("{base}{}", call.path);
        let identity = self.credentials.clone().into();
        let mut settings = SigningSettings::default();
        if name == "s3" {
            settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
            settings.percent_encoding_mode = aws_sigv4::http_request::PercentEncodingMode::Single;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(call.region)
            .name(name)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| failed("no request", error.to_string(), false))?
            .into();
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(call.body.as_bytes());
        let signable = SignableRequest::new(call.method, uri.as_str(), headers, body);
        let signed = signable.and_then(|signable| sign(signable, &parameters));
        let (instructions, _) =
            signed.map_err(|error| failed("no request", error.to_string(), false))?.into_parts();
        let mut request = Request::builder().method(call.method).uri(&uri);
        for (name, value) in
            call.headers.iter().map(|(name, value)| (*name, value.as_str())).chain(instructions.headers())
        {
            request = request.header(name, value);
        }
        let request = request
            .body(call.body.clone())
            .map_err(|error| failed("no request", error.to_string(), false))?;
        let answer = self.agent.run(request);
        let mut answer = answer.map_err(|error| failed("no connection", error.to_string(), true))?;
        let status = answer.status().as_u16();
        let kind =
            answer.headers().get("x-amzn-errortype").and_then(|it| it.to_str().ok()).map(str::to_owned);
        let text = answer.body_mut().with_config().limit(ANSWER).lossy_utf8(true).read_to_string();
        let text = text.map_err(|error| failed("no connection", error.to_string(), true))?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let code = kind.or_else(|| code_of(&text)).unwrap_or_else(|| format!("status {status}"));
        let code =
            code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
        let throttled = ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"];
        let again =
            matches!(status, 429 | 500 | 502 | 503 | 504) || throttled.iter().any(|it| code.contains(it));
        Err(failed(&code, element(&text, "Message").unwrap_or_default(), again))
    }
}

fn code_of(text: &str) -> Option<String> {
    let json = serde_json::from_str::<Value>(text).ok();
    let json =
        json.as_ref().and_then(|it| it.get("__type").or_else(|| it.get("code"))?.as_str()).map(str::to_owned);
    json.or_else(|| element(text, "Code"))
}

/// The text of the first element of a name, without escapes.
pub(crate) fn element(text: &str, name: &str) -> Option<String> {
    let inside = text.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0;
    Some(plain(inside))
}

/// The texts of all elements of a name, as they are.
pub(crate) fn elements<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    text.split(open.as_str()).skip(1).filter_map(|rest| Some(rest.split_once(close.as_str())?.0)).collect()
}

fn plain(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#34;", "\"");
    text.replace("&apos;", "'").replace("&#39;", "'").replace("&amp;", "&")
}
