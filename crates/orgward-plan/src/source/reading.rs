//! Functions that read files.

use std::sync::Arc;

use hcl_edit::template::Template;

use super::evaluate::{Evaluator, Place, TOO_DEEP, open};
use super::parse::TextFile;
use super::template::Form;
use super::value::Provenance;
use super::{Spelled, functions, load, parse};

impl<'p, 'a> Evaluator<'p, 'a> {
    /// Applies a function that reads a file or makes a text of a template; `None` when it is none of those.
    pub(super) fn reading(
        &self,
        name: &str,
        arguments: &[Spelled],
        place: &Place<'p, 'a>,
        depth: usize,
    ) -> Option<Spelled> {
        let with_text = |path: &Spelled, then: &dyn Fn(&TextFile) -> Spelled| match self.text_at(path) {
            Ok(file) => then(&file),
            Err(why) => why,
        };
        Some(match (name, arguments) {
            ("file", [path]) => with_text(path, &|file| {
                let start = file.lines.at(0);
                self.written(&file.text, Provenance::Lines(start))
            }),
            ("fileexists", [path]) => with_text(path, &|_| Spelled::Bool(true)),
            ("templatefile", [path, variables]) => {
                with_text(path, &|file| self.template_file(file, variables, place, depth))
            }
            ("templatestring", [text, variables]) => {
                let Some(text) = text.literal() else {
                    return Some(functions::unknown(text, "a template is unknown until apply"));
                };
                self.template_of(parse::template(&text).as_ref(), None, variables, place, depth)
            }
            ("fileset", [folder, pattern]) => self.file_set(folder, pattern),
            _ => {
                let function = name.strip_prefix("file")?;
                let function = match function {
                    "base64" => "base64encode",
                    "md5" | "sha1" | "sha256" | "sha512" => function,
                    "base64sha256" => "base64sha256",
                    "base64sha512" => "base64sha512",
                    _ => return None,
                };
                let [path] = arguments else { return None };
                with_text(path, &|file| functions::call(function, &[Spelled::text(file.text.as_str())]))
            }
        })
    }

    fn text_at(&self, path: &Spelled) -> Result<Arc<TextFile>, Spelled> {
        let path = read_path(path)?;
        let missing = || open(format!("`{path}` cannot be read"));
        let file = self.sources.text(&path).ok_or_else(missing)?;
        if self.charge(file.text.len()) { Ok(file) } else { Err(open(TOO_DEEP)) }
    }

    fn template_file(
        &self,
        file: &TextFile,
        variables: &Spelled,
        place: &Place<'p, 'a>,
        depth: usize,
    ) -> Spelled {
        self.template_of(file.template(), Some(file), variables, place, depth)
    }

    fn template_of(
        &self,
        template: Option<&Template>,
        file: Option<&TextFile>,
        variables: &Spelled,
        place: &Place<'p, 'a>,
        depth: usize,
    ) -> Spelled {
        let Spelled::Map(entries) = variables else {
            return functions::unknown(variables, "the variables of a template are unknown");
        };
        let Some(template) = template else { return open("a template cannot be parsed") };
        let bound: super::evaluate::Bound = entries.to_vec();
        let closed = Place {
            scope: place.scope.outside_repetition(),
            block: None,
            lines: file.map(|file| Arc::clone(&file.lines)),
            closed: true,
        };
        self.template(template.iter(), Form::Lines, &closed, &bound, depth + 1)
    }

    /// The names of files below a folder that fit a pattern.
    fn file_set(&self, folder: &Spelled, pattern: &Spelled) -> Spelled {
        let folder = match read_path(folder) {
            Ok(folder) => folder,
            Err(why) => return why,
        };
        let Some(pattern) = pattern.literal() else {
            return functions::unknown(pattern, "the pattern of `fileset` is unknown");
        };
        let in_braces = pattern.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        if in_braces.into_iter().any(|inner| inner.contains('/')) {
            return Spelled::Refused("a pattern of `fileset` has a slash in braces".to_owned());
        }
        let Ok(pattern) =
            globset::GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build()
        else {
            return open("the pattern of `fileset` is not followed here");
        };
        let pattern = pattern.compile_matcher();
        let Some(names) = self.sources.list(&folder) else {
            return open(format!("the files in `{folder}` cannot be listed"));
        };
        if !self.charge(names.len() * 64) {
            return open(TOO_DEEP);
        }
        Spelled::set(names.into_iter().filter(|name| pattern.is_match(name)).map(Spelled::text).collect())
    }
}

/// A path from the root module.
fn read_path(path: &Spelled) -> Result<String, Spelled> {
    if let Some(rest) = path.below_here() {
        return Ok(load::joined("", rest.trim_start_matches('/')));
    }
    let Some(path) = path.literal() else {
        return Err(functions::unknown(path, "the path of a file is unknown"));
    };
    Ok(load::joined("", &path))
}
