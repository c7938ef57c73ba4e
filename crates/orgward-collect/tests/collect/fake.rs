//! A fake AWS on a port of this machine: it answers what `record` recorded of moto, in pages, and refuses, throttles or hangs
//! where it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// Members of a list on one page.
const PAGE: usize = 2;
/// Parameters that say which page of an answer is asked for, or that differ from run to run.
const SKIPPED: [&str; 10] = [
    "NextToken",
    "nextToken",
    "ExclusiveStartTableName",
    "ExclusiveStartStreamArn",
    "MaxResults",
    "Marker",
    "MaxItems",
    "Version",
    "Action",
    "RoleSessionName",
];
/// The parameters that ask for a page, and what the answer calls the next one.
const TOKENS: [(&str, &str); 8] = [
    ("apigateway", "position"),
    ("dynamodb:ListStreams", "LastEvaluatedStreamArn"),
    ("dynamodb:ListTables", "LastEvaluatedTableName"),
    ("ecr", "nextToken"),
    ("elasticfilesystem", "NextMarker"),
    ("kms", "NextMarker"),
    ("lambda", "NextMarker"),
    ("logs", "nextToken"),
];

/// Services by how the names of their operations begin.
const SERVICES: [(&str, &str); 13] = [
    ("ACMPrivateCA", "acm-pca"),
    ("AWSEvents", "events"),
    ("AWSGlue", "glue"),
    ("AWSOrganizations", "organizations"),
    ("AmazonEC2ContainerRegistry", "ecr"),
    ("AmazonSQS", "sqs"),
    ("DynamoDB", "dynamodb"),
    ("Logs_", "logs"),
    ("SWB", "sso"),
    ("StarlingDove", "config"),
    ("TrentService", "kms"),
    ("com.amazonaws.cloudtrail", "cloudtrail"),
    ("secretsmanager", "secretsmanager"),
];

/// What accounts have nothing of unless it is recorded.
const LATER: [&str; 14] = [
    "access-analyzer:List",
    "acm-pca:List",
    "apigateway:GET",
    "backup:List",
    "config:Describe",
    "dynamodb:List",
    "elasticfilesystem:DescribeFileSystems",
    "es:List",
    "events:List",
    "guardduty:List",
    "lambda:List",
    "logs:Describe",
    "securityhub:",
    "sqs:List",
];

/// Which action a path is.
fn by_path(path: &str) -> (&'static str, &'static str) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match path {
        "/2015-03-31/functions/" => ("lambda", "ListFunctions"),
        "/backup-vaults/" => ("backup", "ListBackupVaults"),
        "/2015-02-01/file-systems" => ("elasticfilesystem", "DescribeFileSystems"),
        "/2021-01-01/domain" => ("es", "ListDomainNames"),
        "/restapis" => ("apigateway", "GET"),
        "/v20180820/configuration/publicAccessBlock" => ("s3", "GetAccountPublicAccessBlock"),
        "/detector" => ("guardduty", "ListDetectors"),
        "/accounts" => ("securityhub", "DescribeHub"),
        "/analyzer" => ("access-analyzer", "ListAnalyzers"),
        path if path.starts_with("/2015-03-31/functions/") => ("lambda", "GetPolicy"),
        path if path.starts_with("/backup-vaults/") => ("backup", "GetBackupVaultAccessPolicy"),
        path if path.starts_with("/2015-02-01/") => ("elasticfilesystem", "DescribeFileSystemPolicy"),
        path if path.starts_with("/2021-01-01/") => ("es", "DescribeDomain"),
        path if path.starts_with("/detector/") => ("guardduty", "GetDetector"),
        _ => match query {
            "policy" => ("s3", "GetBucketPolicy"),
            "publicAccessBlock" => ("s3", "GetBucketPublicAccessBlock"),
            _ => ("s3", "ListAllMyBuckets"),
        },
    }
}

