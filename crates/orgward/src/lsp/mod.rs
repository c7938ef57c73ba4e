//! `orgward lsp`: what is wrong with policies, while they are written.
//!
//! Texts are judged in this process, since an answer has to come before the next key is pressed. What a plan comes to is
//! found out by runs of the program beside it. One thread decides; others read standard input and wait for runs.

mod bound;
mod editor;
mod frames;
mod plan;
mod policy;
mod settings;
mod shown;
mod terraform;
mod text;
mod words;

use std::io::{self, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::spawn;

use miette::Diagnostic;
use orgward_report::escape;
use serde_json::{Value, json};
use thiserror::Error;

use self::editor::{Editor, Failed};
use self::frames::Frame;
use crate::exit::Exit;
use crate::{output, progress};

/// What happens.
enum Event {
    Frame(Result<Frame, String>),
    /// A plan was reviewed.
    Reviewed(Box<editor::Done>),
}

/// Why the conversation ends.
#[derive(Debug, Error, Diagnostic)]
enum LspError {
    #[error("the editor does not speak the protocol: {}", escape(.0))]
    #[diagnostic(help("start `orgward lsp` from an editor: docs/editor.md says how"))]
    Protocol(String),
    #[error("cannot write to the editor")]
    Write(#[source] io::Error),
}

/// Speaks to an editor until it says goodbye.
pub(crate) fn run() -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    progress::end();
    let (events, happened) = channel();
    read(events.clone());
    let mut editor = Editor::new(Box::new(move |done| {
        // Where nobody listens any more, it is over.
        let _ = events.send(Event::Reviewed(Box::new(done)));
    }));
    let mut out = io::stdout().lock();
    loop {
        let event = happened.recv_timeout(editor.patience());
        let (exit, messages) = match event {
            Ok(Event::Frame(Ok(Frame::Message(message)))) => handled(&mut editor, &message),
            Ok(Event::Frame(Ok(Frame::NoJson))) => {
                (None, vec![failure(&Value::Null, &Failed(-32700, "the message is no JSON".to_owned()))])
            }
            Ok(Event::Frame(Ok(Frame::End))) | Err(RecvTimeoutError::Disconnected) => {
                (Some(Exit::Blocked), Vec::new())
            }
            Ok(Event::Frame(Err(why))) => return Err(Box::new(LspError::Protocol(why))),
            Ok(Event::Reviewed(done)) => (None, editor.reviewed(*done)),
            Err(RecvTimeoutError::Timeout) => (None, Vec::new()),
        };
        // An editor that never pauses gets its diagnostics, too.
        let work = catch_unwind(AssertUnwindSafe(|| editor.work())).unwrap_or_default();
        for message in messages.into_iter().chain(work) {
            frames::write(&mut out, &message).map_err(LspError::Write)?;
        }
        if let Some(exit) = exit {
            return Ok(exit);
        }
    }
}

/// Reads frames until one cannot be read.
fn read(events: Sender<Event>) {
    spawn(move || {
        let mut stream = BufReader::new(io::stdin());
        loop {
            let frame = frames::read(&mut stream);
            let goes_on = matches!(frame, Ok(Frame::Message(_) | Frame::NoJson));
            if events.send(Event::Frame(frame)).is_err() || !goes_on {
                return;
            }
        }
    });
}

/// What a message leads to. A defect of the program fails the request, and not the conversation.
fn handled(editor: &mut Editor, message: &Value) -> (Option<Exit>, Vec<Value>) {
    let id = message.get("id").filter(|id| id.is_string() || id.is_number());
    let Some(method) = message["method"].as_str() else {
        // Answers to what was asked of the editor, which is nothing.
        let is_answer = id.is_some() && (message.get("result").is_some() || message.get("error").is_some());
        let no_request = Failed(-32600, "the message is no request".to_owned());
        return (
            None,
            if is_answer { Vec::new() } else { vec![failure(id.unwrap_or(&Value::Null), &no_request)] },
        );
    };
    if method == "exit" {
        return (Some(if editor.is_shut_down() { Exit::Clean } else { Exit::Blocked }), Vec::new());
    }
    let params = message.get("params").cloned().unwrap_or_default();
    let done = catch_unwind(AssertUnwindSafe(|| match id {
        Some(_) => editor.request(method, params).map(|(result, more)| (Some(result), more)),
        None => Ok((None, editor.notified(method, params))),
    }));
    let mut messages = Vec::new();
    match (done, id) {
        (Ok(Ok((result, more))), id) => {
            messages.extend(more);
            messages.extend(id.map(|id| json!({ "jsonrpc": "2.0", "id": id, "result": result })));
        }
        (Ok(Err(failed)), Some(id)) => messages.push(failure(id, &failed)),
        (Err(_), Some(id)) => {
            messages.push(failure(id, &Failed(-32603, "orgward broke while it answered".to_owned())));
        }
        (_, None) => output::warn(&format!("orgward: `{}` was not understood\n", escape(method))),
    }
    (None, messages)
}

fn failure(id: &Value, Failed(code, message): &Failed) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
