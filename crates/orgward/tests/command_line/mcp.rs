//! `orgward mcp`, as an assistant speaks to it.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Folder, text_of};

/// Longer than any answer takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(2);

struct Assistant {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    next: u64,
}

impl Assistant {
    fn new(folder: &Folder) -> Self {
        Self::started(folder.command(["mcp"]))
    }

    fn started(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stdin = child.stdin.take();
        Self { child, stdin, lines, next: 0 }
    }

    /// One that has shaken hands, as the protocol was until 2025.
    fn greeted(folder: &Folder) -> Self {
        Self::of(folder.command(["mcp"]))
    }

    fn of(command: Command) -> Self {
        let mut assistant = Self::started(command);
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let answer = assistant.ask("initialize", &params);
        assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
        assert_eq!(answer["result"]["serverInfo"]["name"], "orgward");
        assistant.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        assistant
    }

    fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).and_then(|()| stdin.write_all(b"\n")).unwrap();
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        self.send(
            &json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params }).to_string(),
        );
        let line = self.lines.recv_timeout(PATIENCE).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], self.next, "{answer}");
        answer
    }

    /// The texts of an answer, and whether it is a failure.
    fn call(&mut self, tool: &str, arguments: &Value) -> (Vec<String>, bool) {
        let answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        let result = &answer["result"];
        let texts = result["content"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let texts = texts.iter().map(|it| it["text"].as_str().unwrap().to_owned()).collect();
        (texts, result["isError"].as_bool().unwrap())
    }

    /// The JSON of an answer.
    fn json(&mut self, tool: &str, arguments: &Value) -> Value {
        let (texts, failed) = self.call(tool, arguments);
        assert!(!failed, "{texts:?}");
        serde_json::from_str(&texts[1]).unwrap()
    }

    fn failure(&mut self, tool: &str, arguments: &Value) -> String {
        let (texts, failed) = self.call(tool, arguments);
        assert!(failed, "{texts:?}");
        texts.concat()
    }

    /// Closes standard input, and waits for the program to end.
    fn end(mut self) -> i32 {
        drop(self.stdin.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

#[test]
fn the_tools_answer_what_the_commands_answer() {
    let folder = Folder::new();
    folder.write("plan.json", text_of("public-trust/bad-star-string.json"));
    folder.write("org.json", text_of("guardrail-gap/bad-exempt-too-wide.json"));
    folder.write("orgward.toml", text_of("guardrail-gap/orgward.toml"));
    folder.write(
        "deny.json",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
    );
    let mut assistant = Assistant::greeted(&folder);

    let tools = assistant.ask("tools/list", &json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["review", "explain", "who-can", "prove"]);
    assert!(tools.iter().all(|it| it["annotations"]["readOnlyHint"] == true));

    // Without a name it is the one plan in the folder, as at a desk.
    let (texts, _) = assistant.call("review", &json!({}));
    assert_eq!(
        texts[0],
        "verdict: blocked; 1 of the findings block; new: 1 critical; 1 existed before; 1 are unverifiable"
    );
    assert_eq!(
        assistant.json("review", &json!({})),
        folder.run(["plan", "review", "--format", "json"]).json()
    );

    let explained = assistant.json(
        "explain",
        &json!({ "guardrail": "keep-the-audit-trail", "account": "shop", "org": ["org.json"] }),
    );
    let command =
        ["guardrail", "explain", "keep-the-audit-trail", "shop", "--org", "org.json", "--format", "json"];
    assert_eq!(explained, folder.run(command).json());
    let (rule, _) = assistant.call("explain", &json!({ "rule": "public-trust" }));
    assert!(rule[0].starts_with("# public-trust"), "{rule:?}");

    let who = assistant.json("who-can", &json!({ "action": "sts:AssumeRole", "plans": ["plan.json"] }));
    let command = ["access", "who-can", "sts:AssumeRole", "--plan", "plan.json", "--format", "json"];
    assert_eq!(who, folder.run(command).json());

    // A guardrail needs no file: an assistant writes it as it asks.
    let claim =
        |action: &str| json!({ "guardrail": { "name": "g", "actions": [action] }, "scp": ["deny.json"] });
    let verdict = |answer: &Value| answer["chains"][0]["verdict"].as_str().unwrap().to_owned();
    assert_eq!(verdict(&assistant.json("prove", &claim("s3:DeleteBucket"))), "holds");
    assert_eq!(verdict(&assistant.json("prove", &claim("ec2:RunInstances"))), "refuted");
    assert_eq!(assistant.end(), 0);
}

#[test]
fn nothing_outside_of_the_folder_is_read_and_nothing_is_written() {
    let outside = Folder::new();
    let inside = outside.path("inside");
    std::fs::create_dir_all(inside.join("sub")).unwrap();
    std::fs::create_dir(outside.path(".git")).unwrap();
    outside.write("plan.json", text_of("public-trust/bad-star-string.json"));
    // The configuration of the repository is outside, too, and this one would end every run.
    outside.write("orgward.toml", "no such key = 1");
    outside.write("inside/own.json", text_of("public-trust/bad-star-string.json"));
    // To read it, Terraform would have to run, with all plugins that the folder names.
    outside.write("inside/saved.tfplan", b"PK\x03\x04");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path("plan.json"), inside.join("link.json")).unwrap();
    let mut command = outside.command(["mcp"]);
    command.current_dir(&inside).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let mut assistant = Assistant::of(command);

    assert_eq!(assistant.json("review", &json!({ "plans": ["own.json"] }))["verdict"], "blocked");
    let absolute = outside.path("plan.json").display().to_string();
    let mut paths =
        vec!["../plan.json", "sub/../../plan.json", &absolute, "/etc/passwd", "../no-such-file", ".."];
    if cfg!(unix) {
        paths.push("link.json");
    }
    for path in paths {
        for arguments in [json!({ "plans": [path] }), json!({ "plans": ["own.json"], "org": [path] })] {
            let why = assistant.failure("review", &arguments);
            assert!(why.contains("leads out of"), "{path}: {why}");
        }
        let why = assistant.failure("prove", &json!({ "guardrail": path, "scp": ["own.json"] }));
        assert!(why.contains("leads out of"), "{path}: {why}");
    }
    let why = assistant.failure("review", &json!({ "plans": ["saved.tfplan"] }));
    assert!(why.contains("neither is on PATH"), "{why}");
    let why = assistant.failure("review", &json!({ "plans": ["--output=json=written.json"] }));
    assert!(why.contains("cannot read"), "{why}");
    assert_eq!(assistant.end(), 0);
    let mut names: Vec<_> = std::fs::read_dir(&inside)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.retain(|name| name != "link.json");
    assert_eq!(names, ["own.json", "saved.tfplan", "sub"]);
}

#[test]
fn what_is_no_message_or_no_question_does_not_end_it() {
    let folder = Folder::new();
    let mut assistant = Assistant::greeted(&folder);
    assistant.send("{ this is no JSON");
    assistant.send(&format!("\"{}\"", "x".repeat(5 << 20)));
    assert_eq!(assistant.ask("ping", &json!({}))["result"], json!({}));
    assert_eq!(assistant.ask("no/such/method", &json!({}))["error"]["code"], -32601);
    let unknown = assistant.ask("tools/call", &json!({ "name": "apply", "arguments": {} }));
    assert_eq!(
        unknown["error"]["message"],
        "there is no tool `apply`: the tools are review, explain, who-can, prove"
    );
    let why = assistant.failure("review", &json!({ "output": ["json=x"] }));
    assert!(why.contains("unknown field `output`"), "{why}");
    let why = assistant.failure("who-can", &json!({ "action": "s3:\u{1b}[2J", "org": ["a\u{1b}[2J.json"] }));
    assert!(!why.contains('\u{1b}'), "{why}");
    let why = assistant.failure("review", &json!({}));
    assert!(why.contains("there is no plan in the current folder"), "{why}");
    // A call that is cancelled is not waited for.
    assistant.send(&json!({ "jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": { "name": "explain", "arguments": { "rule": "public-trust" } } }).to_string());
    assistant.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 99 } })
            .to_string(),
    );
    assert_eq!(assistant.end(), 0);
}

#[test]
fn assistants_that_no_longer_shake_hands_are_answered() {
    let folder = Folder::new();
    let mut assistant = Assistant::new(&folder);
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} });
    let found = assistant.ask("server/discover", &json!({ "_meta": meta }));
    assert!(
        found["result"]["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")),
        "{found}"
    );
    let answer = assistant.ask(
        "tools/call",
        &json!({ "_meta": meta, "name": "explain", "arguments": { "rule": "public-trust" } }),
    );
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    assert_eq!(assistant.end(), 0);
    assert_eq!(Assistant::new(&folder).end(), 0, "one that says nothing is no failure");
}
