//! `orgward rules`.

use miette::Diagnostic;
use orgward_finding::RuleInfo;
use orgward_report::{Detail, escape};
use thiserror::Error;

use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::review;

/// Why a rule could not be explained.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no rule `{}`", escape(id))]
#[diagnostic(help("{help}"))]
struct UnknownRule {
    id: String,
    help: String,
}

/// Lists the rules, or explains one.
pub(crate) fn run(id: Option<&str>, terminal: Terminal) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let text = match id {
        None => list(terminal.style(Detail::Usual).color),
        Some(id) => explain(id)?,
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn list(color: bool) -> String {
    let width = review::rules().iter().map(|info| info.id.len()).max().unwrap_or(0);
    let line = |info: &&RuleInfo| {
        let id = format!("{:width$}", info.id);
        let id = if color { format!("\u{1b}[1m{id}\u{1b}[0m") } else { id };
        format!("{id}  {:8}  {}\n", info.severity.as_str(), info.summary)
    };
    review::rules().iter().map(line).collect()
}

fn explain(id: &str) -> Result<String, UnknownRule> {
    let Some(info) = review::rules().into_iter().find(|info| info.id == id) else {
        return Err(UnknownRule { id: id.to_owned(), help: near(id) });
    };
    Ok(format!(
        "# {}\n\n{}: {} when found, {} when it cannot be told.\n\n{}\n",
        info.id,
        info.summary,
        info.severity,
        info.unverifiable,
        flush(info.docs).trim()
    ))
}

/// Takes away the space that stands before every line of a documentation comment.
fn flush(docs: &str) -> String {
    let lines = || docs.lines().filter(|line| !line.is_empty());
    if lines().all(|line| line.starts_with(' ')) {
        docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect()
    } else {
        docs.to_owned()
    }
}

fn near(id: &str) -> String {
    let nearest = review::rules()
        .into_iter()
        .map(|info| info.id)
        .max_by(|left, right| strsim::jaro_winkler(id, left).total_cmp(&strsim::jaro_winkler(id, right)));
    match nearest.filter(|near| strsim::jaro_winkler(id, near) > 0.8) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`orgward rules` lists them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::flush;

    #[test]
    fn documentation_is_flush_left() {
        assert_eq!(flush(" # Title\n\n ```json\n   {}\n ```\n"), "# Title\n\n```json\n  {}\n```\n");
        assert_eq!(flush("# Title\n\n code\n"), "# Title\n\n code\n");
    }
}
