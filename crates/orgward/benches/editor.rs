//! How long an editor waits: the largest configuration of the fixtures is changed, and asked about at once, so that the
//! answer is about what stands there now.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run should say so")]

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

fn main() {
    divan::main();
}

struct Editor {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Editor {
    fn new() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orgward"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (stdin, stdout) = stdin.zip(stdout).expect("the streams are there");
        let mut editor = Self { child, stdin, stdout: BufReader::new(stdout) };
        editor.ask("initialize", &json!({ "capabilities": {} }));
        editor
    }

    fn say(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it reads");
        self.stdin.flush().expect("it reads");
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.say(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        loop {
            let mut header = String::new();
            self.stdout.read_line(&mut header).expect("it answers");
            let length = header.trim().rsplit(' ').next().and_then(|it| it.parse().ok()).expect("a header");
            self.stdout.read_line(&mut header).expect("it answers");
            let mut body = vec![0; length];
            self.stdout.read_exact(&mut body).expect("it answers");
            let message: Value = serde_json::from_slice(&body).expect("JSON");
            if message.get("id") == Some(&Value::from(1)) {
                return message;
            }
        }
    }
}

/// The largest configuration in one file.
fn largest() -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let (mut waiting, mut largest) = (vec![root], String::new());
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|it| it == "tf") {
                let text = std::fs::read_to_string(path).expect("a text");
                if text.len() > largest.len() {
                    largest = text;
                }
            }
        }
    }
    largest
}

#[divan::bench]
fn change_and_hover(bencher: divan::Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("main.tf");
    let text = largest();
    std::fs::write(&path, &text).expect("a file");
    let uri = format!("file://{}", path.display());
    let mut editor = Editor::new();
    let document = json!({ "uri": uri, "languageId": "terraform", "version": 1, "text": text });
    editor.say(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": document } }));
    let change =
        json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [{ "text": text }] });
    let hover = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } });
    bencher.bench_local(|| {
        editor.say(&json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": change }));
        editor.ask("textDocument/hover", &hover)
    });
}
