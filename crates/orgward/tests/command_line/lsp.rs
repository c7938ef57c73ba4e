//! `orgward lsp`, as an editor speaks to it.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, text_of};

/// Longer than any answer takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(2);

struct Editor {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    /// What came while something else was waited for.
    kept: Vec<Value>,
    next: u64,
}

impl Editor {
    fn new(folder: &Folder) -> Self {
        let mut child = folder
            .command(["lsp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        spawn(move || {
            loop {
                let mut header = String::new();
                if stdout.read_line(&mut header).unwrap() == 0 {
                    return;
                }
                let length = header.trim().strip_prefix("Content-Length: ").unwrap().parse().unwrap();
                stdout.read_line(&mut header).unwrap();
                let mut body = vec![0; length];
                stdout.read_exact(&mut body).unwrap();
                if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take().unwrap();
        Self { child, stdin, messages, kept: Vec::new(), next: 0 }
    }

    fn greeted(folder: &Folder, options: &Value) -> Self {
        let mut editor = Self::new(folder);
        let root = uri(&folder.path(""));
        let answer = editor.ask(
            "initialize",
            &json!({ "capabilities": {}, "rootUri": root, "initializationOptions": options }),
        );
        assert_eq!(answer["result"]["capabilities"]["positionEncoding"], "utf-16");
        editor.say("initialized", &json!({}));
        editor
    }

    fn raw(&mut self, bytes: &[u8]) {
        // One that has ended does not read.
        let _ = self.stdin.write_all(bytes).and_then(|()| self.stdin.flush());
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn say(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.until(|message| message["id"] == id)
    }

    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).unwrap();
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    fn open(&mut self, path: &Path, text: &str) {
        let document = json!({ "uri": uri(path), "languageId": "x", "version": 1, "text": text });
        self.say("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    fn change(&mut self, path: &Path, text: &str) {
        let document = json!({ "uri": uri(path), "version": 2 });
        self.say(
            "textDocument/didChange",
            &json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
    }

    /// The next diagnostics of a file that are like this.
    fn told(&mut self, path: &Path, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let uri = uri(path);
        let message = self.until(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && wanted(message["params"]["diagnostics"].as_array().unwrap())
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// Says goodbye, and returns the exit code.
    fn end(mut self) -> i32 {
        assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        self.say("exit", &Value::Null);
        self.child.wait().unwrap().code().unwrap()
    }

    /// The exit code and what is said of it, of one that ends by itself.
    fn broken(mut self) -> (i32, String) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it hangs");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code().unwrap(), said)
    }
}

fn uri(path: &Path) -> String {
    let folder = path.parent().unwrap().canonicalize().unwrap_or_else(|_| path.parent().unwrap().to_owned());
    let path = path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name));
    format!("file://{}", path.display())
}

fn has(code: &str) -> impl Fn(&[Value]) -> bool {
    let code = code.to_owned();
    move |all| all.iter().any(|it| it["code"] == code.as_str())
}

const TRUST: &str = "resource \"aws_iam_role\" \"r\" {\n  name               = \"r\"\n  assume_role_policy = jsonencode({\n    Version = \"2012-10-17\"\n    # 😀\n    Statement = [{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = WHO }]\n  })\n}\n";

#[test]
fn what_is_written_is_judged_as_it_is_written() {
    let folder = Folder::new();
    let public = TRUST.replace("WHO", "\"*\"");
    let path = folder.write("main.tf", &public);
    let mut editor = Editor::greeted(&folder, &json!({}));
    editor.open(&path, &public);
    let told = editor.told(&path, has("public-trust"));
    let shown = told.iter().find(|it| it["code"] == "public-trust").unwrap();
    assert_eq!(shown["source"], "orgward");
    assert_eq!(shown["severity"], 1);
    assert!(shown["message"].as_str().unwrap().contains("help: name the principals"), "{shown}");
    let line = public.lines().nth(5).unwrap();
    let start = line.find("\"*\"").unwrap();
    assert_eq!(
        shown["range"],
        json!({ "start": { "line": 5, "character": start }, "end": { "line": 5, "character": start + 3 } })
    );
    // The file on the disk has not changed: what is in the editor counts.
    editor.change(&path, &TRUST.replace("WHO", "{ AWS = \"arn:aws:iam::111122223333:role/ci\" }"));
    editor.told(&path, |all| !has("public-trust")(all));
    editor.change(&path, &public);
    editor.told(&path, has("public-trust"));
    editor.say("textDocument/didClose", &json!({ "textDocument": { "uri": uri(&path) } }));
    editor.told(&path, <[Value]>::is_empty);
    assert_eq!(editor.end(), 0);
}

#[test]
fn policies_and_the_configuration_have_their_mistakes_underlined() {
    let folder = Folder::new();
    let scp = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{ \"Sid\": \"ü\", \"Effect\": \"Deny\", \"Action\": \"s3:DeleteBukket\", \"Resource\": \"*\" }]\n}\n";
    let policy = folder.write("scp.json", scp);
    let mut editor = Editor::greeted(&folder, &json!({}));
    editor.open(&policy, scp);
    let told = editor.told(&policy, has("invalid-action"));
    assert_eq!(told[0]["range"]["start"]["line"], 2);
    assert!(told[0]["message"].as_str().unwrap().contains("did you mean `s3:DeleteBucket`?"), "{told:?}");
    let hover = editor.ask(
        "textDocument/hover",
        &json!({ "textDocument": { "uri": uri(&policy) }, "position": { "line": 2, "character": 5 } }),
    );
    let text = hover["result"]["contents"]["value"].as_str().unwrap();
    assert!(text.contains("denies `s3:DeleteBukket` on every resource"), "{text}");
    editor.change(&policy, &scp.replace("Bukket", "Bucket"));
    editor.told(&policy, |all| !has("invalid-action")(all));

    let settings = folder.path("orgward.toml");
    editor.open(&settings, "[rules]\ndisabel = []\n");
    let told = editor.told(&settings, has("configuration"));
    assert_eq!(told[0]["range"]["start"], json!({ "line": 1, "character": 0 }));
    assert!(told[0]["message"].as_str().unwrap().contains("`disabled`"), "{told:?}");
    editor.change(&settings, "[rules]\ndisabled = []\n");
    editor.told(&settings, <[Value]>::is_empty);
    assert_eq!(editor.end(), 0);
}

#[test]
fn the_plan_beside_it_brings_its_findings_and_proved_fixes() {
    let folder = Folder::new();
    let source = text_of("public-trust/bad-star-string.tf");
    let path = folder.write("main.tf", &source);
    folder.write("plan.json", text_of("public-trust/bad-star-string.json"));
    folder.write("orgward.toml", "[organization]\nid = \"o-acmeexample\"\n");
    let mut editor = Editor::greeted(&folder, &json!({}));
    editor.open(&path, &source);
    let planned =
        |all: &[Value]| all.iter().any(|it| it["message"].as_str().unwrap().contains("(in `plan.json`)"));
    let told = editor.told(&path, planned);
    let shown = told.iter().filter(|it| it["code"] == "public-trust").collect::<Vec<_>>();
    assert_eq!(shown.len(), 1, "the configuration says it, too, and once is enough: {told:?}");
    let shown = shown[0].clone();
    let ask = |editor: &mut Editor| {
        let params = json!({ "textDocument": { "uri": uri(&path) }, "range": shown["range"], "context": { "diagnostics": [shown] } });
        editor.ask("textDocument/codeAction", &params)["result"].as_array().unwrap().clone()
    };
    let actions = ask(&mut editor);
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(actions[0]["title"], "require `aws:PrincipalOrgID` of `o-acmeexample` (proved)");
    assert_eq!(actions[0]["kind"], "quickfix");
    assert_eq!(actions[0]["diagnostics"][0]["code"], "public-trust");
    let edit = &actions[0]["edit"]["documentChanges"][0]["edits"][0];
    let at = |position: &Value| {
        let part = |name: &str| usize::try_from(position[name].as_u64().unwrap()).unwrap();
        source.split_inclusive('\n').take(part("line")).map(str::len).sum::<usize>() + part("character")
    };
    let mut fixed = source.clone();
    fixed.replace_range(
        at(&edit["range"]["start"])..at(&edit["range"]["end"]),
        edit["newText"].as_str().unwrap(),
    );
    let added: Vec<&str> = fixed.lines().filter(|line| !source.contains(line)).collect();
    assert_eq!(
        added,
        ["      Condition = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-acmeexample\" } }"]
    );
    // What was proved of another text is not offered for this one.
    editor.change(&path, &format!("# another\n{source}"));
    assert_eq!(ask(&mut editor), Vec::<Value>::new());
    assert_eq!(editor.end(), 0);
}

#[test]
fn whom_a_policy_binds_is_what_the_plan_says() {
    let folder = Folder::new();
    let source = text_of("guardrail-removed/bad-detached.tf");
    let path = folder.write("main.tf", &source);
    let mut editor = Editor::greeted(&folder, &json!({}));
    editor.open(&path, &source);
    let at = source.lines().position(|line| line.contains("\"aws_organizations_policy\"")).unwrap();
    let hover = json!({ "textDocument": { "uri": uri(&path) }, "position": { "line": at, "character": 0 } });
    let text = |answer: Value| answer["result"]["contents"]["value"].as_str().unwrap().to_owned();
    let alone = text(editor.ask("textDocument/hover", &hover));
    assert!(alone.contains("in this configuration"), "{alone}");
    folder.write("plan.json", text_of("guardrail-removed/bad-detached.json"));
    // A new plan is noticed without a word of the editor.
    let start = Instant::now();
    let planned = loop {
        let shown = text(editor.ask("textDocument/hover", &hover));
        if shown.contains("`plan.json`") {
            break shown;
        }
        assert!(start.elapsed() < PATIENCE, "{shown}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(planned.contains("denies"), "{planned}");
    assert_eq!(editor.end(), 0);
}

#[test]
fn what_is_no_message_is_answered_or_ends_it_with_the_reason() {
    let folder = Folder::new();
    let mut editor = Editor::new(&folder);
    assert_eq!(editor.ask("textDocument/hover", &json!({}))["error"]["code"], -32002);
    let mut editor = Editor::greeted(&folder, &json!({ "plan": 7, "org": {} }));
    editor.raw(b"Content-Length: 5\r\n\r\n{no}]");
    assert_eq!(editor.until(|it| it.get("error").is_some())["error"]["code"], -32700);
    editor.send(&json!([1, 2]));
    assert_eq!(editor.until(|it| it.get("error").is_some())["error"]["code"], -32600);
    assert_eq!(editor.ask("no/such", &json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", &json!({ "textDocument": 1 }))["error"]["code"], -32602);
    for params in [
        json!(null),
        json!({ "textDocument": {} }),
        json!({ "textDocument": { "uri": "%%%", "languageId": "", "version": 0, "text": "" } }),
    ] {
        editor.say("textDocument/didOpen", &params);
        editor.say("textDocument/didChange", &params);
    }
    let hover = json!({ "textDocument": { "uri": "untitled:1" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(editor.ask("textDocument/hover", &hover)["result"], Value::Null);
    assert_eq!(editor.end(), 0);

    for (bytes, why) in [
        ("Content-Length: 99999999999999\r\n\r\n{}", "no number up to 64 MB"),
        ("Content-Length: 2\r\n\r\n{}extra, which is no header\n", "no `Name: value`"),
        ("GET / HTTP/1.1\r\n\r\n", "no `Name: value`"),
    ] {
        let mut editor = Editor::greeted(&folder, &Value::Null);
        editor.raw(bytes.as_bytes());
        let (code, said) = editor.broken();
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(why), "{said}");
    }
    let mut editor = Editor::greeted(&folder, &Value::Null);
    editor.say("exit", &Value::Null);
    assert_eq!(editor.broken().0, 1, "an editor says `shutdown` before it goes");
}
