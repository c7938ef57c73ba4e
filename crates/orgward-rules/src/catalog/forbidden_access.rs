use std::cell::LazyCell;

use orgward_finding::{Severity, Status, Verdict};
use orgward_iam::{Claim, RequestSet};
use orgward_org::Selector;
use orgward_proof::access::{
    Access, Forbid, Forbidden, Outsider, Place, Subject, Who, is_exempt, means_something,
};
use orgward_proof::questions::Reply;
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::escalation::{account, told};
use crate::{Context, Findings};

rule! {
    /// Checks for claims of `[[forbid]]` that do not hold: what nobody but some may be able to do after the plan, and
    /// which principals must not be reached from which others. Asked over everything that the inputs show: identity
    /// policies, boundaries, service and resource control policies, policies of resources, and paths.
    ///
    /// ## Why is this bad?
    ///
    /// The organization said that it must not be possible.
    ///
    /// ## Example
    ///
    /// ```toml
    /// [[forbid]]
    /// id = "customer-data"
    /// actions = ["s3:GetObject"]
    /// resources = ["arn:aws:s3:::prod-data/*"]
    /// exempt_principals = ["arn:aws:iam::*:role/shop"]
    /// ```
    ///
    /// finds a role `reports` that may `s3:Get*` on `*`. Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*" }
    /// ```
    ///
    /// The rule does not ask about root users, AWS services, and principals whose policies no input shows.
    pub(crate) static FORBIDDEN_ACCESS = {
        id: "forbidden-access",
        summary: "a claim of `[[forbid]]` does not hold",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for forbid in &cx.config.forbids {
        unread(cx, forbid, findings);
        let places: Vec<&Selector> = match &forbid.what {
            Forbidden::Requests { claim, targets } => {
                requests(cx, forbid, claim, targets, findings);
                unknown(cx, forbid, claim, targets, findings);
                targets.iter().collect()
            }
            Forbidden::Path { from, to } => {
                path(cx, forbid, from, to, findings);
                unknown_trust(cx, forbid, to, findings);
                [from, to]
                    .into_iter()
                    .filter_map(|it| if let Place::Accounts(it) = it { Some(it) } else { None })
                    .collect()
            }
        };
        for target in places {
            if !means_something(cx.after, &cx.config.structure, target) {
                let finding = findings.report(&FORBIDDEN_ACCESS, None);
                finding.verdict = Verdict::Unverifiable;
                finding.severity = forbid.severity;
                finding.subject(format!("{} {target}", forbid.id));
                finding.says(format!(
                    "`{}` is not proved for `{target}`: it matches nothing in the inputs",
                    forbid.id
                ));
                finding.help("correct the target, or give the state of the organization with `--org`");
            }
        }
    }
}

/// What a snapshot does not show may hold whatever is forbidden.
fn unread(cx: &Context<'_>, forbid: &Forbid, findings: &mut Findings) {
    let services = match &forbid.what {
        Forbidden::Requests { claim, .. } => orgward_proof::access::services(claim),
        Forbidden::Path { .. } => Some(orgward_proof::access::services_of_ways()),
    };
    let mut missing = cx.after.not_read().iter().filter(|it| it.concerns(services.as_ref()));
    let Some(first) = missing.next() else { return };
    let rest = missing.count();
    let finding = findings.report(&FORBIDDEN_ACCESS, None);
    finding.verdict = Verdict::Unverifiable;
    finding.severity = forbid.severity.min(FORBIDDEN_ACCESS.info.unverifiable);
    finding.subject(format!("{} not read", forbid.id));
    let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    finding.says(format!("`{}` is not proved: {first}{more}", forbid.id));
    finding.help(first.absence.cure());
}

fn requests(cx: &Context<'_>, forbid: &Forbid, claim: &Claim, targets: &[Selector], findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let structure = &cx.config.structure;
    // Who could before is asked once, and only where an outsider gains something.
    let old = LazyCell::new(|| before.who(claim, true));
    for reached in access.who(claim, targets.is_empty()) {
        let (address, stack, subject, name, accounts, existed) = match &reached.who {
            Who::Subject(id) => {
                let Some(subject) = access.subject(*id) else { continue };
                if !access.is_target(structure, targets, subject) || is_exempt(&forbid.exempt, &subject.arn) {
                    continue;
                }
                let existed =
                    before.same(subject).is_some_and(|(old, _)| !access.gains_of(*id, before, old, claim));
                let address = subject.node.address.as_ref().or(reached.by.as_ref());
                let name = subject.shown(cx.after);
                (
                    address,
                    subject.node.stack.clone(),
                    subject.node.key.to_string(),
                    name,
                    account(cx.after, subject),
                    existed,
                )
            }
            Who::Outsider(who) => {
                let principal = who.principal();
                if *who != Outsider::Everybody && is_exempt(&forbid.exempt, &principal) {
                    continue;
                }
                let name = if *who == Outsider::Everybody { "everybody".to_owned() } else { principal };
                let existed = !access.gains_outside(before, claim, &reached);
                (reached.by.as_ref(), None, who.id().to_owned(), name, None, existed)
            }
        };
        let finding = findings.report(&FORBIDDEN_ACCESS, address);
        finding.input = stack.as_deref().map(str::to_owned);
        finding.severity = forbid.severity;
        finding.subject(format!("{} {subject}", forbid.id));
        finding.says(if reached.certain {
            format!("`{}` does not hold: `{name}` can `{}`", forbid.id, reached.request.action)
        } else {
            format!("`{}` may not hold: `{name}` may be able to `{}`", forbid.id, reached.request.action)
        });
        finding.accounts(accounts);
        finding.notes.extend(forbid.description.clone());
        match (&reached.by, reached.standing) {
            (Some(by), Some(standing)) => {
                finding.note(format!("`{by}` lets it in, as {standing}"));
            }
            _ => {
                if let Who::Subject(id) = &reached.who
                    && let Some((held, statement)) =
                        access.subject(*id).and_then(|it| it.grant_of(&reached.request))
                {
                    crate::escalation::show(finding, held, statement, "allows it");
                }
            }
        }
        finding.witness(witness(&reached.request));
        finding.help("take the grant away, or add the principal to `exempt_principals` of the claim");
        if let Some(doubt) = &reached.doubt {
            finding.note(doubt.clone());
        }
        if !reached.certain {
            finding.verdict = Verdict::Unverifiable;
        }
        if existed {
            finding.status = Status::Existing;
        } else if let Who::Subject(id) = &reached.who
            && access
                .subject(*id)
                .is_some_and(|it| before.same(it).is_some_and(|(old, _)| before.can_any(old, claim)))
        {
            finding.subject.push_str(" widened");
        } else if !matches!(reached.who, Who::Subject(_)) && old.iter().any(|it| it.who == reached.who) {
            // The same outsider, who can do more now, is another finding than the one that was there.
            finding.subject.push_str(" widened");
        }
    }
}

/// What becomes unknown may allow what the claim forbids.
fn unknown(cx: &Context<'_>, forbid: &Forbid, claim: &Claim, targets: &[Selector], findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    for (id, subject) in access.subjects().filter(|(_, subject)| !subject.unknowns.is_empty()) {
        let was_unknown = before.same(subject).is_some_and(|(_, old)| !old.unknowns.is_empty());
        if was_unknown
            || !access.is_target(&cx.config.structure, targets, subject)
            || is_exempt(&forbid.exempt, &subject.arn)
        {
            continue;
        }
        let Reply::Undecided(why) = access.can(id, claim) else { continue };
        let finding = findings.report(&FORBIDDEN_ACCESS, subject.node.address.as_ref());
        finding.input = subject.node.stack.as_deref().map(str::to_owned);
        finding.verdict = Verdict::Unverifiable;
        finding.severity = forbid.severity.min(FORBIDDEN_ACCESS.info.unverifiable);
        finding.subject(format!("{} {} unknown", forbid.id, subject.node.key));
        finding.says(format!(
            "`{}` is not proved for `{}`: what it may do is unknown until apply",
            forbid.id,
            subject.shown(cx.after)
        ));
        finding.accounts(account(cx.after, subject));
        finding.note(why);
        finding.help("write policies that the plan shows");
    }
}

