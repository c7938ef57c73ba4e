//! Which pull request this is about: what the job says, unless the user says otherwise.

use miette::Diagnostic;
use orgward_report::escape;
use serde_json::Value;
use thiserror::Error;

use super::Secret;
use super::marker::{is_commit, is_stack};
use crate::ForgeKind;

/// A variable of the environment; an empty one is none.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why it is not known where to comment.
#[derive(Debug, Error, Diagnostic)]
pub enum DetectError {
    /// Nothing names the forge.
    #[error("the forge is not known")]
    #[diagnostic(help("name the forge: `--forge github` or `--forge gitlab`"))]
    Forge,
    /// Nothing names the repository.
    #[error("the repository is not known")]
    #[diagnostic(help("name it: `--repo OWNER/NAME`"))]
    Repository,
    /// A name that no repository has.
    #[error("`{}` is not the name of a repository", escape(.0))]
    #[diagnostic(help("write it as `OWNER/NAME`; on GitLab the number of the project will do"))]
    RepositoryName(String),
    /// The job runs for no pull request.
    #[error("this is no pull request")]
    #[diagnostic(help("run the step for pull requests only, or give the number: `--pull-request NUMBER`"))]
    PullRequest,
    /// There is no token; how to get one.
    #[error("there is no token")]
    #[diagnostic(help("{0}"))]
    Token(&'static str),
    /// An address that is not one of an API.
    #[error("`{}` is not the address of an API", escape(.0))]
    #[diagnostic(help("it begins with `https://`; a token is not sent in the clear"))]
    Url(String),
    /// A name that no stack can have.
    #[error("`{}` cannot be the name of a stack", escape(.0))]
    #[diagnostic(help("use letters, digits, `-`, `_`, `.`, `/`, `:` and `@`"))]
    Stack(String),
    /// A name that no commit has.
    #[error("`{}` is not the name of a commit", escape(.0))]
    Commit(String),
    /// An address that is not one of a report.
    #[error("`{}` is not the address of a report", escape(.0))]
    #[diagnostic(help("it begins with `https://`, and has neither spaces nor brackets"))]
    Report(String),
}

/// What is known about the pull request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Where the repository is hosted.
    pub forge: Option<ForgeKind>,
    /// The address of the API.
    pub api: Option<String>,
    /// `OWNER/NAME`, or the number of a GitLab project.
    pub repository: Option<String>,
    /// The number of the pull request.
    pub number: Option<u64>,
    /// The commit that was reviewed.
    pub commit: Option<String>,
    /// The token.
    pub token: Option<Secret>,
    /// Where the whole log is.
    pub report: Option<String>,
    /// Where the forge shows the files of a commit, without the commit: `https://github.com/OWNER/NAME/blob`.
    pub files: Option<String>,
    /// When the run began, where the job says.
    pub time: Option<String>,
}

/// Everything that is needed to post.
#[derive(Debug)]
pub struct Destination {
    /// Where the repository is hosted.
    pub forge: ForgeKind,
    /// The address of the API.
    pub api: String,
    /// `OWNER/NAME`, or the number of a GitLab project.
    pub repository: String,
    /// The number of the pull request.
    pub number: u64,
    /// The token.
    pub token: Secret,
}

impl Place {
    /// What the environment of a job tells. `event` is the text of the event that GitHub started the job for.
    pub fn of(env: Environment<'_>, event: Option<&str>) -> Self {
        // Atlantis runs anywhere, even where another CI has left its variables.
        if env("PULL_NUM").is_some() && env("BASE_REPO_OWNER").is_some() {
            Self::atlantis(env)
        } else if env("GITHUB_ACTIONS").is_some() {
            Self::github(env, event)
        } else if env("GITLAB_CI").is_some() {
            Self::gitlab(env)
        } else {
            Self { token: token(env, None), ..Self::default() }
        }
    }

    fn github(env: Environment<'_>, event: Option<&str>) -> Self {
        let event: Value = event.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_owned);
        // A comment on an issue is no comment on a pull request.
        let commented = event.pointer("/issue/pull_request").and_then(|_| event.pointer("/issue/number"));
        let number = event
            .pointer("/pull_request/number")
            .or(commented)
            .or_else(|| event.pointer("/workflow_run/pull_requests/0/number"))
            .and_then(Value::as_u64);
        let reference = || env("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok();
        let repository = env("GITHUB_REPOSITORY");
        let run = env("GITHUB_RUN_ID");
        let server = env("GITHUB_SERVER_URL");
        // `GITHUB_SHA` is the merge that GitHub tries, which nobody has ever pushed.
        let commit = text("/pull_request/head/sha").or_else(|| text("/workflow_run/head_sha"));
        Self {
            forge: Some(ForgeKind::GitHub),
            api: env("GITHUB_API_URL"),
            number: number.or_else(reference),
            token: token(env, Some(ForgeKind::GitHub)),
            files: match (&server, &repository) {
                (Some(server), Some(repository)) => Some(format!("{server}/{repository}/blob")),
                _ => None,
            },
            commit,
            report: match (server, &repository, run) {
                (Some(server), Some(repository), Some(run)) => {
                    Some(format!("{server}/{repository}/actions/runs/{run}"))
                }
                _ => None,
            },
            time: text("/pull_request/updated_at").or_else(|| text("/workflow_run/created_at")),
            repository,
        }
    }

