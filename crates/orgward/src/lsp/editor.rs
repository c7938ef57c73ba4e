//! What an editor has open, and what it is told about it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionOrCommand, CodeActionParams,
    CodeActionProviderCapability, Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentChanges, Hover as Answer, HoverContents,
    HoverParams, HoverProviderCapability, InitializeResult, MarkupContent, MarkupKind, MessageType, OneOf,
    OptionalVersionedTextDocumentIdentifier, PositionEncodingKind, PublishDiagnosticsParams, SaveOptions,
    ServerCapabilities, ServerInfo, TextDocumentEdit, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextEdit, Uri, WorkspaceEdit,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::plan::{self, Inputs, Reviewed};
use super::shown::{Analysis, Hover};
use super::text::{Lines, path_of, uri_of};
use super::{policy, settings, terraform};
use crate::config;

/// How long after the last key a text is judged.
const QUIET: Duration = Duration::from_millis(150);
/// How often it is looked whether there is a new plan.
const LOOK: Duration = Duration::from_secs(2);
/// Files that are open.
const FILES: usize = 1_000;

/// Why a request fails: the code of the protocol, and a sentence.
#[derive(Debug)]
pub(super) struct Failed(pub(super) i32, pub(super) String);

/// A plan that was reviewed.
pub(super) struct Done {
    inputs: Inputs,
    result: Result<Reviewed, String>,
}

/// A text that is open.
struct Open {
    uri: Uri,
    text: String,
    hovers: Vec<Hover>,
}

/// Who says something about a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// The file by itself.
    File,
    /// The configuration in a folder.
    Configuration(PathBuf),
    /// The plan of a folder.
    Plan(PathBuf),
}

/// What is known of a folder with a configuration.
#[derive(Default)]
struct Folder {
    hovers: BTreeMap<PathBuf, Vec<Hover>>,
    /// What was reviewed, or is.
    inputs: Option<Inputs>,
    runs: bool,
    reviewed: Reviewed,
}

/// What the editor sets up.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Setup {
    plan: Option<PathBuf>,
    org: Vec<PathBuf>,
}

/// The conversation with an editor.
pub(super) struct Editor {
    open: BTreeMap<PathBuf, Open>,
    folders: BTreeMap<PathBuf, Folder>,
    /// Files and folders that are to be judged, and when.
    due: BTreeMap<PathBuf, Instant>,
    told: BTreeMap<PathBuf, BTreeMap<Origin, Vec<Diagnostic>>>,
    setup: Setup,
    looked: Instant,
    is_greeted: bool,
    is_shut_down: bool,
    done: Arc<dyn Fn(Done) + Send + Sync>,
    runs: Vec<JoinHandle<()>>,
    over: Arc<AtomicBool>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for run in self.runs.drain(..) {
            // One that broke has said so.
            let _ = run.join();
        }
    }
}

