//! Finds and reads the configuration.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_config::{Config, ConfigError, OPTIONS, Threshold};
use orgward_finding::{Gate, Severity};
use orgward_report::{Detail, escape};
use thiserror::Error;

use crate::arguments::{ConfigArguments, DetailArguments, FailOn, RuleArguments};
use crate::{confine, files, output, rego, review};

/// The name of the configuration.
pub(crate) const NAME: &str = "orgward.toml";
/// The folder beside it whose files hold waivers.
const WAIVERS: &str = ".orgward/waivers";

/// Files with waivers: one for each rule, and some for stacks.
const WAIVER_FILES: usize = 1_000;

/// Why the folder of the waivers could not be read.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum WaiversError {
    #[error("cannot read the waivers in `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("there are more than {WAIVER_FILES} files with waivers in `{}`", escape(name))]
    #[diagnostic(help("keep the waivers of a rule in one file"))]
    Many { name: String },
}

/// Why what is laid over the configuration cannot be used.
#[derive(Debug, Error, Diagnostic)]
enum OptionError {
    #[error("two configurations are named: `{}` and `{}`", escape(first), escape(second))]
    #[diagnostic(help("name one file; `--config 'KEY = VALUE'` sets single settings"))]
    Two { first: String, second: String },
    #[error("there is no option for the variable `{}`", escape(name))]
    #[diagnostic(help("{help}"))]
    Variable { name: String, help: String },
    #[error("the variable `{}` is no text", escape(name))]
    #[diagnostic(help("set it to text in UTF-8, or unset it"))]
    NoText { name: String },
}

/// What variables of the environment begin with that this program reads.
pub(crate) const PREFIX: &str = "ORGWARD_";
/// The variable that names the file.
const FILE: &str = "ORGWARD_CONFIG";

impl ConfigArguments {
    /// What is laid over the file.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &str> {
        self.config.iter().map(String::as_str).filter(|text| is_pair(text))
    }

    fn files(&self) -> impl Iterator<Item = &str> {
        self.config.iter().map(String::as_str).filter(|text| !is_pair(text))
    }

    /// The file that is named.
    fn file(&self) -> Option<PathBuf> {
        let named = self.files().next().map(PathBuf::from);
        named.or_else(|| env::var_os(FILE).filter(|path| !path.is_empty()).map(PathBuf::from))
    }
}

/// Whether an argument is `KEY = VALUE`, and no file whose name has the sign.
fn is_pair(text: &str) -> bool {
    text.contains('=') && !Path::new(text).exists()
}

/// The configuration that was named, else the one found, else the defaults; with the waivers beside it. Over it comes
/// what the arguments set, and over that what the environment sets.
pub(crate) fn load(arguments: &ConfigArguments) -> Result<Config, Box<dyn Diagnostic + Send + Sync>> {
    let mut files = arguments.files();
    if let (Some(first), Some(second)) = (files.next(), files.next()) {
        return Err(OptionError::Two { first: first.to_owned(), second: second.to_owned() }.into());
    }
    let found = found(arguments);
    let mut config = match &found {
        Some(path) => read(path)?,
        None => Config::default(),
    };
    for pair in arguments.pairs() {
        config.lay_over("--config", pair)?;
    }
    environment(&mut config)?;
    add_waivers(&folder_of(found.as_deref()).join(WAIVERS), &mut config)?;
    rego::add_beside(&folder_of(found.as_deref()), &mut config)?;
    let today = review::today().to_string();
    for note in config.certified.iter().filter_map(|list| list.note(&today)) {
        output::warn(&format!("note: {note}\n"));
    }
    Ok(config)
}

/// Reads a configuration, and the files that it names.
pub(crate) fn read(path: &Path) -> Result<Config, Box<dyn Diagnostic + Send + Sync>> {
    let text = files::read("the configuration", path)?;
    Ok(parse_at(path, &text)?)
}

/// Reads the text of a configuration that is or will be at a path, and the files that it names.
pub(crate) fn parse_at(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let folder = folder_of(Some(path));
    let beside = |name: &str| {
        files::read_within("the file", &folder, &folder.join(name)).map_err(|error| files::reason(&error))
    };
    Config::parse_beside(&path.display().to_string(), text, &beside)
}

/// The configuration that counts, if there is one.
pub(crate) fn path(arguments: &ConfigArguments) -> Option<PathBuf> {
    found(arguments)
}

/// Adds the waivers beside a configuration.
pub(crate) fn add_waivers_beside(
    file: &Path,
    config: &mut Config,
) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    add_waivers(&folder_of(Some(file)).join(WAIVERS), config)
}

fn add_waivers(folder: &Path, config: &mut Config) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    for file in waiver_files(folder)? {
        config.add_waivers(&file.display().to_string(), &files::read("the waivers", &file)?)?;
    }
    Ok(())
}

