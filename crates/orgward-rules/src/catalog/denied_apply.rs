use orgward_finding::{DeniedCall, Severity, Verdict, Witness, WitnessValue};
use orgward_iam::{Caller, Condition, ContextValue, PartialRequest, Statement, UNKNOWN_PART};
use orgward_org::{PlannedChange, calls};
use orgward_proof::apply::{Policies, Wall, walls, way_around};
use orgward_proof::org_policies::source;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for calls that the apply certainly makes and that AWS will certainly deny: by a service control policy, a
    /// resource control policy, the permissions boundary of the role that applies it, or a deny of its own policies.
    ///
    /// ## Why is this bad?
    ///
    /// The plan is green, the pull request is merged, and the apply stops half-way with a 403: the state fits neither
    /// the old configuration nor the new one.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// provider "aws" {
    ///   region = "us-west-2" # an SCP denies all regions but eu-west-1
    /// }
    ///
    /// resource "aws_s3_bucket" "exports" {}
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// provider "aws" {
    ///   region = "eu-west-1"
    /// }
    ///
    /// resource "aws_s3_bucket" "exports" {}
    /// ```
    ///
    /// The calls of a resource type were recorded from runs of the provider; other types are not asked about. The role is
    /// the one that the provider assumes, else `principal` of `[stacks]`, else of `[apply]` in `orgward.toml`; without
    /// any, only what is denied to every principal is found. What depends on something unknown is information and never
    /// blocks. [Will this apply go through?](../apply.md) has examples.
    pub(crate) static DENIED_APPLY = {
        id: "denied-apply",
        summary: "AWS will deny a call of this apply",
        severity: Severity::High,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.planned().is_empty() {
        return;
    }
    let (before, after) = (Policies::of(cx.access_before()), Policies::of(cx.access()));
    let walls = walls(cx.change(), &before, &after, cx.config.apply.principal.as_deref());
    for wall in &walls.denied {
        report(cx, wall, findings);
    }
    for (reason, changes) in walls.undecided {
        let finding = findings.report(&DENIED_APPLY, None);
        finding.verdict = Verdict::Unverifiable;
        finding.severity = DENIED_APPLY.info.unverifiable;
        let count = match changes.len() {
            1 => "1 resource".to_owned(),
            count => format!("{count} resources"),
        };
        finding.says(format!("whether AWS denies the apply of {count} is unknown: {reason}"));
        finding.subject(reason.text);
        finding.note(listed(&changes));
    }
}

fn report(cx: &Context<'_>, wall: &Wall<'_>, findings: &mut Findings) {
    let Some(first) = wall.members.first() else { return };
    let request = &wall.requested.request.request;
    let action = &request.action;
    let finding = findings.report(&DENIED_APPLY, &first.address);
    finding.input = first.stack.as_deref().map(str::to_owned);
    finding.subject(wall.members.iter().map(|it| it.address.as_str()).collect::<Vec<_>>().join(" "));
    finding.accounts(first.owner.and_then(|owner| cx.after.node(owner)).map(orgward_org::Node::label));
    let region = wall.requested.region.as_ref().map_or_else(String::new, |region| format!(" in {region}"));
    let more = match wall.members.len() {
        1 => String::new(),
        count => format!(", and of {} more,", count - 1),
    };
    let operation = first.operation.as_str();
    finding.says(format!("the {operation}{more} will be denied: `{action}`{region}, by {}", wall.denial.by));
    if let Some((_, statement)) = wall.denial.statement {
        if let Some(document) = wall.denial.document {
            let spans = statement.conditions.iter().map(|line| &line.span);
            let span = spans.clone().map(|it| it.start).min().zip(spans.map(|it| it.end).max());
            let span = span.map_or(statement.effect.span.clone(), |(start, end)| start..end);
            finding.show(&source(document), span, format!("denies `{action}`"));
        }
        let is_sensitive = wall.denial.document.is_some_and(|document| document.text.is_sensitive());
        finding.help(if is_sensitive {
            NO_WAY.to_owned()
        } else {
            help(first, &wall.requested.request, statement)
        });
    } else {
        finding.help(format!("allow `{action}` there, or take the change out of the plan"));
    }
    finding.witness(shown(wall));
    finding.denied = Some(DeniedCall {
        resources: wall.members.iter().map(|change| change.address.clone()).collect(),
        action: action.clone(),
        region: wall.requested.region.clone(),
        by: wall.denial.by.clone(),
    });
    finding.note(match &wall.principal {
        Some(role) => format!("applied by `{role}`"),
        None => "no principal of the account is exempt".to_owned(),
    });
    if wall.members.len() > 1 {
        finding.note(listed(&wall.members));
    }
}

