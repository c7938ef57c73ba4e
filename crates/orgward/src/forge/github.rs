//! Comments of pull requests on GitHub and GitHub Enterprise.

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::{Api, ForgeError, Patience};
use super::{Comment, Forge, Secret};

/// GitHub takes 65,536 characters.
const BUDGET: usize = 60_000;
/// Pages of 100 comments that are looked at.
const PAGES: usize = 100;

/// One pull request.
pub(crate) struct GitHub {
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
struct UserJson {
    login: String,
}

impl GitHub {
    pub(crate) fn new(
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
