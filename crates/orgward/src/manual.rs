//! The manual.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use miette::Diagnostic;

use crate::output;

/// The manual as a man page: the program, and every command after it.
pub(crate) fn page(mut command: Command) -> Vec<u8> {
    command.build();
    let mut out = Vec::new();
    append(&mut out, &command, true);
    out
}

/// Writes a man page for the program and one for every command into a folder: `orgward-plan-review.1`.
pub(crate) fn write(mut command: Command, folder: &Path) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    command.build();
    write_below(&command, folder)
}

fn write_below(command: &Command, folder: &Path) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut page = Vec::new();
    // Writing to memory cannot fail.
    let _ = Man::new(command.clone().name(name.clone())).render(&mut page);
    output::write(&folder.join(format!("{name}.1")), &String::from_utf8_lossy(&page))?;
    let below = command.get_subcommands().filter(|it| it.get_name() != "help" && !it.is_hide_set());
    below.map(|command| write_below(command, folder)).collect()
}

fn append(out: &mut Vec<u8>, command: &Command, is_first: bool) {
    let man = Man::new(command.clone());
    // Writing to memory cannot fail.
    let _ = if is_first { man.render(out) } else { section(out, &man, command) };
    for command in
        command.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set())
    {
        append(out, command, false);
    }
}

/// A command below the program: what a page of its own would say, without the head of a page.
fn section(out: &mut Vec<u8>, man: &Man, command: &Command) -> std::io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace('-', " ");
    out.extend_from_slice(format!(".SH {}\n", name.to_uppercase()).as_bytes());
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        write(Arguments::command(), folder.path()).unwrap();
        for name in ["orgward", "orgward-plan", "orgward-plan-review", "orgward-policy-decide"] {
            let page = std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
            assert!(page.contains(".SH SYNOPSIS") && page.contains(&format!(".TH {name} ")), "{page}");
        }
    }

    #[test]
    fn every_command_is_in_the_manual() {
        let page = String::from_utf8(page(Arguments::command())).unwrap();
        for text in [".TH orgward", ".SH ORGWARD PLAN REVIEW", ".SH ORGWARD PLAN COMMENT", "fail\\-on"] {
            assert!(page.contains(text), "{text} is not in the manual:\n{page}");
        }
    }
}