/// The first few of many resources.
fn listed(changes: &[&PlannedChange]) -> String {
    let all: Vec<String> = changes.iter().map(|change| format!("`{}`", change.address)).collect();
    match all.split_at_checked(5) {
        Some((first, rest)) if rest.len() > 1 => format!("{} and {} more", first.join(", "), rest.len()),
        _ => all.join(", "),
    }
}

/// The request, with what the statement asks for.
fn shown(wall: &Wall<'_>) -> Witness {
    let request = &wall.requested.request.request;
    let plain = |text: &str| text.replace(UNKNOWN_PART, "*");
    let asked = wall.denial.statement.map(|(_, statement)| &statement.conditions);
    let is_asked = |key: &str| {
        key.eq_ignore_ascii_case("aws:RequestedRegion")
            || asked.is_some_and(|lines| lines.iter().any(|line| line.key.value.eq_ignore_ascii_case(key)))
    };
    let context = request.context.iter().filter(|(key, _)| is_asked(key)).map(|(key, value)| {
        let value = match value {
            ContextValue::One(text) => WitnessValue::One(plain(text)),
            ContextValue::Many(texts) => WitnessValue::Many(texts.iter().map(|text| plain(text)).collect()),
        };
        (key.to_owned(), value)
    });
    Witness {
        principal: match &request.caller {
            Caller::Arn(arn) => plain(arn),
            other => other.to_string(),
        },
        action: request.action.clone(),
        resource: plain(&request.resource),
        context: context.collect(),
    }
}

const NO_WAY: &str = "take the change out of the plan, or exempt the role that applies it in the policy";

/// What would make the request pass.
fn help(change: &PlannedChange, request: &PartialRequest, statement: &Statement) -> String {
    let ways = statement.conditions.iter().filter_map(|line| way(change, &request.request.resource, line));
    let mut ways: Vec<String> = ways.collect();
    ways.dedup();
    if ways.is_empty() {
        return NO_WAY.to_owned();
    }
    ways.join(", or ")
}

/// What would make one condition not hold.
fn way(change: &PlannedChange, resource: &str, line: &Condition) -> Option<String> {
    let key = &line.key.value;
    let way = way_around(line, "apply it with a role like", |one_of| {
        let carried: Vec<_> =
            calls::keys_of(&change.kind).filter(|it| it.key.eq_ignore_ascii_case(key)).collect();
        // Where the key is of one type of resources, it is missing for the others.
        let is_about = |of: &str| resource.contains(&format!(":{of}/"));
        match carried.iter().find(|it| it.resource.is_none_or(is_about)) {
            Some(it) => Some(format!("set `{}`{one_of} (`{key}`)", it.attribute)),
            None => carried.first().map(|_| {
                format!("ask the administrators of the policy to name the resources: this one has no `{key}`")
            }),
        }
    })?;
    let is_tag = key.to_ascii_lowercase().starts_with("aws:requesttag/");
    let is_volume = is_tag && resource.contains(":volume/") && change.kind.as_ref() == "aws_instance";
    Some(if is_volume { way + " on the volume: `volume_tags`" } else { way })
}