impl Editor {
    pub(super) fn new(done: Box<dyn Fn(Done) + Send + Sync>) -> Self {
        Self {
            open: BTreeMap::new(),
            folders: BTreeMap::new(),
            due: BTreeMap::new(),
            told: BTreeMap::new(),
            setup: Setup::default(),
            looked: Instant::now(),
            is_greeted: false,
            is_shut_down: false,
            done: done.into(),
            runs: Vec::new(),
            over: Arc::default(),
        }
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// How long there is nothing to do unless something happens.
    pub(super) fn patience(&self) -> Duration {
        let now = Instant::now();
        let next = self.due.values().min().map_or(LOOK, |due| due.saturating_duration_since(now));
        next.min(LOOK)
    }

    /// Answers a request; with messages that go before the answer.
    pub(super) fn request(&mut self, method: &str, params: Value) -> Result<(Value, Vec<Value>), Failed> {
        if self.is_shut_down {
            return Err(Failed(-32600, "the conversation is shut down".to_owned()));
        }
        if !self.is_greeted && method != "initialize" {
            return Err(Failed(-32002, "the conversation begins with `initialize`".to_owned()));
        }
        match method {
            "initialize" => Ok((self.initialized(&params), Vec::new())),
            "shutdown" => {
                self.is_shut_down = true;
                Ok((Value::Null, Vec::new()))
            }
            "textDocument/hover" => {
                let messages = self.judged();
                Ok((value(self.hover(&read(params)?)), messages))
            }
            "textDocument/codeAction" => {
                let messages = self.judged();
                Ok((value(self.actions(&read(params)?)), messages))
            }
            _ => Err(Failed(-32601, format!("there is no method `{}`", orgward_report::escape(method)))),
        }
    }

    /// What a notification leads to. One that is not understood is passed over: there is no answer to it.
    pub(super) fn notified(&mut self, method: &str, params: Value) -> Vec<Value> {
        if !self.is_greeted {
            return Vec::new();
        }
        match method {
            "textDocument/didOpen" => {
                let Ok(DidOpenTextDocumentParams { text_document: it }) = read(params) else {
                    return Vec::new();
                };
                self.changed(it.uri, it.text, Duration::ZERO);
                self.judged()
            }
            "textDocument/didChange" => {
                let Ok(DidChangeTextDocumentParams { text_document, content_changes }) = read(params) else {
                    return Vec::new();
                };
                // Texts are sent as a whole.
                if let Some(last) = content_changes.into_iter().next_back() {
                    self.changed(text_document.uri, last.text, QUIET);
                }
                Vec::new()
            }
            "textDocument/didSave" => {
                let Ok(DidSaveTextDocumentParams { text_document, .. }) = read(params) else {
                    return Vec::new();
                };
                if let Some(path) = file_of(&text_document.uri) {
                    self.look_at(path.parent().unwrap_or(&path));
                }
                Vec::new()
            }
            "textDocument/didClose" => {
                let Ok(DidCloseTextDocumentParams { text_document }) = read(params) else {
                    return Vec::new();
                };
                file_of(&text_document.uri).map(|path| self.closed(&path)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// Judges what is due, and looks for new plans.
    pub(super) fn work(&mut self) -> Vec<Value> {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            self.runs.retain(|run| !run.is_finished());
            for folder in self.folders.keys().cloned().collect::<Vec<_>>() {
                self.look_at(&folder);
            }
        }
        let now = Instant::now();
        let due: Vec<PathBuf> =
            self.due.iter().filter(|(_, due)| **due <= now).map(|(path, _)| path.clone()).collect();
        due.iter().flat_map(|path| self.judge(path)).collect()
    }

    /// Judges everything that waits: what is asked now is about what stands there now.
    fn judged(&mut self) -> Vec<Value> {
        let due: Vec<PathBuf> = self.due.keys().cloned().collect();
        due.iter().flat_map(|path| self.judge(path)).collect()
    }

    fn initialized(&mut self, params: &Value) -> Value {
        self.is_greeted = true;
        let mut setup: Setup =
            serde_json::from_value(params["initializationOptions"].clone()).unwrap_or_default();
        // Paths are from the folder that is open.
        let root = params["rootUri"].as_str().and_then(|uri| uri.parse().ok()).and_then(|uri| path_of(&uri));
        if let Some(root) = root {
            setup.plan = setup.plan.map(|plan| root.join(plan));
            setup.org = setup.org.iter().map(|file| root.join(file)).collect();
        }
        self.setup = setup;
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::FULL),
            save: Some(SaveOptions { include_text: Some(false) }.into()),
            ..TextDocumentSyncOptions::default()
        };
        let capabilities = ServerCapabilities {
            position_encoding: Some(PositionEncodingKind::UTF16),
            text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            })),
            ..ServerCapabilities::default()
        };
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        value(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo { name: "orgward".to_owned(), version }),
        })
    }

    fn changed(&mut self, uri: Uri, text: String, after: Duration) {
        let Some(path) = file_of(&uri).filter(|_| self.open.len() < FILES) else { return };
        let what = if terraform::is_configuration(&path) {
            path.parent().unwrap_or(&path).to_owned()
        } else {
            path.clone()
        };
        self.open.insert(path, Open { uri, text, hovers: Vec::new() });
        self.due.insert(what, Instant::now() + after);
    }

    fn closed(&mut self, path: &Path) -> Vec<Value> {
        self.open.remove(path);
        self.due.remove(path);
        let mut messages = self.tell(&Origin::File, BTreeMap::new(), Some(path));
        let Some(folder) = path.parent().filter(|folder| self.folders.contains_key(*folder)) else {
            return messages;
        };
        let folder = folder.to_owned();
        let is_used =
            self.open.keys().any(|it| it.parent() == Some(&folder) && terraform::is_configuration(it));
        if is_used {
            // What was not saved counts no more.
            self.due.insert(folder, Instant::now());
            return messages;
        }
        self.folders.remove(&folder);
        self.due.remove(&folder);
        messages.extend(self.tell(&Origin::Configuration(folder.clone()), BTreeMap::new(), None));
        messages.extend(self.tell(&Origin::Plan(folder), BTreeMap::new(), None));
        messages
    }

    /// Judges a file, or the configuration in a folder.
    fn judge(&mut self, what: &Path) -> Vec<Value> {
        self.due.remove(what);
        let Some(open) = self.open.get_mut(what) else {
            let texts: BTreeMap<PathBuf, String> =
                self.open.iter().map(|(path, open)| (path.clone(), open.text.clone())).collect();
            let Analysis { diagnostics, hovers } = terraform::analyze(what, &texts);
            self.folders.entry(what.to_owned()).or_default().hovers = hovers;
            self.look_at(what);
            return self.tell(&Origin::Configuration(what.to_owned()), diagnostics, None);
        };
        let name = what.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let diagnostics = if name == config::NAME {
            settings::analyze(what, &open.text)
        } else {
            let (diagnostics, hovers) = policy::analyze(what, &open.text).unwrap_or_default();
            open.hovers = hovers;
            diagnostics
        };
        self.tell(&Origin::File, [(what.to_owned(), diagnostics)].into(), Some(what))
    }

    /// Reviews the plan of a folder where it is new.
    fn look_at(&mut self, folder: &Path) {
        let Some(known) = self.folders.get_mut(folder).filter(|known| !known.runs) else { return };
        let inputs = Inputs::of(folder, self.setup.plan.as_deref(), &self.setup.org);
        if known.inputs == inputs {
            return;
        }
        known.inputs.clone_from(&inputs);
        let Some(inputs) = inputs else {
            known.reviewed = Reviewed::default();
            return;
        };
        known.runs = true;
        let (done, over) = (Arc::clone(&self.done), Arc::clone(&self.over));
        self.runs.push(spawn(move || {
            let result = plan::review(&inputs, &|| over.load(Ordering::Relaxed));
            done(Done { inputs, result });
        }));
    }

    /// Takes what a plan comes to.
    pub(super) fn reviewed(&mut self, Done { inputs, result }: Done) -> Vec<Value> {
        let Some(folder) = self.folders.get_mut(&inputs.folder) else { return Vec::new() };
        folder.runs = false;
        let mut messages = Vec::new();
        let mut reviewed = result.unwrap_or_else(|why| {
            let message =
                format!("orgward cannot review `{}`: {why}", orgward_report::escape(&inputs.name()));
            let params = json!({ "type": MessageType::WARNING, "message": message });
            messages.push(json!({ "jsonrpc": "2.0", "method": "window/logMessage", "params": params }));
            Reviewed::default()
        });
        let diagnostics = std::mem::take(&mut reviewed.diagnostics);
        folder.reviewed = reviewed;
        messages.extend(self.tell(&Origin::Plan(inputs.folder.clone()), diagnostics, None));
        // It may have been replaced meanwhile.
        self.look_at(&inputs.folder);
        messages
    }

    /// Says what one origin says now, of one file or of all.
    fn tell(
        &mut self,
        origin: &Origin,
        mut now: BTreeMap<PathBuf, Vec<Diagnostic>>,
        only: Option<&Path>,
    ) -> Vec<Value> {
        let before =
            self.told.iter().filter(|(_, told)| told.contains_key(origin)).map(|(path, _)| path.clone());
        let paths: BTreeSet<PathBuf> =
            before.chain(now.keys().cloned()).filter(|path| only.is_none_or(|only| only == path)).collect();
        let mut messages = Vec::new();
        for path in paths {
            let told = self.told.entry(path.clone()).or_default();
            let diagnostics = now.remove(&path).unwrap_or_default();
            if told.get(origin) == Some(&diagnostics) || diagnostics.is_empty() && !told.contains_key(origin)
            {
                continue;
            }
            if diagnostics.is_empty() {
                told.remove(origin);
            } else {
                told.insert(origin.clone(), diagnostics);
            }
            let all = joined(told);
            if told.is_empty() {
                self.told.remove(&path);
            }
            let Some(uri) = self.open.get(&path).map(|open| open.uri.clone()).or_else(|| uri_of(&path))
            else {
                continue;
            };
            let params = PublishDiagnosticsParams::new(uri, all, None);
            messages.push(json!({ "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": value(params) }));
        }
        messages
    }

    fn hover(&self, params: &HoverParams) -> Option<Answer> {
        let at = &params.text_document_position_params;
        let path = file_of(&at.text_document.uri)?;
        let line = usize::try_from(at.position.line).ok()? + 1;
        let folder = self.folders.get(path.parent()?);
        let own = self.open.get(&path).map(|open| open.hovers.as_slice()).unwrap_or_default();
        let all = folder.and_then(|folder| folder.hovers.get(&path)).into_iter().flatten().chain(own);
        let found: Vec<&Hover> = all.filter(|it| (it.lines.0..=it.lines.1).contains(&line)).collect();
        if found.is_empty() {
            return None;
        }
        let shown = |hover: &&Hover| {
            let Some(policy) = &hover.policy else { return hover.text.clone() };
            let planned =
                folder.and_then(|folder| Some((folder.inputs.as_ref()?, folder.reviewed.bound.get(policy)?)));
            let bound = match planned {
                Some((inputs, bound)) => bound.words(&super::words::code(&inputs.name())),
                None => hover.bound.words("this configuration"),
            };
            format!("{}\n{bound}", hover.text)
        };
        let text: Vec<String> = found.iter().map(shown).collect();
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: text.join("\n\n---\n\n") };
        Some(Answer { contents: HoverContents::Markup(contents), range: None })
    }

    /// The proved fixes of findings in a range, where the files still are what they were when it was proved.
    fn actions(&self, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
        let Some(path) = file_of(&params.text_document.uri) else { return Vec::new() };
        let wanted = params.range.start.line..=params.range.end.line;
        let is_asked = |file: &PathBuf, line: usize| {
            *file == path && u32::try_from(line.saturating_sub(1)).is_ok_and(|line| wanted.contains(&line))
        };
        let mut actions = Vec::new();
        for folder in self.folders.values() {
            for fix in &folder.reviewed.fixes {
                let whole =
                    |path: &PathBuf| folder.reviewed.texts.get(path).filter(|text| self.holds(path, text));
                let here = match &fix.site {
                    Some((file, line)) => is_asked(file, *line),
                    None => fix.edits.iter().any(|edit| edit.path == path),
                };
                if !here || fix.edits.is_empty() {
                    continue;
                }
                let edits: Option<Vec<TextDocumentEdit>> = fix
                    .edits
                    .iter()
                    .map(|edit| {
                        let range =
                            Lines::of(whole(&edit.path)?).range(&(edit.at..edit.at + edit.removed.len()));
                        let uri = self
                            .open
                            .get(&edit.path)
                            .map(|open| open.uri.clone())
                            .or_else(|| uri_of(&edit.path))?;
                        Some(TextDocumentEdit {
                            text_document: OptionalVersionedTextDocumentIdentifier { uri, version: None },
                            edits: vec![OneOf::Left(TextEdit::new(range, edit.text.clone()))],
                        })
                    })
                    .collect();
                let Some(edits) = edits else { continue };
                let cured =
                    params.context.diagnostics.iter().filter(|it| is_of(it, &fix.rule)).cloned().collect();
                actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                    title: fix.title.clone(),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: Some(cured),
                    edit: Some(WorkspaceEdit {
                        document_changes: Some(DocumentChanges::Edits(edits)),
                        ..WorkspaceEdit::default()
                    }),
                    ..CodeAction::default()
                }));
            }
        }
        actions
    }

    /// Whether a file is this text, in the editor or else on the disk.
    fn holds(&self, path: &Path, text: &str) -> bool {
        match self.open.get(path) {
            Some(open) => open.text == text,
            None => crate::files::bounded(path, 1 << 20).is_ok_and(|now| now == text),
        }
    }
}