/// What the fake does beside answering.
#[derive(Clone, Default)]
pub(crate) struct Mood {
    /// Actions that are refused, with the account whose credentials call, or `*`.
    pub(crate) denied: Vec<(&'static str, &'static str)>,
    /// Actions of which the first call is throttled.
    pub(crate) throttled: Vec<&'static str>,
    /// An action of an account that is never answered.
    pub(crate) hangs: Option<(&'static str, String)>,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    answers: BTreeMap<String, (u16, String)>,
    mood: Mutex<Mood>,
    throttled: Mutex<BTreeSet<String>>,
    calls: Mutex<Vec<(String, String)>>,
}

impl Fake {
    pub(crate) fn start(mood: Mood) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/collect/recorded.jsonl");
        let mut answers = BTreeMap::new();
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let status = u16::try_from(line["status"].as_u64().unwrap()).unwrap();
            let answer = (status, line["answer"].as_str().unwrap().to_owned());
            answers.insert(line["call"].as_str().unwrap().to_owned(), answer);
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answers,
            mood: Mutex::new(mood),
            throttled: Mutex::default(),
            calls: Mutex::default(),
        });
        let fake = Self { url, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&shared, &stream.unwrap()));
            }
        });
        fake
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// The calls so far, as IAM names them, with the account whose credentials make them; forgotten then.
    pub(crate) fn take_calls(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.shared.calls.lock().unwrap())
    }

    pub(crate) fn has_been_asked(&self, action: &str, account: &str) -> bool {
        self.shared.calls.lock().unwrap().iter().any(|call| call.0 == action && call.1 == account)
    }
}

struct Request {
    /// `iam:GetUser`.
    action: String,
    /// As it is recorded.
    call: String,
    account: String,
    page: usize,
    is_json: bool,
}

