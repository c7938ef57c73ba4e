use orgward_finding::Severity;
use orgward_iam::{BaseOperator, Condition, Effect, PrincipalPattern, Statement};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::{source, statement_key};
use orgward_proof::trust::{requires, trusts};

rule! {
    /// Checks for roles that trust an identity provider which many customers share, without saying which of them.
    ///
    /// ## Why is this bad?
    ///
    /// `token.actions.githubusercontent.com` signs tokens for every repository of GitHub. What tells yours from all
    /// others is the subject, `sub`. A trust policy that does not ask for it, asks with an operator that holds when
    /// it is missing, or accepts a pattern that others can match, lets anybody with a repository in.
    ///
    /// Since 2025 IAM refuses to save such a policy for the providers it knows; those that were saved before go on
    /// to work.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "StringLike": { "token.actions.githubusercontent.com:sub": "repo:acme*" } }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "StringLike": { "token.actions.githubusercontent.com:sub": "repo:acme/shop:ref:refs/heads/main" } }
    /// ```
    pub(crate) static LOOSE_FEDERATION = {
        id: "loose-federation",
        summary: "role trusts every customer of a shared identity provider",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// An identity provider that serves many customers.
struct Issuer {
    host: &'static str,
    /// What the provider's customers are called.
    customers: &'static str,
    /// The claim that tells customers apart.
    claim: &'static str,
    /// What the claim starts with, before the name of the customer.
    prefix: &'static str,
    /// What follows the name of the customer; empty where the whole claim is the name.
    end: &'static str,
    /// Claims that tell customers apart as well.
    instead: &'static [&'static str],
}

/// From the AWS guide on identity provider controls for shared OIDC providers, 2026.
const ISSUERS: &[Issuer] = &[
    Issuer {
        host: "token.actions.githubusercontent.com",
        customers: "repository of GitHub",
        claim: "sub",
        prefix: "repo:",
        end: "/",
        instead: &["enterprise_id", "job_workflow_ref", "repository", "repository_id", "repository_owner_id"],
    },
    Issuer {
        host: "gitlab.com",
        customers: "project of GitLab",
        claim: "sub",
        prefix: "project_path:",
        end: "/",
        instead: &["namespace_id", "project_id"],
    },
    Issuer {
        host: "app.terraform.io",
        customers: "organization of HCP Terraform",
        claim: "sub",
        prefix: "organization:",
        end: ":",
        instead: &[],
    },
    Issuer {
        host: "agent.buildkite.com",
        customers: "organization of Buildkite",
        claim: "sub",
        prefix: "organization:",
        end: ":",
        instead: &["organization_id", "pipeline_id", "cluster_id"],
    },
    Issuer {
        host: "oidc.codefresh.io",
        customers: "account of Codefresh",
        claim: "sub",
        prefix: "",
        end: "",
        instead: &[],
    },
    Issuer {
        host: "scalr.io",
        customers: "account of Scalr",
        claim: "sub",
        prefix: "",
        end: "",
        instead: &[],
    },
    Issuer {
        host: "cognito-identity.amazonaws.com",
        customers: "identity pool of Cognito",
        claim: "aud",
        prefix: "",
        end: "",
        instead: &[],
    },
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for trust in trusts(cx.after) {
        for statement in &trust.policy.statements {
            if statement.effect.value != Effect::Allow {
                continue;
            }
            for pattern in statement.principals.iter().flat_map(|principals| &principals.patterns) {
                let PrincipalPattern::Federated(provider) = &pattern.value else { continue };
                let host = provider.split_once(":oidc-provider/").map_or(provider.as_str(), |(_, host)| host);
                let Some(issuer) = ISSUERS.iter().find(|issuer| issuer.host == host) else { continue };
                let document = &trust.role.data.trust;
                if let Some(dead) = dead_condition(statement, issuer) {
                    let finding = findings.about(&LOOSE_FEDERATION, trust.role.node);
                    finding.severity = Severity::Low;
                    finding.subject(format!("{host} dead {}", statement_key(document, statement)));
                    finding.says("statement can never match: `StringEquals` takes `*` for a character");
                    finding.show(&source(document), dead.span.clone(), "no token carries this");
                    finding.help("use `StringLike`");
                } else if let Some(why) = opening(statement, issuer) {
                    let finding = findings.about(&LOOSE_FEDERATION, trust.role.node);
                    finding.subject(format!("{host} {}", statement_key(document, statement)));
                    finding.says(format!("any {} can assume this role", issuer.customers));
                    match why {
                        Counterexample::Missing => {
                            let label = format!("no condition requires `{host}:{}`", issuer.claim);
                            finding.show(&source(document), pattern.span.clone(), label);
                        }
                        Counterexample::Weak(condition) => {
                            finding.show(
                                &source(document),
                                condition.span.clone(),
                                "holds without the claim, too",
                            );
                        }
                        Counterexample::Wide(span) => {
                            finding.show(&source(document), span, "others can match this");
                        }
                    }
                    finding.help(format!(
                        "require `{host}:{}` to start with `{}` and the name of your organization",
                        issuer.claim, issuer.prefix
                    ));
                }
            }
        }
    }
}

/// Why others get in.
enum Counterexample<'p> {
    /// No condition asks for the claim.
    Missing,
    /// A condition asks, and holds when the claim is missing.
    Weak(&'p Condition),
    /// A condition accepts what others can have.
    Wide(std::ops::Range<usize>),
}

fn opening<'p>(statement: &'p Statement, issuer: &Issuer) -> Option<Counterexample<'p>> {
    let is = |key: &str, claim: &str| key.eq_ignore_ascii_case(&format!("{}:{claim}", issuer.host));
    // Another claim that only one customer carries does as well.
    if issuer.instead.iter().any(|claim| requires(statement, |key| is(key, claim))) {
        return None;
    }
    let asking: Vec<&Condition> =
        statement.conditions.iter().filter(|condition| is(&condition.key.value, issuer.claim)).collect();
    let mut why = Counterexample::Missing;
    for condition in asking {
        let operator = condition.operator.value;
        if operator.is_negated() || operator.base == BaseOperator::Null {
            continue;
        }
        if operator.if_exists
            || operator.set.is_some_and(|set| set == orgward_iam::SetQuantifier::ForAllValues)
        {
            why = Counterexample::Weak(condition);
            continue;
        }
        // One wide value is enough to let others in.
        match condition.values.iter().find(|value| is_wide(&value.value, issuer)) {
            Some(wide) => why = Counterexample::Wide(wide.span.clone()),
            None => return None,
        }
    }
    Some(why)
}