    fn gitlab(env: Environment<'_>) -> Self {
        let commit = env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| env("CI_COMMIT_SHA"));
        Self {
            forge: Some(ForgeKind::GitLab),
            api: env("CI_API_V4_URL"),
            // Of a fork, the merge request is in the project it shall be merged into.
            repository: env("CI_MERGE_REQUEST_PROJECT_ID").or_else(|| env("CI_PROJECT_ID")),
            number: env("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()),
            files: env("CI_PROJECT_URL").map(|project| format!("{project}/-/blob")),
            commit,
            token: token(env, Some(ForgeKind::GitLab)),
            report: env("CI_JOB_URL"),
            time: env("CI_PIPELINE_CREATED_AT"),
        }
    }

    fn atlantis(env: Environment<'_>) -> Self {
        let is_gitlab = env("ATLANTIS_GITLAB_TOKEN").is_some()
            || env("PULL_URL").is_some_and(|url| url.contains("/merge_requests/"));
        let forge = if is_gitlab { ForgeKind::GitLab } else { ForgeKind::GitHub };
        let api = match forge {
            ForgeKind::GitHub => match env("ATLANTIS_GH_HOSTNAME") {
                Some(host) if host != "github.com" => Some(format!("https://{host}/api/v3")),
                _ => None,
            },
            ForgeKind::GitLab => env("ATLANTIS_GITLAB_HOSTNAME").map(|host| {
                let host = host.trim_end_matches('/');
                if host.contains("://") { format!("{host}/api/v4") } else { format!("https://{host}/api/v4") }
            }),
        };
        let repository = match (env("BASE_REPO_OWNER"), env("BASE_REPO_NAME")) {
            (Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
            _ => None,
        };
        Self {
            forge: Some(forge),
            api,
            repository,
            number: env("PULL_NUM").and_then(|number| number.parse().ok()),
            commit: env("HEAD_COMMIT"),
            token: token(env, Some(forge)),
            report: None,
            // `https://github.com/OWNER/NAME/pull/5`, `https://gitlab.com/GROUP/NAME/-/merge_requests/5`
            files: env("PULL_URL").and_then(|url| match forge {
                ForgeKind::GitHub => Some(format!("{}/blob", url.rsplit_once("/pull/")?.0)),
                ForgeKind::GitLab => Some(format!("{}/-/blob", url.rsplit_once("/-/merge_requests/")?.0)),
            }),
            time: None,
        }
    }

    /// The address of the root of the repository at the commit: where lines of findings are shown. What the job does not
    /// say follows from the forge, its API and the repository.
    pub fn source(&self) -> Option<String> {
        let commit = self.commit.as_deref()?;
        let files = self.files.clone().or_else(|| {
            let (forge, repository) = (self.forge?, self.repository.as_deref()?);
            let (public, path, files) = match forge {
                ForgeKind::GitHub => ("https://github.com", "/api/v3", "blob"),
                ForgeKind::GitLab => ("https://gitlab.com", "/api/v4", "-/blob"),
            };
            let server = match self.api.as_deref().map(|api| api.trim_end_matches('/')) {
                None | Some("https://api.github.com") => public,
                Some(api) => api.strip_suffix(path)?,
            };
            // The number of a project is no address.
            repository.contains('/').then(|| format!("{server}/{repository}/{files}"))
        })?;
        shown(&files, commit)
    }

    /// Everything that is needed to post, or what is missing.
    pub fn destination(&self) -> Result<Destination, DetectError> {
        let forge = self.forge.ok_or(DetectError::Forge)?;
        let repository = self.repository.clone().ok_or(DetectError::Repository)?;
        if !is_repository(forge, &repository) {
            return Err(DetectError::RepositoryName(repository));
        }
        let default = match forge {
            ForgeKind::GitHub => "https://api.github.com",
            ForgeKind::GitLab => "https://gitlab.com/api/v4",
        };
        let api = self.api.clone().unwrap_or_else(|| default.to_owned());
        if !is_safe(&api) {
            return Err(DetectError::Url(api));
        }
        let number = self.number.ok_or(DetectError::PullRequest)?;
        let token = self.token.clone().ok_or(DetectError::Token(match forge {
            ForgeKind::GitHub => "set `GITHUB_TOKEN`: in a workflow, `env: { GITHUB_TOKEN: ${{ github.token }} }`",
            ForgeKind::GitLab => {
                "set `GITLAB_TOKEN` to an access token of the project with the scope `api`; the token of a job cannot write notes"
            }
        }))?;
        Ok(Destination { forge, api, repository, number, token })
    }
}

/// Where the files of a commit are shown, if it is an address that makes a link.
fn shown(root: &str, commit: &str) -> Option<String> {
    Some(format!("{root}/{commit}")).filter(|address| is_commit(commit) && is_link(address))
}

/// Checks what goes into the first line and into a link.
pub fn check(stack: &str, commit: Option<&str>, report: Option<&str>) -> Result<(), DetectError> {
    if !is_stack(stack) {
        return Err(DetectError::Stack(stack.to_owned()));
    }
    if let Some(commit) = commit.filter(|commit| !is_commit(commit)) {
        return Err(DetectError::Commit(commit.to_owned()));
    }
    if let Some(report) = report.filter(|report| !is_link(report)) {
        return Err(DetectError::Report(report.to_owned()));
    }
    Ok(())
}

fn token(env: Environment<'_>, forge: Option<ForgeKind>) -> Option<Secret> {
    let github = ["GITHUB_TOKEN", "GH_TOKEN", "ATLANTIS_GH_TOKEN"];
    let gitlab = ["GITLAB_TOKEN", "ATLANTIS_GITLAB_TOKEN"];
    let names = match forge {
        Some(ForgeKind::GitHub) => &github[..],
        Some(ForgeKind::GitLab) => &gitlab[..],
        // Which one is right, nobody knows yet.
        None => &[],
    };
    names.iter().find_map(|name| env(name)).map(|token| Secret::new(&token))
}

/// The token for a forge that the user has named.
pub fn token_of(env: Environment<'_>, forge: ForgeKind) -> Option<Secret> {
    token(env, Some(forge))
}

fn is_repository(forge: ForgeKind, name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
    };
    let parts: Vec<_> = name.split('/').collect();
    let is_number = name.chars().all(|character| character.is_ascii_digit());
    parts.iter().all(|part| is_part(part))
        && match forge {
            ForgeKind::GitHub => parts.len() == 2,
            ForgeKind::GitLab => parts.len() >= 2 || is_number,
        }
}

