//! The program from the outside: arguments, exit codes, what it prints and what it never prints.

#[cfg(test)]
mod accepted;
#[cfg(test)]
mod access;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod base;
#[cfg(test)]
mod comment;
#[cfg(test)]
mod decide;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod fix;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod guardrail_show;
#[cfg(test)]
mod guardrails;
#[cfg(test)]
mod init;
#[cfg(test)]
#[cfg(unix)]
mod inputs;
#[cfg(test)]
mod lines;
#[cfg(test)]
#[cfg(feature = "lsp")]
mod lsp;
#[cfg(test)]
mod manifests;
#[cfg(test)]
#[cfg(feature = "mcp")]
mod mcp;
#[cfg(test)]
mod monorepo;
#[cfg(test)]
mod options;
#[cfg(test)]
mod org_audit;
#[cfg(test)]
mod org_diff;
#[cfg(test)]
mod org_import;
#[cfg(test)]
mod org_show;
#[cfg(test)]
mod packaging;
#[cfg(test)]
mod packs;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod policy_review;
#[cfg(test)]
#[cfg(unix)]
mod progress;
#[cfg(test)]
mod readme;
#[cfg(test)]
#[cfg(unix)]
mod recipes;
#[cfg(test)]
mod rego;
#[cfg(test)]
mod review;
#[cfg(test)]
mod run_task;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod stacks;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tested;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod trust_nothing;
#[cfg(test)]
mod unknowns;