/// All that is said of a file. What the plan says in the same line is not said twice.
fn joined(told: &BTreeMap<Origin, Vec<Diagnostic>>) -> Vec<Diagnostic> {
    let line = |it: &Diagnostic| (it.code.clone(), it.data.clone());
    let planned: Vec<_> = told
        .iter()
        .filter(|(origin, _)| matches!(origin, Origin::Plan(_)))
        .flat_map(|(_, all)| all.iter().map(line))
        .collect();
    let mut all: Vec<Diagnostic> = told
        .iter()
        .flat_map(|(origin, all)| {
            let twice =
                |it: &&Diagnostic| matches!(origin, Origin::Configuration(_)) && planned.contains(&line(it));
            all.iter().filter(move |it| !twice(it)).cloned().collect::<Vec<_>>()
        })
        .collect();
    all.sort_by_key(|it| (it.range.start, it.range.end, it.message.clone()));
    all
}

fn is_of(diagnostic: &Diagnostic, rule: &str) -> bool {
    diagnostic.code.as_ref().is_some_and(|code| *code == lsp_types::NumberOrString::String(rule.to_owned()))
}

/// The file that a URI names, with all links followed.
fn file_of(uri: &Uri) -> Option<PathBuf> {
    let path = path_of(uri)?;
    match (path.canonicalize(), path.parent()?.canonicalize(), path.file_name()) {
        (Ok(path), _, _) => Some(path),
        // It may not have been written yet.
        (_, Ok(folder), Some(name)) => Some(folder.join(name)),
        _ => None,
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Failed> {
    serde_json::from_value(params).map_err(|error| {
        Failed(-32602, format!("the parameters do not fit: {}", orgward_report::escape(&error.to_string())))
    })
}

/// Types of the protocol always make JSON.
fn value(of: impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}