/// Whom nothing is known to be kept out of may come from anywhere.
fn unknown_trust(cx: &Context<'_>, forbid: &Forbid, to: &Place, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let is_unknown = |subject: &Subject<'_>| subject.trust.is_some_and(orgward_org::Document::is_unknown);
    for (_, subject) in access.subjects().filter(|(_, subject)| is_unknown(subject)) {
        if !access.is_in(&cx.config.structure, to, subject)
            || is_exempt(&forbid.exempt, &subject.arn)
            || before.same(subject).is_some_and(|(_, old)| is_unknown(old))
        {
            continue;
        }
        let finding = findings.about(&FORBIDDEN_ACCESS, subject.node.get());
        finding.verdict = Verdict::Unverifiable;
        finding.severity = forbid.severity.min(FORBIDDEN_ACCESS.info.unverifiable);
        finding.subject(format!("{} {} unknown", forbid.id, subject.node.key));
        finding.says(format!(
            "`{}` is not proved for `{}`: who may become it is unknown until apply",
            forbid.id,
            subject.shown(cx.after)
        ));
        finding.help("write a trust policy that the plan shows");
    }
}

/// Whether the trust policy of a role lets in callers that the former one did not.
fn gains_callers(was: &Subject<'_>, is: &Subject<'_>) -> bool {
    let read = |subject: &Subject<'_>| subject.trust.and_then(|trust| trust.policy().cloned());
    let (Some(old), Some(new)) = (read(was), read(is)) else { return was.trust.is_some() };
    if old.text() == new.text() {
        return false;
    }
    !RequestSet::allowed(&new).minus(RequestSet::allowed(&old)).is_empty()
}

