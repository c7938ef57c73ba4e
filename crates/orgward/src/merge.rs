//! `orgward review merge`.

use std::path::PathBuf;

use miette::Diagnostic;

use crate::exit::Exit;
use crate::{input, output};

/// Joins parts of a review.
pub(crate) fn run(parts: &[PathBuf]) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let texts = input::texts(parts)?.into_iter().map(|text| (text.name, text.text)).collect::<Vec<_>>();
    let (text, outcome) = orgward_report::merged(&texts)?;
    output::print(text.as_bytes())?;
    Ok(match outcome {
        Some(true) => Exit::Clean,
        Some(false) => Exit::Blocked,
        None => Exit::Failed,
    })
}
