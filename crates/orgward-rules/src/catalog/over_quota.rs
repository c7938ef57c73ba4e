use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_org::{Control, Document, Entity, InlinePolicy, Modality, Node, NodeKind, OrgPolicy, PolicyType};

use crate::controls::about;
use crate::data::{OrgPolicyQuota, quotas};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for what AWS will refuse: policies that are too long, too many of them on one target, units that are
    /// too deep.
    ///
    /// ## Why is this bad?
    ///
    /// The plan is fine and the apply fails, halfway through, with some guardrails exchanged and others not.
    ///
    /// Service and resource control policies are counted as Terraform sends them: the line breaks and indentation
    /// of a heredoc count. IAM does not count white space. The quotas are in `data/quotas.toml` with their date:
    /// ten service control policies of 10,240 characters for each target since May 2026, five resource control
    /// policies of 5,120 characters including `RCPFullAWSAccess`, five levels of units below the root, 2,000 units,
    /// 50,000 accounts, 10,000 service and 2,000 resource control policies, 10,000 characters of a management policy
    /// (2,500 of an AI opt-out policy), ten groups for a user.
    ///
    /// A document with parts that are unknown until apply is measured without them: what is too long already is
    /// found, what fits with 128 characters in each hole is not reported, and between the two the rule cannot tell.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_policy" "lock" {
    ///   content = file("lock.json") # 9,900 characters and 1,100 of white space
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy" "lock" {
    ///   content = jsonencode(jsondecode(file("lock.json")))
    /// }
    /// ```
    pub(crate) static OVER_QUOTA = {
        id: "over-quota",
        summary: "AWS will refuse this: a quota is exceeded",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for org_policy in cx.after.org_policies().filter(|it| !it.aws_managed && !it.is_control) {
        document(org_policy, findings);
    }
    organization(cx, findings);
    memberships(cx, findings);
    for (id, node) in cx.after.nodes() {
        match &node.kind {
            NodeKind::Root | NodeKind::Account(_) => targets(cx, id, node, findings),
            NodeKind::Unit => {
                targets(cx, id, node, findings);
                depth(cx, id, node, findings);
            }
            NodeKind::ManagedPolicy(policy) => {
                let sum = solid(&policy.document);
                size(node, "managed policy", sum, quotas().iam.managed_policy, None, findings);
            }
            NodeKind::Role(role) => {
                let (quota, raised) = (quotas().iam.trust_policy, quotas().iam.trust_policy_raised);
                size(node, "trust policy", solid(&role.trust), quota, Some(raised), findings);
                let quota = quotas().iam.role_inline;
                size(node, "sum of its inline policies", inline(&role.inline), quota, None, findings);
                attached(node, role.managed_arns.len(), findings);
            }
            NodeKind::User(user) => {
                let quota = quotas().iam.user_inline;
                size(node, "sum of its inline policies", inline(&user.inline), quota, None, findings);
                attached(node, user.managed_arns.len(), findings);
            }
            NodeKind::Group(group) => {
                let quota = quotas().iam.group_inline;
                size(node, "sum of its inline policies", inline(&group.inline), quota, None, findings);
                attached(node, group.managed_arns.len(), findings);
            }
            _ => {}
        }
    }
}

/// How many groups a user is in, over all resources that say so.
fn memberships(cx: &Context<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<_, (&Control, BTreeSet<String>)> = BTreeMap::new();
    for control in cx.after.controls_of("aws_iam_user_group_membership") {
        // A user who is not known yet is taken for another one.
        let user = control.text("user").unwrap_or_else(|| control.key.to_string());
        let entry = groups.entry((control.stack.clone(), user)).or_insert_with(|| (control, BTreeSet::new()));
        entry.1.extend(control.texts("groups"));
    }
    let quota = quotas().iam.groups_per_user;
    for (control, groups) in groups.into_values().filter(|(_, groups)| groups.len() > quota) {
        let finding = about(findings, &OVER_QUOTA, control);
        finding.subject("groups");
        finding.says(format!("the user is in {} groups, of which {quota} are allowed", groups.len()));
        finding.note(format!("quotas as of {}", quotas().date));
        finding.help("merge some of the groups; AWS does not raise this quota");
    }
}

