//! What git knows of a repository. Git is a program of its own: nothing of a repository's formats is read here.
//!
//! Nothing that a checkout brings is run: neither hooks, nor filters, nor a monitor of the file system.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use orgward_report::escape;

use crate::input;

/// Bytes of what git prints of one file.
const LARGEST: u64 = 8 << 20;
/// Bytes of what git prints of many.
const LARGEST_LISTING: u64 = 64 << 20;

/// A folder in a repository.
pub(crate) struct Git<'f> {
    folder: &'f Path,
}

/// An entry of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// `100644`, `120000` for a link, `160000` for a submodule.
    pub(crate) mode: String,
    /// The object that has its content.
    pub(crate) object: String,
    /// Bytes of its content.
    pub(crate) size: u64,
    /// Its path from the folder that was listed.
    pub(crate) path: String,
}

impl<'f> Git<'f> {
    pub(crate) fn of(folder: &'f Path) -> Self {
        Self { folder: if folder.as_os_str().is_empty() { Path::new(".") } else { folder } }
    }

    /// What git prints as text.
    pub(crate) fn text(&self, arguments: &[&str]) -> Result<String, String> {
        String::from_utf8(self.bytes(arguments, LARGEST)?).map_err(|_| "it is no text".to_owned())
    }

    /// Whether a text names a revision and is nothing else: what begins with a dash is an option to git.
    pub(crate) fn commit(&self, revision: &str) -> Result<String, String> {
        if revision.starts_with('-') || revision.is_empty() || revision.contains([':', '\0', '\n']) {
            return Err("it is no revision".to_owned());
        }
        let argument = format!("{revision}^{{commit}}");
        let found = self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &argument]);
        match found {
            Ok(commit) => Ok(commit.trim().to_owned()),
            Err(_) => Err("there is no such revision here".to_owned()),
        }
    }

    /// The files of a revision below the folder.
    pub(crate) fn tree(&self, commit: &str) -> Result<Vec<Entry>, String> {
        let listing = self.bytes(&["ls-tree", "-r", "-l", "-z", commit, "--", "."], LARGEST_LISTING)?;
        let listing = String::from_utf8(listing).map_err(|_| "a name of a file is no text".to_owned())?;
        let entry = |line: &str| {
            let (facts, path) = line.split_once('\t')?;
            let mut facts = facts.split_ascii_whitespace();
            let (mode, _, object, size) = (facts.next()?, facts.next()?, facts.next()?, facts.next()?);
            Some(Entry {
                mode: mode.to_owned(),
                object: object.to_owned(),
                // Submodules have none.
                size: size.parse().unwrap_or_default(),
                path: path.to_owned(),
            })
        };
        listing
            .split('\0')
            .filter(|line| !line.is_empty())
            .map(|line| entry(line).ok_or_else(|| "git lists files in a form that is not known".to_owned()))
            .collect()
    }

    /// The files of the folder as it stands: those that git tracks, and new ones that it does not ignore.
    pub(crate) fn files(&self) -> Result<Vec<String>, String> {
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."];
        let listing = self.bytes(&arguments, LARGEST_LISTING)?;
        let listing = String::from_utf8(listing).map_err(|_| "a name of a file is no text".to_owned())?;
        let mut files: Vec<String> =
            listing.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The contents of objects, in order. One process reads all of them.
    pub(crate) fn contents(&self, objects: &[&str]) -> Result<Vec<Vec<u8>>, String> {
        if objects.is_empty() {
            return Ok(Vec::new());
        }
        let mut child = self
            .command(&["cat-file", "--batch"])?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut asked = child.stdin.take().ok_or("git takes no input")?;
        let names: String = objects.iter().flat_map(|object| [object, "\n"]).collect();
        // Asked from another thread: git waits until its answers are read.
        let asking = std::thread::spawn(move || asked.write_all(names.as_bytes()));
        let mut answer = Vec::new();
        let mut out = child.stdout.take().ok_or("git gives no output")?;
        let read = out.by_ref().take(LARGEST_LISTING * 4).read_to_end(&mut answer);
        // What is more than the limit is not waited for.
        drop(out);
        let ended = child.wait();
        let _ = asking.join();
        read.map_err(|error| error.to_string())?;
        ended.map_err(|error| error.to_string())?;
        contents(&answer, objects.len()).ok_or_else(|| "git did not answer for every file".to_owned())
    }

    fn bytes(&self, arguments: &[&str], limit: u64) -> Result<Vec<u8>, String> {
        let output = self
            .command(arguments)?
            .stdin(Stdio::null())
            .output()
            .map_err(|error: io::Error| error.to_string())?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(escape(complaint.lines().next().unwrap_or("git does not say why")).to_string());
        }
        if output.stdout.len() as u64 > limit {
            return Err(format!("it is larger than {} MB", limit >> 20));
        }
        Ok(output.stdout)
    }

    fn command(&self, arguments: &[&str]) -> Result<Command, String> {
        let program: PathBuf = input::on_path("git").ok_or("git is not on PATH")?;
        let mut command = Command::new(program);
        command
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--literal-pathspecs"])
            .args(arguments)
            .current_dir(self.folder);
        Ok(command)
    }
}

/// The contents in what `git cat-file --batch` prints: a line with the size before each, a line break after it.
fn contents(answer: &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    let mut rest = answer;
    let mut contents = Vec::new();
    for _ in 0..count {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size: usize = head.rsplit(' ').next()?.parse().ok()?;
        contents.push(rest.get(end + 1..end + 1 + size)?.to_vec());
        rest = rest.get(end + 2 + size..)?;
    }
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::contents;

    #[test]
    fn a_batch_is_split_by_the_sizes_that_git_says() {
        assert_eq!(contents(b"aa blob 3\na\nb\nbb blob 0\n\n", 2), Some(vec![b"a\nb".to_vec(), Vec::new()]));
        assert_eq!(contents(b"aa missing\n", 1), None);
        assert_eq!(contents(b"aa blob 9\na\n", 1), None);
    }
}