/// Sets the options that variables of the environment name.
fn environment(config: &mut Config) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    let mut variables: Vec<(String, OsString)> =
        env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
    variables.sort();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX).filter(|_| name != FILE) else { continue };
        let Some(option) = OPTIONS.iter().find(|option| option.to_ascii_uppercase() == rest) else {
            let known = OPTIONS.iter().map(|option| format!("{PREFIX}{}", option.to_ascii_uppercase()));
            let near = known
                .clone()
                .chain([FILE.to_owned()])
                .min_by_key(|known| strsim::damerau_levenshtein(known, &name))
                .filter(|known| strsim::damerau_levenshtein(known, &name) <= 4);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are: {}", known.collect::<Vec<_>>().join(", ")),
            };
            return Err(OptionError::Variable { name, help }.into());
        };
        let Some(value) = value.to_str() else { return Err(OptionError::NoText { name }.into()) };
        // A pipeline passes a variable that is not set as an empty one.
        if value.is_empty() {
            continue;
        }
        config.set_option(&name, option, value)?;
    }
    Ok(())
}

/// Lays the rules that flags choose over the configuration.
pub(crate) fn choose(config: &mut Config, rules: &RuleArguments) -> Result<(), ConfigError> {
    for (flag, key, rules) in [("--select", "select", &rules.select), ("--ignore", "ignore", &rules.ignore)] {
        if !rules.is_empty() {
            config.set_option(flag, key, &rules.join(","))?;
        }
    }
    Ok(())
}

/// How much is said: as the flags say, else the configuration.
pub(crate) fn detail(config: &Config, arguments: &DetailArguments) -> Detail {
    let options = &config.options;
    match arguments {
        DetailArguments { quiet: true, .. } => Detail::Quiet,
        DetailArguments { verbose: true, .. } => Detail::Verbose,
        _ if options.quiet == Some(true) => Detail::Quiet,
        _ if options.verbose == Some(true) => Detail::Verbose,
        _ => Detail::Usual,
    }
}

/// When findings block: as the flags say, else the configuration.
pub(crate) fn gate(config: &Config, fail_on: Option<FailOn>, existing: bool) -> Gate {
    let configured = config.options.fail_on.unwrap_or(Threshold::At(Severity::Medium));
    Gate {
        fail_on: fail_on.map_or(configured.severity(), FailOn::severity),
        existing: existing || config.options.existing == Some(true),
    }
}

/// The folder where waivers are kept, one file for each rule.
pub(crate) fn waivers_beside(arguments: &ConfigArguments) -> PathBuf {
    folder_of(found(arguments).as_deref()).join(WAIVERS)
}

/// The folder of the configuration, or of where it would be.
pub(crate) fn folder(arguments: &ConfigArguments) -> PathBuf {
    folder_of(found(arguments).as_deref())
}

fn found(arguments: &ConfigArguments) -> Option<PathBuf> {
    arguments.file().or_else(|| find(Path::new(".")))
}

fn folder_of(config: Option<&Path>) -> PathBuf {
    let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
    folder.strip_prefix(".").unwrap_or(folder).to_owned()
}

/// The files with waivers in a folder, sorted. Without the folder there are none; one that cannot be read is a
/// failure: it may accept something.
fn waiver_files(folder: &Path) -> Result<Vec<PathBuf>, WaiversError> {
    let unreadable = |source| WaiversError::Read { name: folder.display().to_string(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
        if files.len() > WAIVER_FILES {
            return Err(WaiversError::Many { name: folder.display().to_string() });
        }
    }
    files.sort();
    Ok(files)
}

/// The configuration in a folder, else in the nearest one above it up to the root of the repository. Outside of a
/// repository nothing above counts: it may be anybody's.
pub(crate) fn find(folder: &Path) -> Option<PathBuf> {
    let absolute = fs::canonicalize(folder).ok()?;
    let root = confine::repository(&absolute);
    let depth = absolute.ancestors().position(|above| root == Some(above)).unwrap_or(0);
    let mut up = PathBuf::new();
    for above in absolute.ancestors().take(depth + 1) {
        // A link that leads nowhere, a device or a folder was meant to be one, and is refused when it is read.
        if above.join(NAME).symlink_metadata().is_ok() {
            return Some(folder.join(&up).join(NAME).components().collect());
        }
        up.push("..");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_configuration_of_the_repository_counts() {
        let folder = tempfile::tempdir().unwrap();
        let stack = folder.path().join("repository/stacks/prod");
        fs::create_dir_all(&stack).unwrap();
        fs::write(folder.path().join(NAME), "").unwrap();
        assert_eq!(find(&stack), None, "outside of a repository nothing above counts");
        fs::create_dir(folder.path().join("repository/.git")).unwrap();
        assert_eq!(find(&stack), None, "nothing above the repository counts");
        fs::write(folder.path().join("repository").join(NAME), "").unwrap();
        assert_eq!(find(&stack), Some(stack.join("../..").join(NAME)));
        fs::write(stack.join(NAME), "").unwrap();
        assert_eq!(find(&stack), Some(stack.join(NAME)));
    }
}
