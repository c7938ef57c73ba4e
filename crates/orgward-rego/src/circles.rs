//! Functions that call themselves, which Rego forbids. Rules that refer to themselves are noticed when they are asked; of
//! functions that would be too late: each call takes a part of the stack.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::words;

/// Functions that call each other, and where the first is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Circle {
    pub(crate) names: Vec<String>,
    pub(crate) file: usize,
    pub(crate) line: usize,
}

#[derive(Default)]
struct Function {
    file: usize,
    line: usize,
    calls: BTreeSet<String>,
}

/// The first circle, if there is one, of files with their packages.
pub(crate) fn circle(files: &[(String, &str)]) -> Option<Circle> {
    let mut functions: BTreeMap<String, Function> = BTreeMap::new();
    for (file, (package, text)) in files.iter().enumerate() {
        let imports = imports(text);
        let mut within: Option<String> = None;
        for word in words(text) {
            if word.is_head && word.text != "default" {
                let name = format!("{package}.{}", word.text);
                within = word.is_called.then(|| name.clone());
                if word.is_called {
                    functions.entry(name).or_insert_with(|| Function {
                        file,
                        line: word.line,
                        ..Function::default()
                    });
                }
            } else if let (true, Some(function)) =
                (word.is_called, within.as_ref().and_then(|within| functions.get_mut(within)))
            {
                function.calls.insert(resolved(word.text, package, &imports));
            }
        }
    }
    functions.keys().find_map(|name| {
        let (mut path, mut seen) = (Vec::new(), BTreeSet::new());
        leads_to(&functions, name, name, &mut path, &mut seen).then(|| {
            let first = functions.get(name);
            Circle { names: path, file: first.map_or(0, |it| it.file), line: first.map_or(1, |it| it.line) }
        })
    })
}

/// Whether a function comes back to one by what it calls; `path` has the way.
fn leads_to<'f>(
    functions: &'f BTreeMap<String, Function>,
    from: &'f str,
    wanted: &str,
    path: &mut Vec<String>,
    seen: &mut BTreeSet<&'f str>,
) -> bool {
    path.push(from.to_owned());
    for call in functions.get(from).iter().flat_map(|function| &function.calls) {
        let Some((call, _)) = functions.get_key_value(call) else { continue };
        if call == wanted || (seen.insert(call) && leads_to(functions, call, wanted, path, seen)) {
            return true;
        }
    }
    path.pop();
    false
}

/// What imports are called, and what they mean, without `data.`.
fn imports(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| {
            let path =
                line.trim().strip_prefix("import ")?.split('#').next()?.trim().strip_prefix("data.")?;
            let (path, name) = match path.split_once(" as ") {
                Some((path, name)) => (path.trim(), name.trim()),
                None => (path, path.rsplit('.').next()?),
            };
            Some((name, path))
        })
        .collect()
}

fn resolved(name: &str, package: &str, imports: &BTreeMap<&str, &str>) -> String {
    if let Some(path) = name.strip_prefix("data.") {
        return path.to_owned();
    }
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    match (imports.get(first), rest) {
        (Some(path), "") => (*path).to_owned(),
        (Some(path), rest) => format!("{path}.{rest}"),
        (None, _) => format!("{package}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::circle;

    fn names(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(package, text)| ((*package).to_owned(), *text)).collect();
        circle(&files).map(|circle| circle.names).unwrap_or_default()
    }

    #[test]
    fn functions_that_come_back_to_themselves_are_found() {
        assert_eq!(names(&[("main", "f(x) := f(x)\n")]), ["main.f"]);
        let a = ("main", "import data.lib as l\nf(x) := y if {\n  y := l.g(x)\n}\n");
        assert_eq!(names(&[a, ("lib", "g(x) := data.main.f(x)\n")]), ["lib.g", "main.f"]);
    }

    #[test]
    fn what_only_has_the_same_name_is_no_circle() {
        // `count` of the file is not called in itself, and the one in the text is none.
        assert!(names(&[("main", "f(x) := g(x)\ng(x) := count(x)\nh := f(\"h(\")\n")]).is_empty());
        assert!(names(&[("main", "f(x) if other.f(x)\n")]).is_empty());
    }
}
