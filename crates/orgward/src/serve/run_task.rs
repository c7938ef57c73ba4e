//! `orgward serve run-task`.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Read as _};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::spawn;
use std::time::Duration;

use miette::Diagnostic;
use orgward_forge::Secret;
use orgward_forge::run_task::{Answer, Host, Task, TaskError, is_signed};
use orgward_report::escape;
use thiserror::Error;
use tiny_http::{Method, Request, Response, Server};

use super::review;
use crate::arguments::RunTaskArguments;
use crate::exit::Exit;
use crate::{output, progress};

/// Bytes of a request.
const REQUEST: u64 = 1 << 20;
/// Bytes of a plan.
const PLAN: u64 = 512 << 20;
/// Reviews at a time.
const WORKERS: usize = 2;
/// Tasks that wait; further ones are refused, and fail.
const WAITING: usize = 32;
/// The header with the signature.
const SIGNATURE: &str = "X-TFC-Task-Signature";

/// Why the server does not start.
#[derive(Debug, Error, Diagnostic)]
enum ServeError {
    #[error("there is no key in the variable `{}`", escape(.0))]
    #[diagnostic(help(
        "set it to the HMAC key of the run task; a request without a signature could come from anywhere"
    ))]
    Key(String),
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: String, reason: String },
    #[error("the server has stopped: {0}")]
    Stopped(#[source] std::io::Error),
}

/// What a review needs.
struct Job {
    host: Host,
    arguments: Vec<OsString>,
    limit: Duration,
}

/// Serves until something breaks.
pub(crate) fn run_task(arguments: &RunTaskArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    progress::end();
    let host = Host::of(&arguments.host)?;
    let key = env::var(&arguments.key_env).ok().filter(|key| !key.trim().is_empty());
    let key = Secret::new(&key.ok_or_else(|| ServeError::Key(arguments.key_env.clone()))?);
    let address = arguments.listen;
    let server = Server::http(address)
        .map_err(|error| ServeError::Listen { address: address.to_string(), reason: error.to_string() })?;
    let job = Arc::new(Job {
        host: host.clone(),
        arguments: arguments.review.clone(),
        limit: Duration::from_secs(arguments.time_limit),
    });
    let (queue, tasks) = sync_channel(WAITING);
    let tasks = Arc::new(Mutex::new(tasks));
    for _ in 0..WORKERS {
        let (tasks, job) = (Arc::clone(&tasks), Arc::clone(&job));
        spawn(move || work(&tasks, &job));
    }
    let listening = server.server_addr().to_ip().map_or_else(|| address.to_string(), |ip| ip.to_string());
    output::warn(&format!(
        "orgward: listening on {listening} for run tasks of {}\n",
        escape(&arguments.host)
    ));
    loop {
        let mut request = server.recv().map_err(ServeError::Stopped)?;
        let (status, text) = take(&mut request, &host, &key, &queue);
        // Who has gone does not wait for the answer.
        let _ = request.respond(Response::from_string(text).with_status_code(status));
    }
}

/// Takes a request, and says at once whether it counts; the review comes later.
fn take(request: &mut Request, host: &Host, key: &Secret, queue: &SyncSender<Task>) -> (u16, String) {
    let path = request.url().split('?').next().unwrap_or_default();
    match (request.method(), path) {
        (Method::Get, "/healthz") => return (200, "ok\n".to_owned()),
        (Method::Post, "/") => {}
        (_, "/") => return (405, "send run tasks with POST\n".to_owned()),
        _ => return (404, "run tasks are taken at /\n".to_owned()),
    }
    let signature = request.headers().iter().find(|header| header.field.equiv(SIGNATURE));
    let signature = signature.map(|header| header.value.as_str().to_owned()).unwrap_or_default();
    let mut body = Vec::new();
    match request.as_reader().take(REQUEST + 1).read_to_end(&mut body) {
        Ok(length) if length as u64 > REQUEST => return (413, "the request is too long\n".to_owned()),
        Ok(_) => {}
        Err(_) => return (400, "the request ends too early\n".to_owned()),
    }
    if !is_signed(key, &body, &signature) {
        output::warn("orgward: refused a request without a valid signature\n");
        return (401, "the signature is missing or wrong\n".to_owned());
    }
    let task = match host.task(&body) {
        Ok(Some(task)) => task,
        Ok(None) => return (200, String::new()),
        Err(error) => {
            output::warn(&format!("orgward: refused a task: {error}\n"));
            return (422, format!("{error}\n"));
        }
    };
    match queue.try_send(task) {
        Ok(()) => (200, String::new()),
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
            output::warn("orgward: refused a task: too many wait\n");
            (503, "too many tasks wait\n".to_owned())
        }
    }
}

/// Carries tasks out, one after the other.
fn work(tasks: &Mutex<Receiver<Task>>, job: &Job) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        let answer = reviewed(&task, job).unwrap_or_else(|error| Answer::failed(&error.to_string()));
        let sent = match job.host.answer(&task, &answer) {
            Ok(()) => String::new(),
            Err(error) => format!(" (not delivered: {error})"),
        };
        output::warn(&format!("orgward: {}: {}{sent}\n", escape(&task.workspace), answer.line()));
    }
}

/// Fetches the plan into a folder of its own, which goes when the review is done, and reviews it.
fn reviewed(task: &Task, job: &Job) -> Result<Answer, TaskError> {
    let folder = tempfile::tempdir().map_err(TaskError::Write)?;
    let file = File::create_new(folder.path().join("plan.json")).map_err(TaskError::Write)?;
    job.host.fetch(task, PLAN, &mut BufWriter::new(file))?;
    Ok(review::answer(folder.path(), &job.arguments, job.limit))
}
