//! Reads a live AWS organization into a snapshot. `orgward org snapshot` starts this program: the SDK of AWS is in no other.
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "paths of generated methods are longer than the lines that would have them"
)]

mod account;
mod actions;
mod arguments;
mod aws;
mod collect;
mod credentials;
mod detection;
mod identity_center;
mod journal;
mod kinds;
mod organization;
mod progress;
mod refused;
mod resources;
mod signed;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        // It is written, and says what is missing in it.
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            progress::say(&format!("{:?}", miette::Report::from(error)));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, collect::CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(collect::run(arguments))
}
