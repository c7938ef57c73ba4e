//! The program: arguments, files, terminal, exit codes. What a plan means is up to the libraries.

mod access;
#[cfg(any(feature = "lsp", feature = "mcp"))]
mod again;
mod arguments;
mod base;
mod baseline;
mod child;
mod comment;
mod config;
mod config_show;
mod confine;
mod discover;
mod exit;
mod files;
mod fix;
mod git;
mod guardrail;
mod gzip;
mod init;
mod input;
#[cfg(feature = "lsp")]
mod lsp;
mod manifest;
mod manual;
#[cfg(feature = "mcp")]
mod mcp;
mod merge;
mod names;
mod org_audit;
mod org_diff;
mod org_import;
mod org_show;
mod output;
mod permissions;
mod policy;
mod progress;
mod rego;
mod replay;
mod review;
mod rules;
mod serve;
mod snapshot;
mod source;
mod test;
mod waive;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use miette::Diagnostic;
use thiserror::Error;

use self::arguments::{
    Arguments, Command, ConfigCommand, OrgCommand, PlanCommand, ReviewCommand, ServeCommand,
};
use self::exit::Exit;

fn main() -> ExitCode {
    exit::guarded(|| {
        let arguments = Arguments::parse();
        progress::start();
        let terminal = output::Terminal::of(arguments.color);
        if let Err(error) = confined(&arguments) {
            output::complain(&error, terminal);
            return Exit::Failed;
        }
        let done = match &arguments.command {
            Command::Plan(PlanCommand::Review(arguments)) => review::run(arguments, terminal),
            Command::Plan(PlanCommand::Comment(arguments)) => comment::run(arguments),
            Command::Fix(arguments) => fix::run(arguments),
            Command::Review(ReviewCommand::Merge { parts }) => merge::run(parts),
            Command::Access(command) => access::run(command),
            Command::Init(arguments) => init::run(arguments),
            Command::Policy(command) => policy::run(command, terminal),
            Command::Guardrail(command) => guardrail::run(command, terminal),
            Command::Plan(PlanCommand::Baseline(arguments)) => baseline::run(arguments),
            Command::Plan(PlanCommand::Permissions(arguments)) => permissions::run(arguments),
            Command::Test(arguments) => test::run(arguments),
            Command::Waive(arguments) => waive::run(arguments),
            Command::Org(OrgCommand::Show(arguments)) => org_show::run(arguments),
            Command::Replay(arguments) => replay::run(arguments),
            Command::Org(OrgCommand::Snapshot { arguments }) => {
                progress::end();
                snapshot::collect(arguments)
            }
            Command::Org(OrgCommand::Audit(arguments)) => org_audit::run(arguments, terminal),
            Command::Org(OrgCommand::Import(arguments)) => org_import::run(arguments),
            Command::Org(OrgCommand::Diff(arguments)) => org_diff::run(arguments, terminal),
            Command::Rules(arguments) => rules::run(arguments, terminal),
            Command::Config(ConfigCommand::Schema) => {
                output::print(orgward_config::schema().as_bytes()).map(|()| Exit::Clean)
            }
            Command::Config(ConfigCommand::Show(arguments)) => config_show::run(arguments),
            Command::Serve(ServeCommand::RunTask(arguments)) => serve::run_task(arguments),
            #[cfg(feature = "lsp")]
            Command::Lsp => lsp::run(),
            #[cfg(feature = "mcp")]
            Command::Mcp(arguments) => mcp::run(arguments),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(*shell, &mut Arguments::command(), "orgward", &mut script);
                output::print(&script).map(|()| Exit::Clean)
            }
            Command::Man { folder: None } => {
                output::print(&manual::page(Arguments::command())).map(|()| Exit::Clean)
            }
            Command::Man { folder: Some(folder) } => {
                manual::write(Arguments::command(), folder).map(|()| Exit::Clean)
            }
        };
        progress::end();
        done.unwrap_or_else(|error| {
            output::complain(&*error, terminal);
            Exit::Failed
        })
    })
}

/// Why a run is not confined to the current folder.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot find the current folder")]
struct NoFolder(#[source] std::io::Error);

/// Confines a run that asks for it.
fn confined(arguments: &Arguments) -> Result<(), NoFolder> {
    if arguments.confined { confine::to_here().map_err(NoFolder) } else { Ok(()) }
}
