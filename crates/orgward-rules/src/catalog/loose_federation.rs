use orgward_finding::{Severity, Status};
use orgward_iam::{
    Answer, BaseOperator, Condition, ContextValue, Effect, PrincipalPattern, SetQuantifier, Statement,
};
use orgward_org::{Content, Document, Entity, Role};
use orgward_proof::federation::{
    Counterexample, host_of, is_mapped, issuer, names_some_customer, opening, stranger,
};
use orgward_proof::org_policies::{source, statement_key};
use orgward_proof::trust::{admits_no_more, trusts};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for roles that trust an identity provider which many customers share, without saying which of them.
    ///
    /// ## Why is this bad?
    ///
    /// `token.actions.githubusercontent.com` signs tokens for every repository of GitHub. What tells yours from all
    /// others is the subject, `sub`. A trust policy that does not ask for it, asks with an operator that holds when
    /// it is missing, or accepts a pattern that others can match, lets anybody with a repository in.
    ///
    /// EKS gives every cluster an issuer of its own. Without the subject each pod of the cluster can assume the role
    /// (medium). Of a provider that is unknown until apply the rule asks for a subject that names a customer.
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

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unknown_policies(cx, findings);
    for trust in trusts(cx.after) {
        for statement in &trust.policy.statements {
            if statement.effect.value != Effect::Allow {
                continue;
            }
            for pattern in statement.principals.iter().flat_map(|principals| &principals.patterns) {
                let PrincipalPattern::Federated(provider) = &pattern.value else { continue };
                let host = host_of(provider);
                let document = &trust.role.data.trust;
                if cx.after.render(provider) != *provider {
                    unknown_provider(cx, findings, trust.role, statement, provider);
                    continue;
                }
                let Some(issuer) = issuer(host) else { continue };
                if let Some((dead, says, help)) = dead_condition(statement, host) {
                    let finding = findings.about(&LOOSE_FEDERATION, trust.role.node);
                    finding.severity = Severity::Low;
                    finding.subject(format!("{host} dead {}", statement_key(document, statement)));
                    finding.says(says);
                    finding.show(&source(document), dead.span.clone(), "no token carries this");
                    finding.help(help);
                } else {
                    let why = opening(statement, issuer, host);
                    let token = match stranger(trust.policy, statement, issuer, provider) {
                        Answer::None => continue,
                        Answer::Witness(token) => Some(token),
                        // What the conditions look like decides.
                        Answer::Undecided(_) if why.is_none() => continue,
                        Answer::Undecided(_) => None,
                    };
                    let is_told = why.is_some() || document.text.is_sensitive();
                    let finding = findings.about(&LOOSE_FEDERATION, trust.role.node);
                    finding.subject(format!("{host} {}", statement_key(document, statement)));
                    if admits_no_more(cx.before, &trust) {
                        finding.status = Status::Existing;
                    }
                    let is_shown = !document.text.is_sensitive();
                    let begun = match &why {
                        Some(Counterexample::Wide { value, closed: Some(closed), .. }) if is_shown => {
                            Some((*value, closed.clone()))
                        }
                        _ => None,
                    };
                    finding.says(match &begun {
                        Some((value, _)) => {
                            format!("any {} that `{value}` matches can assume this role", issuer.customers)
                        }
                        None => format!("any {} can assume this role", issuer.customers),
                    });
                    match why {
                        None => {
                            finding.show(&source(document), pattern.span.clone(), "tokens of others get in");
                        }
                        Some(Counterexample::Missing) => {
                            let label = format!("no condition requires `{host}:{}`", issuer.required);
                            finding.show(&source(document), pattern.span.clone(), label);
                        }
                        Some(Counterexample::Weak(condition)) => {
                            finding.show(
                                &source(document),
                                condition.span.clone(),
                                "holds without the claim, too",
                            );
                        }
                        Some(Counterexample::Wide { span, .. }) => {
                            finding.show(&source(document), span, "others can match this");
                        }
                    }
                    let key = format!("{host}:{}", issuer.required);
                    let value = token.as_ref().and_then(|token| token.context.get(&key));
                    if let Some(ContextValue::One(value)) = value.filter(|_| !is_told) {
                        finding.note(format!("such as a token whose `{}` is `{value}`", issuer.required));
                    }
                    finding.severity = issuer.severity();
                    finding.help(match begun {
                        Some((_, closed)) => format!("write the end of the name, too: `{closed}`"),
                        None => issuer.help(host),
                    });
                }
            }
        }
    }
}