#[cfg(test)]
mod tests {
    use orgward_finding::Verdict;

    use super::DENIED_APPLY;
    use crate::testing::{findings, messages_with};

    /// What is said of a plan, and what helps.
    fn said(name: &str) -> (String, String) {
        let found = findings(&DENIED_APPLY, name);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(found[0].verdict, Verdict::Found, "{name}");
        (found[0].message.clone(), found[0].help.clone().unwrap_or_default())
    }

    #[test]
    fn the_wall_and_the_way_around_it_are_named() {
        for (name, message, help) in [
            (
                "bad-region",
                "the create will be denied: `s3:CreateBucket` in us-west-2, by SCP `regions` at `Root/Prod`",
                "use the region `eu-west-1` or `eu-central-1`",
            ),
            (
                "bad-own-region",
                "the create will be denied: `s3:CreateBucket` in ap-south-1, by SCP `regions` at `Root/Prod`",
                "use the region `eu-west-1` or `eu-central-1`",
            ),
            (
                "bad-missing-tag",
                "the create will be denied: `ec2:RunInstances` in eu-west-1, by SCP `tags` at `Root/Prod`",
                "set the tag `CostCenter`",
            ),
            (
                "bad-instance-type",
                "the create will be denied: `ec2:RunInstances` in eu-west-1, by SCP `sizes` at `Root/Prod`",
                "set `instance_type` to `t3.*` or `m7g.*` (`ec2:InstanceType`)",
            ),
            (
                "bad-no-boundary",
                "the create will be denied: `iam:CreateRole` in us-east-1, by SCP `boundary` at `Root/Prod`",
                "set `permissions_boundary` to `arn:aws:iam::*:policy/boundary/app` (`iam:PermissionsBoundary`)",
            ),
            (
                "bad-replacement",
                "the replace will be denied: `dynamodb:DeleteTable` in eu-west-1, by SCP `keep` at `Root/Prod`",
                "take the change out of the plan, or exempt the role that applies it in the policy",
            ),
        ] {
            assert_eq!(said(name), (message.to_owned(), help.to_owned()), "{name}");
        }
    }

    /// AWS authorizes the launch of an instance for each thing that it needs, and each has keys of its own.
    #[test]
    fn a_launch_is_asked_about_all_that_it_needs() {
        for (name, resource, help) in [
            ("bad-untagged-volume", "volume/*", "set the tag `CostCenter` on the volume: `volume_tags`"),
            (
                "bad-type-of-everything",
                "image/ami-0123456789abcdef0",
                "ask the administrators of the policy to name the resources: this one has no `ec2:InstanceType`",
            ),
            (
                "bad-subnet",
                "subnet/subnet-0123456789abcdef0",
                "take the change out of the plan, or exempt the role that applies it in the policy",
            ),
            (
                "bad-clear-volume",
                "volume/*",
                "set `root_block_device.encrypted` to another value than `false` (`ec2:Encrypted`)",
            ),
        ] {
            let found = findings(&DENIED_APPLY, name);
            let asked = &found[0].witness.as_ref().unwrap().resource;
            assert!(asked.ends_with(resource), "{name}: {asked}");
            assert_eq!(said(name).1, help, "{name}");
        }
    }

