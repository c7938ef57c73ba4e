//! `orgward serve run-task` with a host that behaves like HCP Terraform.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha512;

use crate::forge::{Forge, Reply};
use crate::support::{Folder, fixture, text_of};

const KEY: &str = "a key of the task";
const TOKEN: &str = "token.of.the.task";

/// A server, which ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(host: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let mut command: Command = folder
            .command([&["serve", "run-task", "--listen", "127.0.0.1:0", "--host", host], arguments].concat());
        let mut child = command
            .current_dir(fixture("demo"))
            .env("RUN_TASK_HMAC_KEY", KEY)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { child, port: port.unwrap_or_else(|| panic!("{line}")) }
    }

    /// Sends a task; the status of the answer.
    fn send(&self, body: &str, signature: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Tfc-Task-Signature: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sign(body: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// How the host gives the plan away.
#[derive(Clone, Copy)]
enum Plan {
    Of(&'static str),
    Redirected(&'static str),
    RedirectedElsewhere,
    Missing,
    NotYet,
}

/// A host with one plan, which keeps the answers that it gets.
fn hcp(plan: Plan) -> (Forge, Arc<Mutex<Vec<Value>>>) {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&answers);
    let ok = |body: String| Some(Reply { status: 200, headers: String::new(), body });
    let forge = Forge::with(move |asked, _| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/api/v2/plans/plan-1/json-output") => {
            assert_eq!(asked.token, format!("Bearer {TOKEN}"));
            match plan {
                Plan::Of(name) => ok(text_of(name)),
                Plan::Redirected(_) => Some(Reply {
                    status: 307,
                    headers: "location: /_archivist/object\r\n".into(),
                    body: String::new(),
                }),
                Plan::RedirectedElsewhere => {
                    let headers = "location: http://169.254.169.254/latest/meta-data\r\n".into();
                    Some(Reply { status: 307, headers, body: String::new() })
                }
                Plan::Missing => Some(Reply::new(404, "", "not found")),
                Plan::NotYet => Some(Reply { status: 204, headers: String::new(), body: String::new() }),
            }
        }
        ("GET", "/_archivist/object") => {
            assert_eq!(asked.token, "", "the token is not for where plans are kept");
            let Plan::Redirected(name) = plan else { panic!() };
            ok(text_of(name))
        }
        ("PATCH", "/api/v2/task-results/1/callback") => {
            assert_eq!(asked.token, format!("Bearer {TOKEN}"));
            kept.lock().unwrap().push(serde_json::from_str(&asked.body).unwrap());
            ok(String::new())
        }
        _ => panic!("nothing else is asked for: {asked:?}"),
    });
    (forge, answers)
}

fn task(host: &str) -> Value {
    json!({
        "payload_version": 1, "stage": "post_plan", "access_token": TOKEN, "workspace_name": "organization",
        "task_result_callback_url": format!("{host}/api/v2/task-results/1/callback"),
        "plan_json_api_url": format!("{host}/api/v2/plans/plan-1/json-output"),
    })
}

/// The answer to a task, as soon as it comes.
fn answered(plan: Plan, arguments: &[&str]) -> Value {
    let (host, answers) = hcp(plan);
    let server = Server::start(&host.url(), arguments);
    let body = task(&host.url()).to_string();
    assert_eq!(server.send(&body, &sign(&body)), 200);
    let start = Instant::now();
    loop {
        if let Some(answer) = answers.lock().unwrap().first() {
            return answer["data"].clone();
        }
        assert!(start.elapsed() < Duration::from_mins(1), "no answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_plan_in_order_passes_and_another_fails_with_what_is_wrong() {
    let passed = answered(Plan::Redirected("demo/first.json"), &[]);
    assert_eq!(
        (&passed["type"], &passed["attributes"]["status"]),
        (&json!("task-results"), &json!("passed"))
    );
    let failed = answered(Plan::Of("demo/second.json"), &[]);
    assert_eq!(failed["attributes"]["status"], "failed");
    assert_eq!(failed["attributes"]["message"], "orgward: blocked by 1 critical and 9 high findings");
    let outcomes = failed["relationships"]["outcomes"]["data"].as_array().unwrap();
    // One of them is a question: what denies a call asks who makes it.
    assert_eq!(outcomes.len(), 11);
    let first = &outcomes[0]["attributes"];
    assert!(
        first["description"].as_str().unwrap().starts_with("public-trust: aws_iam_role.partner_reports: ")
    );
    assert!(first["body"].as_str().unwrap().contains("sts:AssumeRole"), "{first}");
    assert_eq!(first["tags"]["Severity"][0], json!({ "label": "critical", "level": "error" }));
    let lenient = answered(Plan::Of("demo/second.json"), &["--", "--fail-on", "never"]);
    assert_eq!(lenient["attributes"]["status"], "passed");
}

/// Whatever goes wrong, a run does not pass.
#[test]
fn what_could_not_be_checked_has_failed() {
    for (plan, arguments, why) in [
        (Plan::Missing, &[][..], "answers with 404"),
        (Plan::NotYet, &[], "answers with 204"),
        (Plan::RedirectedElsewhere, &[], "an address that is not of"),
        (Plan::Of("demo/orgward.toml"), &[], "exit code 2"),
        (Plan::Of("unverifiable-plan/bad-errored.json"), &[], "could not be checked"),
        (Plan::Of("demo/first.json"), &["--", "--config", "no-such-file.toml"], "exit code 2"),
    ] {
        let answer = answered(plan, arguments);
        assert_eq!(answer["attributes"]["status"], "failed", "{answer}");
        let message = answer["attributes"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
        assert!(!message.contains(TOKEN), "{message}");
    }
}

#[test]
fn a_request_that_is_not_of_the_host_is_refused() {
    let (host, answers) = hcp(Plan::Of("demo/first.json"));
    let server = Server::start(&host.url(), &[]);
    let body = task(&host.url()).to_string();
    for signature in ["", "00", &sign("another text"), &sign(&body)[..64]] {
        assert_eq!(server.send(&body, signature), 401, "{signature}");
    }
    let mut elsewhere = task(&host.url());
    elsewhere["plan_json_api_url"] = json!("http://127.0.0.1:1/plan");
    let mut answer_elsewhere = task(&host.url());
    answer_elsewhere["task_result_callback_url"] = json!("https://evil.example/callback");
    let mut of_tomorrow = task(&host.url());
    of_tomorrow["payload_version"] = json!(2);
    for body in [elsewhere.to_string(), answer_elsewhere.to_string(), of_tomorrow.to_string(), "{".into()] {
        assert_eq!(server.send(&body, &sign(&body)), 422, "{body}");
    }
    let test = json!({ "payload_version": 1, "stage": "test", "access_token": "test-token" }).to_string();
    assert_eq!(server.send(&test, &sign(&test)), 200, "the host tries whether the server is there");
    assert!(answers.lock().unwrap().is_empty() && host.asked().is_empty());
}

#[test]
fn a_server_does_not_start_without_a_key() {
    let folder = Folder::new();
    let run = folder.run(["serve", "run-task", "--listen", "127.0.0.1:0"]);
    assert!(
        run.code == 2 && run.stderr.contains("there is no key in the variable `RUN_TASK_HMAC_KEY`"),
        "{run:?}"
    );
    let run = folder.run(["serve", "run-task", "--host", "https://app.terraform.io"]);
    assert!(run.code == 2 && run.stderr.contains("is not a host of HCP Terraform"), "{run:?}");
}
