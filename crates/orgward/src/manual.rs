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
    let _ = Man::new(command.clone()).title(name.clone()).render(&mut page);
    output::write(&folder.join(format!("{name}.1")), &String::from_utf8_lossy(&page))?;
    let mut below = command.get_subcommands().filter(|it| it.get_name() != "help" && !it.is_hide_set());
    below.try_for_each(|command| write_below(command, folder))
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

    /// The commands that the documentation, the recipes and the workflows show, with their flags, are ones of the program.
    #[test]
    fn every_command_that_is_shown_is_one() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files =
            vec![root.join("README.md"), root.join("action.yml"), root.join(".pre-commit-hooks.yaml")];
        for folder in ["docs", "docs/ci", "packaging", "packaging/npm", "packaging/pypi"] {
            let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
            files.extend(entries.filter(|path| path.is_file()));
        }
        let mut checked = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap().replace("\\\n", " ");
            let is_page = file.extension().is_some_and(|ending| ending == "md");
            let mut fenced = !is_page;
            for line in text.lines() {
                fenced ^= is_page && line.starts_with("```");
                let line = line.trim_start_matches(['$', ' ', '-', '|']);
                let Some(rest) = line.strip_prefix("orgward ").filter(|_| fenced) else { continue };
                let Some(words) = words(rest) else { continue };
                if words.iter().any(|word| word.contains('…') || word.starts_with('$') || word.contains("${"))
                {
                    continue;
                }
                let words = std::iter::once("orgward".to_owned()).chain(words);
                if let Err(error) = Arguments::command().try_get_matches_from(words) {
                    let is_help = matches!(
                        error.kind(),
                        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
                    );
                    assert!(is_help, "{}: {line}\n{error}", file.display());
                }
                checked += 1;
            }
        }
        assert!(checked >= 50, "{checked} commands");
    }

    /// The words of a command of a shell, up to what follows it; `None` where it is no whole command.
    fn words(line: &str) -> Option<Vec<String>> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        for character in line.chars() {
            match (character, quote) {
                (_, Some(open)) if character == open => quote = None,
                ('\'' | '"', None) => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                ('|' | '>' | '<' | ';' | '&' | '#' | '(' | '`', None) => break,
                (' ', None) => words.extend(word.take()),
                _ => word.get_or_insert_default().push(character),
            }
        }
        words.extend(word);
        quote.is_none().then_some(words)
    }
}