/// Resources that are identity providers.
const PROVIDERS: [&str; 2] = ["aws_iam_openid_connect_provider", "aws_iam_saml_provider"];

/// Reports trust policies of which nothing is known but that they refer to identity providers alone.
fn unknown_policies(cx: &Context<'_>, findings: &mut Findings) {
    for role in cx.after.roles() {
        let Content::Unknown(trail) = &role.data.trust.content else { continue };
        if is_about_providers(&role.data.trust) {
            let finding = findings.cannot_tell(&LOOSE_FEDERATION, role.node);
            finding.says(
                "undecided: the trust policy is unknown until apply; it refers to an identity provider alone",
            );
            finding.notes.extend(trail.iter().cloned());
            finding.help("write it with `aws_iam_policy_document`, or give the sources with `--source`");
        }
    }
}

/// Whether an unknown trust policy refers to identity providers and to nothing else.
pub(super) fn is_about_providers(document: &Document) -> bool {
    let mut kinds = document.refers_to.iter();
    document.policy().is_none()
        && !document.refers_to.is_empty()
        && kinds.all(|kind| PROVIDERS.contains(&kind.as_str()))
}

/// Reports a statement whose provider is unknown: it may be one that many customers share. A subject that is written out
/// names a customer whichever it is.
fn unknown_provider(
    cx: &Context<'_>,
    findings: &mut Findings,
    role: Entity<'_, Role>,
    statement: &Statement,
    provider: &str,
) {
    let narrows = |condition: &Condition| {
        let operator = condition.operator.value;
        let claim = condition.key.value.rsplit(':').next().unwrap_or_default();
        let is_firm = !operator.is_negated()
            && !operator.if_exists
            && operator.set != Some(SetQuantifier::ForAllValues)
            && operator.base != BaseOperator::Null;
        is_firm && condition.values.iter().all(|value| names_some_customer(claim, &value.value))
    };
    if statement.conditions.iter().any(narrows) {
        return;
    }
    let document = &role.data.trust;
    let is_open = document.open_holes().any(|hole| hole.path.to_ascii_lowercase().contains("condition"));
    let finding = findings.cannot_tell(&LOOSE_FEDERATION, role.node);
    finding.subject(format!("{provider} {}", statement_key(document, statement)));
    finding.says(format!(
        "undecided: the identity provider `{}` is unknown until apply; it may be one that many customers share",
        cx.after.render(provider)
    ));
    if is_open {
        finding.severity = Severity::Low;
        finding.note("a condition of the statement is unknown until apply, too");
    }
    finding.help("require the subject of the tokens, `PROVIDER:sub`, with a value that the plan shows");
}

/// A condition that no token meets, with what to say of it and what to do.
fn dead_condition<'p>(statement: &'p Statement, host: &str) -> Option<(&'p Condition, String, &'static str)> {
    let is_firm = |condition: &Condition| {
        let operator = condition.operator.value;
        !operator.is_negated()
            && !operator.if_exists
            && operator.set.is_none()
            && operator.base != BaseOperator::Null
    };
    let of_issuer = |condition: &&Condition| {
        condition.key.value.rsplit_once(':').is_some_and(|(own, _)| own.eq_ignore_ascii_case(host))
    };
    statement.conditions.iter().filter(of_issuer).filter(|it| is_firm(it)).find_map(|condition| {
        let (_, claim) = condition.key.value.rsplit_once(':')?;
        if !is_mapped(host, claim) {
            let says = format!("statement can never match: AWS maps no claim `{claim}` of this provider");
            return Some((condition, says, "ask for a claim that AWS maps, such as `sub`"));
        }
        let is_exact = condition.operator.value.base == BaseOperator::StringEquals;
        let wild =
            !condition.values.is_empty() && condition.values.iter().all(|it| it.value.contains(['*', '?']));
        (is_exact && wild).then(|| {
            let says = "statement can never match: `StringEquals` takes `*` for a character".to_owned();
            (condition, says, "use `StringLike`")
        })
    })
}