fn serve(shared: &Shared, stream: &TcpStream) {
    let Some(request) = read(stream) else { return };
    let (action, account) = (request.action.as_str(), request.account.as_str());
    shared.calls.lock().unwrap().push((action.to_owned(), account.to_owned()));
    let mood = shared.mood.lock().unwrap().clone();
    if mood.hangs.as_ref().is_some_and(|(hangs, of)| *hangs == action && of == account) {
        thread::sleep(Duration::from_mins(1));
        return;
    }
    let matches = |(denied, of): &(&str, &str)| *denied == action && (*of == "*" || *of == account);
    let (status, text) = if mood.denied.iter().any(matches) {
        error(&request, 403, "AccessDeniedException", "not authorized")
    } else if mood.throttled.contains(&action)
        && shared.throttled.lock().unwrap().insert(request.call.clone())
    {
        error(&request, 400, "ThrottlingException", "Rate exceeded")
    } else {
        match shared.answers.get(&request.call) {
            Some((status, text)) => (*status, paged(&request, text)),
            // Most accounts have nothing of what was recorded later, in one of them.
            None => match action {
                "ec2:DescribeRegions" => {
                    let names = ["us-east-1", "us-west-2"].map(|it| format!("<regionName>{it}</regionName>"));
                    (200, names.concat())
                }
                "ecr:GetRegistryPolicy" => error(&request, 400, "RegistryPolicyNotFoundException", ""),
                "glue:GetResourcePolicy" => error(&request, 400, "EntityNotFoundException", ""),
                "s3:GetAccountPublicAccessBlock" => {
                    error(&request, 404, "NoSuchPublicAccessBlockConfiguration", "")
                }
                "securityhub:DescribeHub" => error(&request, 403, "InvalidAccessException", "not subscribed"),
                later if LATER.iter().any(|it| later.starts_with(it)) => (200, "{}".to_owned()),
                _ => error(&request, 501, "NotImplemented", &format!("not recorded: {}", request.call)),
            },
        }
    };
    let kind = if request.is_json { "application/x-amz-json-1.1" } else { "text/xml" };
    let head = format!(
        "HTTP/1.1 {status} .\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let mut stream = stream;
    // A collector that was killed takes no answers.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
}

fn error(request: &Request, status: u16, code: &str, message: &str) -> (u16, String) {
    let text = if request.is_json {
        json!({ "__type": code, "message": message }).to_string()
    } else {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    (status, text)
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut target, mut account) = (0, None, "own".to_owned());
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-amz-target" => target = Some(value.to_owned()),
            // The keys of a role that was assumed say of which account it is.
            "authorization" => {
                let key = value.split_once("Credential=").unwrap().1.split('/').next().unwrap();
                account = key.strip_prefix("ASIA").unwrap_or("own").to_owned();
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = first.strip_prefix("GET ").and_then(|line| line.split(' ').next());
    let (mut path, mut asked) = (path.map(str::to_owned), None);
    let (service, name, given): (&str, String, Map<String, Value>) = if let Some(path) = &mut path {
        for token in ["Marker", "nextToken", "NextToken", "position"] {
            for sign in ['?', '&'] {
                if let Some((before, page)) = path.split_once(&format!("{sign}{token}=")) {
                    let (before, page) = (before.to_owned(), page.to_owned());
                    (*path, asked) = (before, Some(page));
                }
            }
        }
        let (service, name) = by_path(path);
        (service, name.to_owned(), Map::new())
    } else if let Some(target) = &target {
        let service = SERVICES.iter().find(|(prefix, _)| target.starts_with(prefix)).unwrap().1;
        let name = target.rsplit('.').next().unwrap().to_owned();
        (service, name, serde_json::from_slice(&body).unwrap())
    } else {
        let form: Map<String, Value> = String::from_utf8(body)
            .unwrap()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value).into()))
            .collect();
        let service = match form["Version"].as_str().unwrap() {
            "2011-06-15" => "sts",
            "2010-03-31" => "sns",
            "2016-11-15" => "ec2",
            _ => "iam",
        };
        (service, form["Action"].as_str().unwrap().to_owned(), form)
    };
    let recorded = match (&target, &path) {
        (Some(target), _) => target.clone(),
        (None, Some(path)) => format!("GET {path}"),
        (None, None) => format!("{}.{name}", given["Version"].as_str().unwrap()),
    };
    let names = ["NextToken", "nextToken", "Marker", "ExclusiveStartTableName", "ExclusiveStartStreamArn"];
    let page = names.into_iter().find_map(|name| given.get(name)?.as_str()).or(asked.as_deref());
    let page = page.map_or(0, |page| page.parse().unwrap());
    let kept: Map<String, Value> =
        given.into_iter().filter(|(name, _)| !SKIPPED.contains(&name.as_str())).collect();
    // As Python writes it.
    let kept = Value::from(kept).to_string().replace("\":", "\": ").replace(",\"", ", \"");
    Some(Request {
        action: format!("{service}:{name}"),
        call: format!("{recorded} {account} {kept}"),
        account,
        page,
        is_json: target.is_some() || path.is_some() && service != "s3",
    })
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// One page of an answer.
fn paged(request: &Request, text: &str) -> String {
    if request.is_json {
        let Ok(mut answer) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
        let first = PAGE * request.page;
        let mut more = false;
        for list in answer.as_object_mut().into_iter().flatten().filter_map(|(_, value)| value.as_array_mut())
        {
            more |= list.len() > first + PAGE;
            *list = list.iter().skip(first).take(PAGE).cloned().collect();
        }
        if more {
            let token = TOKENS.iter().find(|(action, _)| request.action.starts_with(action));
            let name = token.map_or("NextToken", |(_, name)| name);
            answer[name] = (request.page + 1).to_string().into();
        }
        return answer.to_string();
    }
    // Of the lists of IAM, roles are on a page of their own.
    let roles = text.find("<RoleDetailList>").zip(text.find("</RoleDetailList>"));
    let Some((from, to)) = roles.filter(|_| request.action == "iam:GetAccountAuthorizationDetails") else {
        return text.to_owned();
    };
    let (roles, end) = (&text[from..to], "</RoleDetailList>");
    if request.page == 1 {
        return format!(
            "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><IsTruncated>false</IsTruncated>{roles}{end}\
             </GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
        );
    }
    let rest = format!("{}{}", &text[..from], &text[to + end.len()..]);
    let rest = rest.replace("<IsTruncated>false</IsTruncated>", "");
    let result = "<GetAccountAuthorizationDetailsResult>";
    rest.replace(result, &format!("{result}<IsTruncated>true</IsTruncated><Marker>1</Marker>"))
}
