//! Notes of merge requests on GitLab.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use super::http::{Api, ForgeError, Patience};
use super::{Comment, Forge, Secret};

/// GitLab takes 1,000,000 characters; a reader does not.
const BUDGET: usize = 990_000;
/// Pages of 100 notes that are looked at.
const PAGES: usize = 100;

/// One merge request.
pub struct GitLab {
    api: Api,
    path: String,
}

#[derive(Deserialize)]
struct NoteJson {
    id: u64,
    body: String,
    #[serde(default)]
    system: bool,
    author: UserJson,
}

#[derive(Deserialize)]
struct UserJson {
    id: u64,
}

impl GitLab {
    /// A merge request; fails when the address of the API cannot be used.
    pub fn new(
        url: &str,
        project: &str,
        number: u64,
        token: &Secret,
        patience: Patience,
    ) -> Result<Self, ForgeError> {
        let header = ("private-token", token.reveal().to_owned());
        let path = format!("/projects/{}/merge_requests/{number}/notes", encoded(project));
        Ok(Self { api: Api::new(url, header, patience)?, path })
    }
}

impl Forge for GitLab {
    fn budget(&self) -> usize {
        BUDGET
    }

    fn me(&self) -> Result<String, ForgeError> {
        let user: UserJson = self.api.get("/user")?.read()?;
        Ok(user.id.to_string())
    }

    fn comments(&self) -> Result<Vec<Comment>, ForgeError> {
        let mut comments = Vec::new();
        for page in 1..=PAGES {
            let path = format!("{}?per_page=100&page={page}&sort=asc&order_by=created_at", self.path);
            let answer = self.api.get(&path)?;
            let notes: Vec<NoteJson> = answer.read()?;
            comments.extend(notes.into_iter().filter(|note| !note.system).map(Comment::from));
            if !answer.has_more {
                break;
            }
        }
        Ok(comments)
    }

    fn create(&self, body: &str) -> Result<Comment, ForgeError> {
        let answer = self.api.send(&Method::POST, &self.path, Some(&json!({ "body": body })))?;
        answer.read::<NoteJson>().map(Comment::from)
    }

    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError> {
        let path = format!("{}/{id}", self.path);
        let answer = self.api.send(&Method::PUT, &path, Some(&json!({ "body": body })))?;
        answer.read::<NoteJson>().map(Comment::from)
    }

    fn delete(&self, id: u64) -> Result<(), ForgeError> {
        self.api.send(&Method::DELETE, &format!("{}/{id}", self.path), None).map(drop)
    }

    fn hide(&self, _comments: &[Comment]) -> Result<(), ForgeError> {
        Err(ForgeError::CannotHide)
    }
}

impl From<NoteJson> for Comment {
    fn from(json: NoteJson) -> Self {
        Self {
            id: json.id,
            node: String::new(),
            url: String::new(),
            author: json.author.id.to_string(),
            body: json.body,
        }
    }
}

/// A project as a part of a path: its number, or its name with everything else than letters and digits encoded.
fn encoded(project: &str) -> String {
    let mut out = String::new();
    for byte in project.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