    /// What comes first is what the configuration says: with no order there is a warning only.
    #[test]
    fn the_order_of_policy_and_call_decides() {
        let frozen = "by the policy of the resource (`aws_s3_bucket_policy.audit`)";
        let silent = "the SCPs at `Root/Prod`, none of which allows it";
        for (name, message) in [
            ("bad-resource-policy", format!("`s3:PutBucketVersioning` in eu-west-1, {frozen}")),
            ("bad-resource-policy-first", format!("`s3:PutBucketVersioning` in eu-west-1, {frozen}")),
            ("bad-resource-policy-changed", format!("`s3:PutBucketPolicy` in eu-west-1, {frozen}")),
            ("bad-scp-first", "`s3:CreateBucket` in us-west-2, by SCP `regions` at `Root/Prod`".to_owned()),
            ("bad-rcp", "`s3:PutBucketVersioning` in eu-west-1, by RCP `frozen` at `Root/Prod`".to_owned()),
            // What is allowed no more, or not yet.
            ("bad-silence-first", format!("`s3:CreateBucket` in us-west-2, by {silent}")),
            ("bad-allowed-last", format!("`s3:CreateBucket` in us-west-2, by {silent}")),
            (
                "bad-own-policy-first",
                "`s3:CreateBucket` in us-west-2, by policy `aws_iam_role_policy.deny.policy` of the role"
                    .to_owned(),
            ),
            // The bucket has no name before the apply.
            ("bad-unnamed-bucket", format!("`s3:PutBucketVersioning` in us-west-2, {frozen}")),
        ] {
            let (said, _) = said(name);
            assert!(said.ends_with(&message), "{name}: {said}");
        }
        for (name, policy) in [
            (
                "bad-unknown-resource-policy-beside",
                "the policy of the resource (`aws_s3_bucket_policy.audit`)",
            ),
            ("bad-unknown-scp-beside", "SCP `regions` at `Root/Prod`"),
            ("bad-unknown-silence-beside", silent),
            ("bad-unknown-own-policy-beside", "policy `aws_iam_role_policy.deny.policy` of the role"),
        ] {
            let found = findings(&DENIED_APPLY, name);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].verdict, Verdict::Unverifiable, "{name}");
            let ending = "as soon as the plan changes it";
            assert!(found[0].message.contains(policy) && found[0].message.ends_with(ending), "{name}");
        }
    }

    /// A policy that the plan marks sensitive is named, and nothing of it is shown.
    #[test]
    fn nothing_of_a_sensitive_policy_is_shown() {
        let found = findings(&DENIED_APPLY, "bad-sensitive-scp");
        assert_eq!(found.len(), 1);
        let all = format!("{:?}", found[0]);
        assert!(all.contains("SCP `regions`"), "{all}");
        for secret in ["eu-central-1", "organizations:*", "Sid"] {
            assert!(!all.contains(secret), "{secret}: {all}");
        }
    }

    #[test]
    fn equal_calls_are_one_finding() {
        let found = findings(&DENIED_APPLY, "bad-two-instances");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address.as_ref().unwrap().as_str(), "aws_instance.web[0]");
        assert!(
            found[0].message.starts_with("the create, and of 1 more, will be denied"),
            "{}",
            found[0].message
        );
        assert!(found[0].notes.contains(&"`aws_instance.web[0]`, `aws_instance.web[1]`".to_owned()));
    }

    /// What depends on who applies is decided by who does.
    #[test]
    fn the_configuration_says_who_applies() {
        let says = |config: &str| messages_with(&DENIED_APPLY, "bad-unknown-principal", config);
        assert_eq!(
            says(""),
            [
                "whether AWS denies the apply of 1 resource is unknown: SCP `regions` asks for `aws:PrincipalArn`, \
              which is unknown"
            ]
        );
        assert_eq!(says("[apply]\nprincipal = 'arn:aws:iam::*:role/platform/deploy'"), [""; 0]);
        assert_eq!(
            says("[apply]\nprincipal = 'arn:aws:iam::222222222222:role/ci'"),
            ["the create will be denied: `s3:CreateBucket` in us-west-2, by SCP `regions` at `Root/Prod`"]
        );
    }

    #[test]
    fn what_is_unknown_never_blocks() {
        for name in ["bad-unknown-principal", "bad-unknown-principal-tag", "bad-unknown-tags"] {
            for finding in findings(&DENIED_APPLY, name) {
                assert_eq!(finding.verdict, Verdict::Unverifiable, "{name}");
                assert_eq!(finding.severity, orgward_finding::Severity::Info, "{name}");
            }
        }
    }
}