/// How many managed policies of AWS or of other stacks a principal has.
fn attached(node: &Node, count: usize, findings: &mut Findings) {
    let (quota, raised) = (quotas().iam.attached_policies, quotas().iam.attached_policies_raised);
    if count > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject("attached policies");
        finding.says(format!("{count} managed policies are attached, of which {quota} are allowed"));
        finding.note(format!("quotas as of {}", quotas().date));
        if count <= raised {
            finding.severity = Severity::Medium;
            finding.help(format!(
                "merge some of them, or ask AWS for a higher quota: up to {raised} are granted"
            ));
        } else {
            finding.help("merge some of them");
        }
    }
}

/// How long a policy of the organization is, as it is sent.
fn document(org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let kind = org_policy.data.kind.short();
    let document = &org_policy.data.document;
    let (Some(quota), Some((least, most))) = (quota(&org_policy.data.kind), document.size()) else { return };
    let quota = quota.characters;
    if most <= quota {
        return;
    }
    let finding = if least > quota {
        let finding = findings.about(&OVER_QUOTA, org_policy.node);
        let at_least = if least == most { "" } else { "at least " };
        finding.says(format!("{kind} has {at_least}{least} characters, of which {quota} are allowed"));
        finding
    } else {
        let finding = findings.cannot_tell(&OVER_QUOTA, org_policy.node);
        finding.says(format!(
            "cannot tell whether this {kind} has more than the {quota} characters that are allowed"
        ));
        finding.note(format!(
            "it has at least {least} without white space, and about {most} as the provider lays it out"
        ));
        finding
    };
    finding.subject("size");
    finding.note(format!("quotas as of {}", quotas().date));
    let solid = if least == most { solid(document) } else { least };
    finding.help(if solid <= quota {
        format!(
            "send it without white space: it has {}{solid} characters then; `jsonencode` does that",
            if least == most { "" } else { "at least " }
        )
    } else {
        format!("split it: without white space it still has {solid} characters")
    });
}

/// How many policies, units and accounts the organization has, as far as the inputs show them: there may be more.
fn organization(cx: &Context<'_>, findings: &mut Findings) {
    let quotas = &quotas().organization;
    let of = |kind: &PolicyType| cx.after.org_policies().filter(|each| each.data.kind == *kind).count();
    let units = cx.after.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::Unit)).count();
    let accounts = cx.after.accounts().filter(|account| account.member).count();
    for (what, count, quota) in [
        ("SCPs", of(&PolicyType::ServiceControl), quotas.scps),
        ("RCPs", of(&PolicyType::ResourceControl), quotas.rcps),
        ("units", units, quotas.units),
        ("accounts", accounts, quotas.accounts),
    ] {
        if count > quota {
            let finding = findings.report(&OVER_QUOTA, None);
            finding.target("Root").subject(what);
            finding.says(format!("the organization has {count} {what}, of which {quota} are allowed"));
            finding.note(format!("quotas as of {}", self::quotas().date));
            finding.help("remove what nobody needs");
        }
    }
}

fn quota(kind: &PolicyType) -> Option<OrgPolicyQuota> {
    match kind {
        PolicyType::ServiceControl => Some(quotas().scp),
        PolicyType::ResourceControl => Some(quotas().rcp),
        PolicyType::Other(name) => quotas().management.get(name).copied(),
        PolicyType::Unknown => None,
    }
}

/// How many policies of each kind are attached to one target.
fn targets(cx: &Context<'_>, id: orgward_org::NodeId, node: &Node, findings: &mut Findings) {
    let mut counts: BTreeMap<&PolicyType, Vec<String>> = BTreeMap::new();
    // Control Tower puts its controls into policies of its own, as many into one as there is room for.
    for (org_policy, attachment) in cx.after.attached_to(id).into_iter().filter(|(it, _)| !it.data.is_control)
    {
        let names = counts.entry(&org_policy.data.kind).or_default();
        let name = org_policy.node.key.to_string();
        if attachment.resolved.modality() == Modality::Must && !names.contains(&name) {
            names.push(name);
        }
    }
    for (kind, names) in counts {
        let Some(quota) = quota(kind) else { continue };
        if names.len() > quota.per_target {
            let finding = findings.about(&OVER_QUOTA, node);
            finding.subject(format!("{} per target {}", kind.short(), names.len()));
            finding.target(cx.after.path(id));
            finding.says(format!(
                "{} {}s are attached here, of which {} are allowed",
                names.len(),
                kind.short(),
                quota.per_target
            ));
            finding.help(
                "merge some of them, or attach them at another level; the one that AWS attaches counts",
            );
        }
    }
}

