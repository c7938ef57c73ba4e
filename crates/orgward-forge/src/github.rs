//! Comments of pull requests on GitHub and GitHub Enterprise.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::{Api, ForgeError, Patience};
use super::inline::{Changed, Remark, changed};
use super::{Comment, Forge, Secret};

/// GitHub takes 65,536 characters.
const BUDGET: usize = 60_000;
/// Pages of 100 comments that are looked at.
const PAGES: usize = 100;

/// One pull request.
pub struct GitHub {
    api: Api,
    graphql: Api,
    repository: String,
    number: u64,
}

#[derive(Deserialize)]
struct CommentJson {
    id: u64,
    #[serde(default)]
    node_id: String,
    #[serde(default)]
    html_url: String,
    body: Option<String>,
    /// None where the account is gone.
    user: Option<UserJson>,
}

#[derive(Deserialize)]
struct FileJson {
    filename: String,
    /// None for files that are not text, or whose patch is too long.
    patch: Option<String>,
}

#[derive(Deserialize)]
struct UserJson {
    login: String,
}

impl GitHub {
    /// A pull request; fails when the address of the API cannot be used.
    pub fn new(
        url: &str,
        repository: &str,
        number: u64,
        token: &Secret,
        patience: Patience,
    ) -> Result<Self, ForgeError> {
        let header = || ("authorization", format!("Bearer {}", token.reveal()));
        let url = url.trim_end_matches('/');
        // GitHub Enterprise Server has both below `/api`.
        let graphql = url.strip_suffix("/v3").unwrap_or(url);
        Ok(Self {
            api: Api::new(url, header(), patience)?,
            graphql: Api::new(graphql, header(), patience)?,
            repository: repository.to_owned(),
            number,
        })
    }

    fn query(&self, query: &str, variables: &Value) -> Result<Value, ForgeError> {
        let body = json!({ "query": query, "variables": variables });
        let answer: Value = self.graphql.send(&Method::POST, "/graphql", Some(&body))?.read()?;
        match answer.get("data") {
            Some(data) if !data.is_null() && answer.get("errors").is_none() => Ok(data.clone()),
            _ => Err(ForgeError::Answer { host: self.graphql.host() }),
        }
    }

    /// The lines that the pull request changes.
    pub fn changed_lines(&self) -> Result<Changed, ForgeError> {
        let files: Vec<FileJson> = self.pages("files")?;
        Ok(files.into_iter().filter_map(|file| Some((file.filename, changed(&file.patch?)))).collect())
    }

    /// What the token's own identity has said about lines.
    pub fn own_remarks(&self) -> Result<Vec<String>, ForgeError> {
        let me = self.me()?;
        let remarks: Vec<CommentJson> = self.pages("comments")?;
        let remarks = remarks.into_iter().map(Comment::from);
        Ok(remarks.filter(|remark| remark.author == me).map(|remark| remark.body).collect())
    }

    /// Comments on lines, all in one review, so that people are notified once.
    pub fn remark(&self, remarks: &[Remark], commit: Option<&str>) -> Result<(), ForgeError> {
        let comments: Vec<_> = remarks
            .iter()
            .map(|remark| {
                json!({ "path": remark.path, "line": remark.line, "side": "RIGHT", "body": remark.body })
            })
            .collect();
        let mut review = json!({ "event": "COMMENT", "comments": comments });
        if let (Some(commit), Some(review)) = (commit, review.as_object_mut()) {
            review.insert("commit_id".to_owned(), json!(commit));
        }
        self.api.send(&Method::POST, &self.pull("reviews"), Some(&review)).map(drop)
    }

    fn pages<T: DeserializeOwned>(&self, what: &str) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let answer = self.api.get(&format!("{}?per_page=100&page={page}", self.pull(what)))?;
            all.extend(answer.read::<Vec<T>>()?);
            if !answer.has_more {
                break;
            }
        }
        Ok(all)
    }

    fn pull(&self, what: &str) -> String {
        format!("/repos/{}/pulls/{}/{what}", self.repository, self.number)
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/issues{rest}", self.repository)
    }
}

impl Forge for GitHub {
    fn budget(&self) -> usize {
        BUDGET
    }

    /// The token of a job has no `/user`, but a `viewer`.
    fn me(&self) -> Result<String, ForgeError> {
        let data = self.query("query { viewer { login } }", &json!({}))?;
        let login = data.pointer("/viewer/login").and_then(Value::as_str);
        login.map(str::to_owned).ok_or_else(|| ForgeError::Answer { host: self.graphql.host() })
    }

    fn comments(&self) -> Result<Vec<Comment>, ForgeError> {
        let mut comments = Vec::new();
        for page in 1..=PAGES {
            let answer =
                self.api.get(&self.path(&format!("/{}/comments?per_page=100&page={page}", self.number)))?;
            let found: Vec<CommentJson> = answer.read()?;
            comments.extend(found.into_iter().map(Comment::from));
            if !answer.has_more {
                break;
            }
        }
        Ok(comments)
    }

    fn create(&self, body: &str) -> Result<Comment, ForgeError> {
        let path = self.path(&format!("/{}/comments", self.number));
        let answer = self.api.send(&Method::POST, &path, Some(&json!({ "body": body })))?;
        answer.read::<CommentJson>().map(Comment::from)
    }

    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError> {
        let path = self.path(&format!("/comments/{id}"));
        let answer = self.api.send(&Method::PATCH, &path, Some(&json!({ "body": body })))?;
        answer.read::<CommentJson>().map(Comment::from)
    }

    fn delete(&self, id: u64) -> Result<(), ForgeError> {
        self.api.send(&Method::DELETE, &self.path(&format!("/comments/{id}")), None).map(drop)
    }

    fn hide(&self, comments: &[Comment]) -> Result<(), ForgeError> {
        let ids: Vec<_> = comments.iter().rev().take(100).map(|comment| &comment.node).collect();
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id isMinimized } } }";
        let data = self.query(query, &json!({ "ids": ids }))?;
        let nodes = data.pointer("/nodes").and_then(Value::as_array).cloned().unwrap_or_default();
        let shown = nodes.iter().filter(|node| node.get("isMinimized") == Some(&Value::Bool(false)));
        for id in shown.filter_map(|node| node.get("id")) {
            let mutation = "mutation($id: ID!) { minimizeComment(input: { subjectId: $id, classifier: OUTDATED }) \
                            { minimizedComment { isMinimized } } }";
            self.query(mutation, &json!({ "id": id }))?;
        }
        Ok(())
    }
}

impl From<CommentJson> for Comment {
    fn from(json: CommentJson) -> Self {
        Self {
            id: json.id,
            node: json.node_id,
            url: json.html_url,
            author: json.user.map(|user| user.login).unwrap_or_default(),
            body: json.body.unwrap_or_default(),
        }
    }
}