/// Whether a pattern leaves the name of the customer open.
fn is_wide(pattern: &str, issuer: &Issuer) -> bool {
    let literal = pattern.split(['*', '?']).next().unwrap_or_default();
    if issuer.prefix.is_empty() {
        return literal.is_empty();
    }
    // Claims can be customized; a literal beginning of another form names something all the same.
    let Some(name) = literal.strip_prefix(issuer.prefix) else {
        return issuer.prefix.starts_with(literal);
    };
    name.is_empty() || (literal.len() < pattern.len() && !name.contains(issuer.end))
}

/// A condition that compares letter by letter with a pattern.
fn dead_condition<'p>(statement: &'p Statement, issuer: &Issuer) -> Option<&'p Condition> {
    let claim = format!("{}:{}", issuer.host, issuer.claim);
    statement.conditions.iter().find(|condition| {
        let operator = condition.operator.value;
        condition.key.value.eq_ignore_ascii_case(&claim)
            && operator.base == BaseOperator::StringEquals
            && !operator.if_exists
            && operator.set.is_none()
            && !condition.values.is_empty()
            && condition.values.iter().all(|value| value.value.contains(['*', '?']))
    })
}

#[cfg(test)]
mod tests {
    use super::{ISSUERS, LOOSE_FEDERATION, is_wide};
    use crate::testing::report;

    #[test]
    fn the_name_of_the_organization_must_be_closed() {
        let github = &ISSUERS[0];
        for wide in ["*", "repo:*", "repo:acme*", "repo:*/app:*", "repo:acm?/app:*", "re*"] {
            assert!(is_wide(wide, github), "{wide}");
        }
        for narrow in
            ["repo:acme/*", "repo:acme/app:ref:refs/heads/main", "repo:acme@1/app@2:*", "repository_id:7"]
        {
            assert!(!is_wide(narrow, github), "{narrow}");
        }
    }

    #[test]
    fn no_subject_in_second_statement() {
        insta::assert_snapshot!(report(&LOOSE_FEDERATION, "bad-no-subject-in-second-statement"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        loose-federation

          × aws_iam_role.deploy: any repository of GitHub can assume this role
            ╭─[aws_iam_role.deploy.assume_role_policy:19:22]
         17 │       "Effect": "Allow",
         18 │       "Principal": {
         19 │         "Federated": "arn:aws:iam::333333333333:oidc-provider/token.actions.githubusercont…
            ·                      ───────────────────────────────────┬──────────────────────────────────
            ·                                                         ╰── no condition requires `token.actions.githubusercontent.com:sub`
         20 │       }
         21 │     }
            ╰────
          help: require `token.actions.githubusercontent.com:sub` to start with `repo:` and the name of your
                organization

        blocked: 1 high finding is new
        reviewed bad-no-subject-in-second-statement.json: 0 accounts, 1 principal, 1 policy
        `orgward rules loose-federation` explains the first one
        "#);
    }

    #[test]
    fn star_among_subjects() {
        insta::assert_snapshot!(report(&LOOSE_FEDERATION, "bad-star-among-subjects"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        loose-federation

          × aws_iam_role.deploy: any repository of GitHub can assume this role
            ╭─[aws_iam_role.deploy.assume_role_policy:12:13]
         10 │           "token.actions.githubusercontent.com:sub": [
         11 │             "repo:acme/app:*",
         12 │             "*"
            ·             ─┬─
            ·              ╰── others can match this
         13 │           ]
         14 │         }
            ╰────
          help: require `token.actions.githubusercontent.com:sub` to start with `repo:` and the name of your
                organization

        blocked: 1 high finding is new
        reviewed bad-star-among-subjects.json: 0 accounts, 1 principal, 1 policy
        `orgward rules loose-federation` explains the first one
        "#);
    }
}