fn depth(cx: &Context<'_>, id: orgward_org::NodeId, node: &Node, findings: &mut Findings) {
    let mut depth = 1;
    let mut at = id;
    while let [(parent, _)] = cx.after.parents(at).as_slice() {
        match cx.after.node(*parent).map(|node| &node.kind) {
            Some(NodeKind::Unit) if depth < 64 => depth += 1,
            _ => break,
        }
        at = *parent;
    }
    let quota = quotas().organization.unit_depth;
    if depth > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject("depth");
        finding.target(cx.after.path(id));
        finding.says(format!("unit is {depth} levels below the root, of which {quota} are allowed"));
        finding.help("flatten the tree");
    }
}

/// `raised` is as far as AWS raises the quota, if it does.
fn size(node: &Node, what: &str, sum: usize, quota: usize, raised: Option<usize>, findings: &mut Findings) {
    if sum > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject(what);
        finding
            .says(format!("{what} has {sum} characters without white space, of which {quota} are allowed"));
        if let Some(raised) = raised.filter(|raised| sum <= *raised) {
            finding.severity = Severity::Medium;
            finding.help(format!(
                "shorten it, or ask AWS for a higher quota: up to {raised} characters are granted"
            ));
        } else if raised.is_some() {
            finding.help("shorten it: AWS does not raise the quota as far");
        } else {
            finding.help("split it, or use wildcards");
        }
    }
}

/// How many characters of a document are not white space. Strings of policies hold no white space that counts.
fn solid(document: &Document) -> usize {
    // The text of a document with holes shows references, which are longer or shorter than what takes their place.
    if let (None, Some((least, _))) = (document.characters, document.size()) {
        return least;
    }
    document.text.expose().chars().filter(|c| !c.is_whitespace()).count()
}

fn inline(policies: &[InlinePolicy]) -> usize {
    policies.iter().map(|policy| solid(&policy.document)).sum()
}

#[cfg(test)]
mod tests {
    use orgward_finding::Severity;

    use super::OVER_QUOTA;
    use crate::testing::{findings_with_document, report, review_text};

