//! What the README shows is what the program prints.

use std::path::Path;

use super::support::{Folder, finish};

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```text\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let arguments = ["plan", "review", "--config", "fixtures/demo/orgward.toml", "fixtures/demo/second.json"];
    let run = finish(Folder::new().command(arguments).current_dir(&root));
    let mut lines = run.stdout.lines();
    for line in shown.lines().filter(|line| *line != "[…]") {
        assert!(
            lines.any(|it| it.trim_end() == line.trim_end()),
            "it does not print {line:?} there: {run:?}"
        );
    }
}

/// A forge shows a broken picture, and no error.
#[test]
fn the_pictures_of_the_readme_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let pictures: Vec<&str> =
        readme.split("](docs/pictures/").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert_eq!(pictures, ["comment.svg", "organization.svg"]);
    assert!(pictures.iter().all(|name| root.join("docs/pictures").join(name).exists()));
}