#[cfg(test)]
mod tests {
    use orgward_finding::{Severity, Verdict};

    use super::{LOOSE_FEDERATION, issuer};
    use crate::testing::{findings_with_document, report, review_of};

    #[test]
    fn the_name_of_the_customer_must_be_closed() {
        let github = issuer("token.actions.githubusercontent.com").expect("it is listed");
        let names = |claim: &str, value: &str| {
            let claim = github.claims.iter().find(|it| it.name == claim).expect("it is listed");
            claim.names_customer(value)
        };
        for wide in [
            "*",
            "repo:*",
            "repo:acme*",
            "repo:*/app:*",
            "repo:acm?/app:*",
            "re*",
            "environment:production:*",
            "ref:refs/heads/main",
            "job_workflow_ref:*",
            "repository_owner:acme*",
            "workflow:deploy",
        ] {
            assert!(!names("sub", wide), "{wide}");
        }
        for narrow in [
            "repo:acme/*",
            "repo:acme/app:ref:refs/heads/main",
            "repo:acme@1/app@2:*",
            "repository_id:7",
            "environment:production:repo:acme/app",
            "repository_owner:acme:*",
        ] {
            assert!(names("sub", narrow), "{narrow}");
        }
        for (claim, wide, narrow) in [
            ("repository", "acme*", "acme/*"),
            ("repository", "?*/?*", "acme/app"),
            ("repository", "*/infrastructure", "acme/infrastructure"),
            (
                "job_workflow_ref",
                "*/.github/workflows/deploy.yml@*",
                "acme/flows/.github/workflows/deploy.yml@*",
            ),
            ("repository_owner_id", "*", "123456"),
        ] {
            assert!(!names(claim, wide), "{claim} {wide}");
            assert!(names(claim, narrow), "{claim} {narrow}");
        }
    }