fn path(cx: &Context<'_>, forbid: &Forbid, from: &Place, to: &Place, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let structure = &cx.config.structure;
    let exempt = |subject: &Subject<'_>| is_exempt(&forbid.exempt, &subject.arn);
    if *from == Place::Outside {
        let find = |access: &Access<'_>| {
            access.from_outside(&|subject| access.is_in(structure, to, subject), &exempt)
        };
        let old = find(before);
        for way in find(access) {
            let end = way.steps.last().map_or(way.entry, |step| step.to.subject());
            let (Some(entry), Some(subject)) = (access.subject(way.entry), access.subject(end)) else {
                continue;
            };
            let was = before
                .same(entry)
                .filter(|(id, _)| old.iter().any(|old| old.entry == *id && (old.certain || !way.certain)));
            let existed = was.is_some_and(|(_, was)| !gains_callers(was, entry));
            let finding = findings.about(&FORBIDDEN_ACCESS, subject.node.get());
            finding.severity = forbid.severity;
            let widened = if was.is_some() && !existed { " widened" } else { "" };
            finding.subject(format!("{} outside{widened}", forbid.id));
            let (first, last) = (entry.shown(cx.after), subject.shown(cx.after));
            finding.says(if way.steps.is_empty() {
                format!("`{}` does not hold: `{last}` {}", forbid.id, way.edge.how)
            } else {
                format!(
                    "`{}` does not hold: who is let in as `{first}` from outside of the organization can come to act as \
                     `{last}`",
                    forbid.id
                )
            });
            for step in &way.steps {
                finding.note(told(access, step, cx.after));
            }
            if let Some(request) = way.edge.requests.first() {
                finding.witness(witness(request));
            }
            finding.help("name principals of the organization in the trust policy");
            close(finding, way.certain, existed);
        }
        return;
    }
    let find = |access: &Access<'_>| {
        let paths = access.path(
            &|subject| access.is_in(structure, from, subject) && !access.is_in(structure, to, subject),
            &|subject| access.is_in(structure, to, subject),
            &exempt,
        );
        paths
            .into_iter()
            .filter_map(|(path, certain)| {
                let start = access.subject(path.first()?.from.subject())?;
                Some((start.arn.clone(), path, certain))
            })
            .collect::<Vec<_>>()
    };
    let old = find(before);
    for (arn, path, certain) in find(access) {
        let ends = path.first().zip(path.last());
        let Some((start, end)) = ends.and_then(|(first, last)| {
            Some((access.subject(first.from.subject())?, access.subject(last.to.subject())?))
        }) else {
            continue;
        };
        let finding = findings.about(&FORBIDDEN_ACCESS, start.node.get());
        finding.severity = forbid.severity;
        finding.subject(format!("{} {arn}", forbid.id));
        let (from, to) = (start.shown(cx.after), end.shown(cx.after));
        finding.says(format!("`{}` does not hold: `{from}` can come to act as `{to}`", forbid.id));
        for step in &path {
            finding.note(told(access, step, cx.after));
        }
        if let Some(request) = path.first().and_then(|step| step.edge.requests.first()) {
            finding.witness(witness(request));
        }
        finding.help("close a step of the way, or add a principal of it to `exempt_principals` of the claim");
        let existed = old.iter().any(|(known, _, sure)| *known == arn && (*sure || !certain));
        close(finding, certain, existed);
    }
}

fn close(finding: &mut orgward_finding::Finding, certain: bool, existed: bool) {
    if !certain {
        finding.verdict = Verdict::Unverifiable;
    }
    if existed {
        finding.status = Status::Existing;
    }
}

#[cfg(test)]
mod tests {
    use super::FORBIDDEN_ACCESS;
    use crate::testing::findings_with_document_and;

    /// What a provider shares with every customer of it leads in from outside, unless the trust says which customer.
    #[test]
    fn an_open_federation_is_a_way_from_outside() {
        let config =
            "[[forbid]]\nid = \"nobody\"\npath = { from = \"outside\", to = \"arn:aws:iam::*:role/*\" }\n";
        let told = |subject: &str| -> Vec<String> {
            let host = "token.actions.githubusercontent.com";
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                "Principal":{{"Federated":"arn:aws:iam::333333333333:oidc-provider/{host}"}},
                "Condition":{{"StringLike":{{"{host}:sub":"{subject}"}}}}}}]}}"#
            );
            let fixture = ("loose-federation", "bad-star-among-subjects");
            let document = ("assume_role_policy", document.as_str());
            let found = findings_with_document_and(&FORBIDDEN_ACCESS, fixture, document, config);
            found.into_iter().map(|finding| format!("{:?}: {}", finding.verdict, finding.message)).collect()
        };
        let open = told("repo:*");
        assert!(
            matches!(open.as_slice(), [one] if one.starts_with("Found: `nobody` does not hold")),
            "{open:?}"
        );
        assert!(told("repo:acme/app:*").is_empty());
    }
}
