//! One writer per output format.
//!
//! A writer turns a [`Review`](orgward_finding::Review) into text and needs nothing else: this crate knows
//! formats and neither rules, nor AWS, nor files. Whatever comes from a plan is escaped here, since here is
//! known for which reader.

mod access;
mod access_picture;
mod baseline;
mod changes;
mod checked;
pub mod comment;
mod comparison;
mod configuration;
mod decision;
mod denied;
mod drift;
mod escape;
mod event;
mod excerpt;
mod extent;
mod failure;
mod fixes;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod links;
mod ocsf;
mod organization;
mod pack;
mod permissions;
mod place;
mod position;
mod proof;
mod replay;
mod request;
mod sarif;
mod shard;
mod story;
mod terminal;
mod tested;
mod unread;

#[cfg(test)]
mod testing;

pub use access::{
    AccessView, CapView, GrantView, OfView, PathView, StepView, WhoEntry, WhoView, access_change,
    access_change_json, access_change_markdown, fenced, of, of_json, path, path_json, path_mermaid, who,
    who_json,
};
pub use access_picture::path_svg;
pub use baseline::{BaselineError, baseline, read_baseline};
pub use changes::{CauseView, ChangeView, ExampleView, PlaceView, RequestsView, ServiceView, ValueView};
pub use checked::{
    Checked, DeadStatement, Question, ShownProblem, Verdict as QuestionVerdict, checked, checked_json,
};
pub use comparison::{Comparison, comparison, comparison_json};
pub use decision::{
    Answer, Decided, DecidedBy, LayerAnswer, Said, StatementAnswer, decisions, decisions_json,
};
pub use denied::{DeniedRow, denied_calls_markdown};
pub use drift::{DriftView, drift, drift_json};
pub use escape::line as escape;
pub use event::{EventAnswer, EventAsked, EventDenial, EventVerdict, event_answers, event_answers_json};
pub use failure::failure;
pub use fixes::{FileEdit, ShownFix, fixes_json};
pub use github::github;
pub use gitlab::gitlab;
pub use html::html_page as html;
pub use json::json;
pub use junit::junit;
pub use links::page_of;
pub use ocsf::ocsf;
pub use organization::{
    AdviceView, AttachmentView, NodeView, OrganizationChange, OrganizationView, PlacementView, dot, mermaid,
    organization_json, svg, tree,
};
pub use pack::{
    PolicyResource, ShownGuardrail, ShownKeys, ShownPack, ShownParameter, guardrails, guardrails_toml, packs,
    policies_hcl,
};
pub use permissions::{PermissionsView, permissions_hcl, permissions_json};
pub use proof::{ChainProof, Proof, Verdict as ProofVerdict, proof, proof_json};
pub use replay::{BrokenView, ReplayView, replay, replay_json};
pub use request::{ShownPrincipal, ShownRequest};
pub use sarif::sarif;
pub use shard::{MergeError, Part, Shard, merged, part_json};
pub use story::{out_of_scope, out_of_scope_json, story, story_json};
pub use terminal::{Detail, Style, terminal};
pub use tested::{
    CoveredStatement, TestAnswer, TestOutcome, TestRun, tests, tests_json, tests_junit, tests_tap,
};
