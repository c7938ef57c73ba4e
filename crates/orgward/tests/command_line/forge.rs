//! A forge on this machine that behaves like the APIs of GitHub and GitLab, as far as comments go.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use serde_json::{Value, json};

/// Who the token belongs to.
pub(crate) const ME: &str = "github-actions[bot]";
/// The token. Nothing may print it.
pub(crate) const TOKEN: &str = "ghs_hushhushhushhush";
/// Notes of GitLab name their authors by number.
const MY_NUMBER: u64 = 7;
/// Comments on a page, whatever is asked for: so that few comments make several pages.
const PAGE: usize = 3;

/// A comment of the forge.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: u64,
    pub(crate) author: String,
    pub(crate) body: String,
    pub(crate) is_hidden: bool,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) token: String,
}

/// An answer in place of the usual one.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &str, message: &str) -> Self {
        Self { status, headers: headers.to_owned(), body: json!({ "message": message }).to_string() }
    }
}

type Hook = Box<dyn FnMut(&Asked, &mut Vec<Stored>) -> Option<Reply> + Send>;

struct State {
    comments: Vec<Stored>,
    asked: Vec<Asked>,
    hook: Hook,
    is_done: bool,
}

/// The forge; it ends with the test.
pub(crate) struct Forge {
    port: u16,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Forge {
    /// A forge where nothing goes wrong.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| None)
    }

    /// A forge where something else happens first.
    pub(crate) fn with(hook: impl FnMut(&Asked, &mut Vec<Stored>) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            comments: Vec::new(),
            asked: Vec::new(),
            hook: Box::new(hook),
            is_done: false,
        }));
        let shared = Arc::clone(&state);
        let thread = spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().is_done {
                    break;
                }
                // A client that goes away is its own business.
                let _ = stream.and_then(|stream| serve(stream, &shared));
            }
        });
        Self { port, state, thread: Some(thread) }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets somebody comment.
    pub(crate) fn say(&self, author: &str, body: &str) -> u64 {
        say(&mut self.state.lock().unwrap().comments, author, body)
    }

    /// All comments.
    pub(crate) fn comments(&self) -> Vec<Stored> {
        self.state.lock().unwrap().comments.clone()
    }

    /// Sends a text there; the whole answer.
    pub(crate) fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        write!(stream, "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Everything that was asked for.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How often something was written.
    pub(crate) fn writes(&self) -> usize {
        self.asked().iter().filter(|asked| asked.method != "GET" && asked.path != "/graphql").count()
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.state.lock().unwrap().is_done = true;
        // Wakes the thread up.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Adds a comment.
pub(crate) fn say(comments: &mut Vec<Stored>, author: &str, body: &str) -> u64 {
    let id = comments.iter().map(|comment| comment.id).max().unwrap_or(100) + 1;
    let stored = Stored { id, author: author.to_owned(), body: body.to_owned(), is_hidden: false };
    comments.push(stored);
    id
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let (mut length, mut token) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" | "private-token" => token = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked = Asked { method, path, body: String::from_utf8_lossy(&body).into_owned(), token };
    let reply = {
        let mut state = state.lock().unwrap();
        state.asked.push(asked.clone());
        let State { comments, hook, .. } = &mut *state;
        hook(&asked, comments).unwrap_or_else(|| answer(&asked, comments))
    };
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{}\r\n{}",
        reply.status,
        reply.body.len(),
        reply.headers,
        reply.body
    )
}

fn answer(asked: &Asked, comments: &mut Vec<Stored>) -> Reply {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let ok = |body: Value| Reply { status: 200, headers: String::new(), body: body.to_string() };
    let missing = || Reply::new(404, "", "Not Found");
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let text = body["body"].as_str().unwrap_or_default().to_owned();
    let id = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
    let is_list = path == "/repos/cloud/org/issues/5/comments"
        || path == "/projects/cloud%2Forg/merge_requests/5/notes";
    let is_one = path.starts_with("/repos/cloud/org/issues/comments/")
        || path.starts_with("/projects/cloud%2Forg/merge_requests/5/notes/");
    match asked.method.as_str() {
        "POST" if path == "/graphql" => ok(graphql(&body, comments)),
        "GET" if path == "/user" => ok(json!({ "id": MY_NUMBER })),
        "GET" if is_list => {
            let page = query.split('&').find_map(|part| part.strip_prefix("page=")).unwrap_or("1");
            let page: usize = page.parse().unwrap();
            let found: Vec<_> = comments.iter().skip((page - 1) * PAGE).take(PAGE).map(shown).collect();
            let has_more = comments.len() > page * PAGE;
            let next = if has_more { "link: <http://127.0.0.1/next>; rel=\"next\"\r\n" } else { "" };
            Reply { status: 200, headers: next.to_owned(), body: json!(found).to_string() }
        }
        "POST" if is_list => {
            let id = say(comments, ME, &text);
            ok(shown(comments.iter().find(|comment| comment.id == id).unwrap()))
        }
        "PATCH" | "PUT" if is_one => match comments.iter_mut().find(|comment| Some(comment.id) == id) {
            Some(comment) => {
                comment.body = text;
                ok(shown(comment))
            }
            None => missing(),
        },
        "DELETE" if is_one => {
            let before = comments.len();
            comments.retain(|comment| Some(comment.id) != id);
            if comments.len() == before {
                missing()
            } else {
                Reply { status: 204, headers: String::new(), body: String::new() }
            }
        }
        _ => missing(),
    }
}

fn shown(comment: &Stored) -> Value {
    let number = if comment.author == ME { MY_NUMBER } else { 8 };
    json!({
        "id": comment.id, "node_id": format!("IC_{}", comment.id), "body": comment.body, "system": false,
        "html_url": format!("https://github.com/cloud/org/pull/5#issuecomment-{}", comment.id),
        "user": { "login": comment.author }, "author": { "id": number },
    })
}

fn graphql(body: &Value, comments: &mut [Stored]) -> Value {
    let query = body["query"].as_str().unwrap_or_default();
    let data = if query.contains("viewer") {
        json!({ "viewer": { "login": ME } })
    } else if query.contains("minimizeComment") {
        let id = body["variables"]["id"].as_str().unwrap_or_default();
        for comment in comments.iter_mut().filter(|comment| format!("IC_{}", comment.id) == id) {
            comment.is_hidden = true;
        }
        json!({ "minimizeComment": { "minimizedComment": { "isMinimized": true } } })
    } else {
        let ids = body["variables"]["ids"].as_array().cloned().unwrap_or_default();
        let nodes = comments
            .iter()
            .map(|comment| (format!("IC_{}", comment.id), comment))
            .filter(|(id, _)| ids.contains(&json!(id)))
            .map(|(id, comment)| json!({ "id": id, "isMinimized": comment.is_hidden }));
        json!({ "nodes": nodes.collect::<Vec<_>>() })
    };
    json!({ "data": data })
}