    #[test]
    fn scp_size() {
        insta::assert_snapshot!(report(&OVER_QUOTA, "bad-scp-size"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-quota

          × aws_organizations_policy.archives: SCP has 11545 characters, of which 10240 are allowed
          note: quotas as of 2026-11-01
          help: send it without white space: it has 4657 characters then; `jsonencode` does that

        blocked: 1 high finding is new
        reviewed bad-scp-size.json: 1 account, 0 principals, 1 policy
        `orgward rules over-quota` explains the first one
        ");
    }

    #[test]
    fn size_with_a_hole() {
        insta::assert_snapshot!(report(&OVER_QUOTA, "bad-size-with-a-hole"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-quota

          × aws_organizations_policy.archives: SCP has at least 12231 characters, of which 10240 are allowed
          note: quotas as of 2026-11-01
          help: split it: without white space it still has 12231 characters

        blocked: 1 high finding is new
        reviewed bad-size-with-a-hole.json: 1 account, 0 principals, 1 policy
        `orgward rules over-quota` explains the first one
        ");
    }

    #[test]
    fn unknown_size() {
        insta::assert_snapshot!(report(&OVER_QUOTA, "bad-unknown-size"), @"
        ── low: 1 cannot be told (does not block) ──────────────────────────────────────

        over-quota · cannot tell

          ? aws_organizations_policy.archives: cannot tell whether this SCP has more than the 10240
          │ characters that are allowed
          note: it has at least 9035 without white space, and about 10988 as the provider lays it out
          note: quotas as of 2026-11-01
          help: send it without white space: it has at least 9035 characters then; `jsonencode` does that

        not blocked: nothing found, but 1 low thing cannot be told
        reviewed bad-unknown-size.json: 1 account, 0 principals, 1 policy
        `orgward rules over-quota` explains the first one
        ");
    }

    #[test]
    fn eleven_scps() {
        insta::assert_snapshot!(report(&OVER_QUOTA, "bad-eleven-scps"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-quota

          × aws_organizations_organizational_unit.runtime: 11 SCPs are attached here, of which 10 are
          │ allowed
          target: Root/runtime
          help: merge some of them, or attach them at another level; the one that AWS attaches counts

        blocked: 1 high finding is new
        reviewed bad-eleven-scps.json: 1 account, 0 principals, 10 policies
        `orgward rules over-quota` explains the first one
        ");
    }

    #[test]
    fn five_rcps() {
        insta::assert_snapshot!(report(&OVER_QUOTA, "bad-five-rcps"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-quota

          × aws_organizations_organizational_unit.runtime: 6 RCPs are attached here, of which 5 are allowed
          target: Root/runtime
          help: merge some of them, or attach them at another level; the one that AWS attaches counts

        blocked: 1 high finding is new
        reviewed bad-five-rcps.json: 1 account, 0 principals, 5 policies
        `orgward rules over-quota` explains the first one
        ");
    }

    /// Of a trust policy AWS raises the quota, to twice as much; an apply with more than that always fails.
    #[test]
    fn a_trust_policy_that_no_raised_quota_takes() {
        let of = |roles: usize| {
            let roles: Vec<String> = (0..roles)
                .map(|at| format!(r#""arn:aws:iam::222222222222:role/application-{at:04}""#))
                .collect();
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"sts:AssumeRole"}}]}}"#,
                roles.join(",")
            );
            let found = findings_with_document(
                &OVER_QUOTA,
                ("public-trust", "bad-star-string"),
                ("assume_role_policy", &document),
            );
            let told =
                found.into_iter().map(|it| (it.severity, it.help.unwrap_or_default().contains("ask AWS")));
            told.collect::<Vec<_>>()
        };
        assert_eq!(of(20), []);
        assert_eq!(of(60), [(Severity::Medium, true)]);
        assert_eq!(of(120), [(Severity::High, false)]);
    }

    /// The inline policies of a user have the same number of characters, and AWS does not raise it.
    #[test]
    fn inline_policies_of_a_user() {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{}"}}]}}"#,
            "a".repeat(2100)
        );
        let plan = serde_json::json!({
            "format_version": "1.0", "terraform_version": "1.11.4",
            "values": { "root_module": { "resources": [
                { "address": "aws_iam_user.it", "mode": "managed", "type": "aws_iam_user", "name": "it",
                  "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
                  "values": { "name": "it", "id": "it", "arn": "arn:aws:iam::222222222222:user/it" } },
                { "address": "aws_iam_user_policy.it", "mode": "managed", "type": "aws_iam_user_policy", "name": "it",
                  "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
                  "values": { "name": "it", "user": "it", "id": "it:it", "policy": document } },
            ] } },
        });
        let review = review_text("state.json", plan.to_string().into_bytes(), "");
        let found =
            review.findings.iter().find(|finding| finding.rule == "over-quota").expect("it is too long");
        assert_eq!(found.severity, Severity::High);
        assert!(!found.help.as_deref().unwrap_or_default().contains("ask AWS"), "{found:?}");
    }

    #[test]
    fn deep_ou() {
        insta::assert_snapshot!(report(&OVER_QUOTA, "bad-deep-ou"), @"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-quota

          × aws_organizations_organizational_unit.orders: unit is 6 levels below the root, of which 5 are
          │ allowed
          target: Root/runtime/europe/germany/shop/backend/orders
          help: flatten the tree

        blocked: 1 high finding is new
        reviewed bad-deep-ou.json: 0 accounts, 0 principals, 0 policies
        `orgward rules over-quota` explains the first one
        ");
    }
}