/// Whether a token may be sent there: encrypted, or to this machine.
fn is_safe(url: &str) -> bool {
    if url.contains(|character: char| character.is_whitespace() || character.is_control())
        || url.contains('@')
    {
        return false;
    }
    let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        || local.iter().any(|prefix| url.starts_with(prefix))
}

fn is_link(url: &str) -> bool {
    let is_letter =
        |character: char| character.is_ascii_alphanumeric() || "-_.~:/?#%&=+,;@!".contains(character);
    url.starts_with("https://") && url.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)], event: Option<&str>) -> Place {
        let env = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Place::of(&env, event)
    }

    #[test]
    fn a_job_of_github_tells_everything() {
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", "https://github.example.com/api/v3"),
            ("GITHUB_SERVER_URL", "https://github.example.com"),
            ("GITHUB_REPOSITORY", "cloud/org"),
            ("GITHUB_RUN_ID", "9"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_SHA", "0000000000000000000000000000000000000000"),
            ("GITHUB_TOKEN", "t"),
        ];
        let event = r#"{"pull_request":{"number":8,"updated_at":"2026-11-21T23:00:00Z","head":{"sha":"abcdef1234"}}}"#;
        let found = place(&variables, Some(event));
        assert_eq!(found.number, Some(8));
        assert_eq!(found.commit.as_deref(), Some("abcdef1234"), "not the merge that GitHub tries");
        assert_eq!(found.report.as_deref(), Some("https://github.example.com/cloud/org/actions/runs/9"));
        let destination = found.destination().unwrap();
        assert_eq!(destination.api, "https://github.example.com/api/v3");
        assert_eq!(place(&variables, None).number, Some(7), "the reference is the second choice");
        let event = r#"{"issue":{"number":5,"pull_request":{}}}"#;
        assert_eq!(place(&variables, Some(event)).number, Some(5));
        assert_eq!(place(&[("GITHUB_ACTIONS", "true")], Some(r#"{"issue":{"number":5}}"#)).number, None);
    }

    #[test]
    fn a_job_of_gitlab_comments_where_the_merge_request_is() {
        let found = place(
            &[
                ("GITLAB_CI", "true"),
                ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
                ("CI_PROJECT_ID", "12"),
                ("CI_MERGE_REQUEST_PROJECT_ID", "11"),
                ("CI_MERGE_REQUEST_IID", "3"),
                ("CI_COMMIT_SHA", "abcdef1"),
                ("GITLAB_TOKEN", "t"),
            ],
            None,
        );
        let destination = found.destination().unwrap();
        assert_eq!((destination.repository.as_str(), destination.number), ("11", 3));
    }

    #[test]
    fn atlantis_is_recognized_on_either_forge() {
        let common = [
            ("PULL_NUM", "4"),
            ("BASE_REPO_OWNER", "group/sub"),
            ("BASE_REPO_NAME", "org"),
            ("HEAD_COMMIT", "abcdef1"),
        ];
        let with = |more: &[(&str, &str)]| place(&[&common[..], more].concat(), None).destination();
        let gitlab =
            with(&[("ATLANTIS_GITLAB_TOKEN", "t"), ("ATLANTIS_GITLAB_HOSTNAME", "git.example.com")]).unwrap();
        assert_eq!((gitlab.forge, gitlab.repository.as_str()), (ForgeKind::GitLab, "group/sub/org"));
        assert_eq!(gitlab.api, "https://git.example.com/api/v4");
        let github = with(&[("ATLANTIS_GH_TOKEN", "t")]);
        assert!(matches!(github, Err(DetectError::RepositoryName(_))), "GitHub has no groups in groups");
    }

    /// Lines link to the files of the commit, whoever says which one it is: the job, Atlantis, or flags.
    #[test]
    fn files_of_the_commit_have_an_address() {
        let atlantis = |url: &str| {
            let variables = [
                ("PULL_NUM", "4"),
                ("BASE_REPO_OWNER", "cloud"),
                ("BASE_REPO_NAME", "org"),
                ("HEAD_COMMIT", "abcdef1"),
                ("PULL_URL", url),
            ];
            place(&variables, None).source()
        };
        let root = "https://github.com/cloud/org/blob/abcdef1";
        assert_eq!(atlantis("https://github.com/cloud/org/pull/4").as_deref(), Some(root));
        assert_eq!(
            atlantis("https://git.example.com/a/cloud/org/-/merge_requests/4").as_deref(),
            Some("https://git.example.com/a/cloud/org/-/blob/abcdef1")
        );
        assert_eq!(atlantis("javascript:alert(1)/pull/4"), None);
        let flags = |forge, api: Option<&str>, repository: &str| {
            let place = Place {
                forge: Some(forge),
                api: api.map(str::to_owned),
                repository: Some(repository.to_owned()),
                commit: Some("abcdef1".to_owned()),
                ..Place::default()
            };
            place.source()
        };
        assert_eq!(flags(ForgeKind::GitHub, None, "cloud/org").as_deref(), Some(root));
        let enterprise = flags(ForgeKind::GitHub, Some("https://git.example.com/api/v3/"), "cloud/org");
        assert_eq!(enterprise.as_deref(), Some("https://git.example.com/cloud/org/blob/abcdef1"));
        assert_eq!(
            flags(ForgeKind::GitLab, None, "cloud/sub/org").as_deref(),
            Some("https://gitlab.com/cloud/sub/org/-/blob/abcdef1")
        );
        assert_eq!(flags(ForgeKind::GitLab, None, "17"), None, "the number of a project is no address");
        assert_eq!(flags(ForgeKind::GitHub, Some("https://proxy.example.com/x"), "cloud/org"), None);
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(matches!(place(&[], None).destination(), Err(DetectError::Forge)));
        let ci =
            [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "a/b"), ("GITHUB_REF", "refs/heads/main")];
        assert!(matches!(place(&ci, None).destination(), Err(DetectError::PullRequest)));
        let ci =
            [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "a/b"), ("GITHUB_REF", "refs/pull/1/merge")];
        assert!(matches!(place(&ci, None).destination(), Err(DetectError::Token(_))));
    }

    #[test]
    fn a_token_is_not_sent_in_the_clear() {
        assert!(is_safe("https://github.example.com/api/v3") && is_safe("http://127.0.0.1:8080"));
        for url in [
            "http://github.example.com",
            "ftp://x",
            "https://",
            "https://a b",
            "https://good@evil.example",
            "http://127.0.0.1.evil.example",
        ] {
            assert!(!is_safe(url), "{url}");
        }
        assert!(!is_repository(ForgeKind::GitHub, "a/../b") && !is_repository(ForgeKind::GitHub, "a/b?c"));
        assert!(!format!("{:?}", Secret::new("hush")).contains("hush"));
    }

    #[test]
    fn a_link_cannot_break_out() {
        assert!(is_link("https://ci.example.com/runs/1?x=%20#y"));
        for url in [
            "http://x",
            "https://x/a)b",
            "https://x/a b",
            "javascript:alert(1)",
            "https://x/\"",
            "https://x/<",
        ] {
            assert!(!is_link(url), "{url}");
        }
    }
}