    /// Every cluster of EKS has an issuer of its own, and every pod of it gets a token.
    #[test]
    fn pods_of_a_cluster_are_told_apart_by_the_subject() {
        let host = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE0123456789";
        let severities = |condition: &str| -> Vec<Severity> {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                "Principal":{{"Federated":"arn:aws:iam::333333333333:oidc-provider/{host}"}},"Condition":{{{condition}}}}}]}}"#
            );
            let fixture = ("loose-federation", "bad-star-among-subjects");
            let found = findings_with_document(&LOOSE_FEDERATION, fixture, ("assume_role_policy", &document));
            found.into_iter().map(|finding| finding.severity).collect()
        };
        let audience = format!(r#""StringEquals":{{"{host}:aud":"sts.amazonaws.com"}}"#);
        assert_eq!(severities(&audience), [Severity::Medium]);
        let subject = |value: &str| format!(r#"{audience},"StringLike":{{"{host}:sub":"{value}"}}"#);
        for wide in ["*", "system:serviceaccount:*:*", "system:serviceaccount:*:ledger"] {
            assert_eq!(severities(&subject(wide)), [Severity::Medium], "{wide}");
        }
        for narrow in ["system:serviceaccount:payments:ledger", "system:serviceaccount:payments:*"] {
            assert_eq!(severities(&subject(narrow)), [], "{narrow}");
        }
    }

    /// The provider is made by the same apply, and its issuer is unknown until then. No principal of AWS gets in as one.
    #[test]
    fn a_provider_of_the_same_plan() {
        let review = review_of("loose-federation", "bad-unknown-provider");
        let mut told: Vec<(String, &str, Severity)> = review
            .findings
            .iter()
            .map(|it| {
                (it.address.as_ref().map(ToString::to_string).unwrap_or_default(), it.rule, it.severity)
            })
            .collect();
        told.sort();
        let of = |role: &str, severity| (format!("aws_iam_role.{role}"), "loose-federation", severity);
        assert_eq!(
            told,
            [of("bound", Severity::Low), of("encoded", Severity::Medium), of("open", Severity::Medium)],
            "and nothing else, such as that anyone may assume them"
        );
        assert!(review.findings.iter().all(|finding| finding.verdict == Verdict::Unverifiable));
    }

    /// Decided over all tokens, with denials and with conditions that none meets.
    #[test]
    fn the_whole_policy_decides_which_tokens_get_in() {
        let host = "token.actions.githubusercontent.com";
        let told = |conditions: &str, more: &str| -> Vec<String> {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                "Principal":{{"Federated":"arn:aws:iam::333333333333:oidc-provider/{host}"}},"Condition":{{{conditions}}}}}{more}]}}"#
            );
            let fixture = ("loose-federation", "bad-star-among-subjects");
            let found = findings_with_document(&LOOSE_FEDERATION, fixture, ("assume_role_policy", &document));
            found.into_iter().map(|finding| format!("{:?}: {}", finding.severity, finding.message)).collect()
        };
        let line = |operator: &str, claim: &str, value: &str| {
            format!(r#""{operator}":{{"{host}:{claim}":"{value}"}}"#)
        };
        let anyone = "High: any repository of GitHub can assume this role";
        let but = |operator: &str, value: &str| {
            let condition = line(operator, "sub", value);
            format!(r#",{{"Effect":"Deny","Action":"sts:*","Principal":"*","Condition":{{{condition}}}}}"#)
        };
        let nothing: [&str; 0] = [];
        let wide = line("StringLike", "sub", "repo:*");
        assert_eq!(told(&wide, ""), [anyone]);
        assert_eq!(told(&wide, &but("StringNotLike", "repo:acme/*")), nothing, "all others are denied");
        assert_eq!(told(&wide, &but("StringLike", "repo:evil/*")), [anyone], "only one is denied");
        assert_eq!(told(&wide, &but("StringNotLike", "repo:acme*")), [anyone], "acme-evil is spared, too");
        assert_eq!(told(&line("StringLike", "sub", ""), ""), nothing, "no token has an empty subject");
        assert_eq!(told(&line("StringNotLike", "sub", "repo:evil/*"), ""), [anyone]);
        let other = r#""StringLike":{"gitlab.com:sub":"project_path:acme/*"}"#;
        assert_eq!(told(other, ""), nothing, "no token of GitHub has a claim of GitLab");
        let repository = line("StringEquals", "repository", "acme/app");
        let both = format!("{},{repository}", line("StringLike", "sub", "*"));
        assert_eq!(told(&both, ""), nothing, "the repository narrows where the subject does not");
    }

    /// A name that only begins is the name of others, too.
    #[test]
    fn the_beginning_of_a_name_is_told_with_its_end() {
        let host = "token.actions.githubusercontent.com";
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
            "Principal":{{"Federated":"arn:aws:iam::333333333333:oidc-provider/{host}"}},
            "Condition":{{"StringLike":{{"{host}:sub":"repo:acme*"}}}}}}]}}"#
        );
        let fixture = ("loose-federation", "bad-star-among-subjects");
        let found = findings_with_document(&LOOSE_FEDERATION, fixture, ("assume_role_policy", &document));
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            finding.message,
            "any repository of GitHub that `repo:acme*` matches can assume this role"
        );
        assert_eq!(finding.help.as_deref(), Some("write the end of the name, too: `repo:acme/*`"));
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
