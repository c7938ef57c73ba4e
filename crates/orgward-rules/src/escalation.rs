//! What rules about grants share: whom a finding is about, which grant opens the way, and what was so before.

use orgward_finding::{Finding, Severity, Verdict};
use orgward_iam::{Caller, ContextValue, Request, Statement};
use orgward_org::Organization;
use orgward_proof::access::{Access, EdgeKind, End, Gain, Held, Reach, Step, Subject, SubjectId};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

use crate::{Context, Findings, Rule};

/// Which rule a way belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// It passes a role that can more.
    Pass,
    /// It makes a principal without a boundary that holds.
    Create,
    /// Every other one.
    Other,
}

/// A finding about a principal: where the grant is that opens the way, else where the principal is.
pub(crate) fn about<'f>(
    rule: &Rule,
    cx: &Context<'_>,
    subject: &Subject<'_>,
    held: Option<&Held<'_>>,
    findings: &'f mut Findings,
) -> &'f mut Finding {
    let address = held.and_then(|held| held.address).or(subject.node.address.as_ref());
    let finding = findings.report(rule, address);
    let stack = held.filter(|held| held.address.is_some()).map_or(&subject.node.stack, |held| &held.stack);
    finding.input = stack.as_deref().map(str::to_owned);
    let shown = subject.shown(cx.after);
    finding.subject(subject.node.key.to_string());
    if address != subject.node.address.as_ref() && !subject.is_elsewhere() {
        let place = subject.node.address.as_ref().map_or_else(|| shown.clone(), ToString::to_string);
        finding.note(format!("the {} is `{place}`", subject.word));
    }
    finding.accounts(account(cx.after, subject));
    finding
}

/// The account of a principal, as findings list it.
pub(crate) fn account(org: &Organization, subject: &Subject<'_>) -> Option<String> {
    subject.account.and_then(|account| org.node(account)).map(orgward_org::Node::label)
}

/// Underlines the statement that grants.
pub(crate) fn show(finding: &mut Finding, held: &Held<'_>, statement: &Statement, label: &str) {
    match held.document {
        Some(document) => {
            finding.show(&source(document), statement.actions.span.clone(), label.to_owned());
        }
        None => {
            finding.note(format!("`{}` is a policy that AWS manages", held.name));
        }
    }
}

/// Says what bounds a principal.
pub(crate) fn caps(finding: &mut Finding, subject: &Subject<'_>) {
    use orgward_proof::access::Cap;
    match &subject.cap {
        Cap::None if subject.is_elsewhere() => {
            finding.note("its other policies, its boundary and who may assume it are not in the inputs")
        }
        Cap::None => finding.note("no permissions boundary caps it"),
        Cap::Policy { name, .. } => finding.note(format!("the permissions boundary `{name}` leaves it open")),
        Cap::Unknown(why) => finding.note(why.join("; ")),
    };
}

/// Reports the principals whose way belongs to a rule. Permission sets have a rule of their own.
pub(crate) fn report(rule: &Rule, cx: &Context<'_>, wanted: Way, findings: &mut Findings) {
    let access = cx.access();
    for (id, gain) in access.gains() {
        let Some(subject) = access.subject(id).filter(|it| it.word != "permission set") else { continue };
        if way(gain) == wanted {
            finding(rule, cx, id, subject, gain, findings);
        }
    }
}

pub(crate) fn way(gain: &Gain) -> Way {
    match gain.path.first() {
        Some(Step { to: End::New(_), .. }) => Way::Create,
        Some(Step { edge, .. }) if edge.kind == EdgeKind::Pass => Way::Pass,
        _ => Way::Other,
    }
}

fn finding(
    rule: &Rule,
    cx: &Context<'_>,
    id: SubjectId,
    subject: &Subject<'_>,
    gain: &Gain,
    findings: &mut Findings,
) {
    let access = cx.access();
    let Some(first) = gain.path.first() else { return };
    let request = first.edge.requests.first();
    let grant = request.and_then(|request| subject.grant_of(request));
    let existed = existed(cx, id, subject, gain);
    let finding = about(rule, cx, subject, grant.map(|(held, _)| held), findings);
    let called = subject.called(cx.after);
    // To become an administrator is another finding than to act as a role that can more.
    if matches!(gain.reach, Reach::Administrator) {
        finding.subject.push_str(" administrator");
    } else if let Some(step) = gain.path.last() {
        let end = access.subject(step.to.subject()).map(|it| it.node.key.to_string()).unwrap_or_default();
        finding.subject.push(' ');
        finding.subject.push_str(&end);
    }
    let end = gain.path.last().map(|step| step.to);
    finding.says(match (&gain.reach, end) {
        (Reach::Administrator, Some(End::New(_))) => format!("{called} {}", first.edge.how),
        (Reach::Administrator, Some(End::Subject(to) | End::Armed(to))) if to != id => {
            format!("{called} can become the administrator `{}`", name(access, to, cx.after))
        }
        (Reach::Administrator, _) => format!("{called} can make itself an administrator"),
        (Reach::More(request), Some(to)) => format!(
            "{called} can act as `{}`, which can do what it cannot: `{}`",
            name(access, to.subject(), cx.after),
            request.action
        ),
        (Reach::More(_), None) => return,
    });
    for step in &gain.path {
        finding.note(told(access, step, cx.after));
    }
    if gain.others > 0 {
        finding.note(format!("{} more ways lead there", gain.others));
    }
    caps(finding, subject);
    if let Some((held, statement)) = grant {
        show(finding, held, statement, "lets it do so");
    }
    if let Some(request) = request {
        finding.witness(witness(&cleaned(request)));
    }
    finding.help(match way(gain) {
        Way::Pass => "allow `iam:PassRole` only on the roles that the service needs, with `iam:PassedToService`",
        Way::Create => "require `iam:PermissionsBoundary` on every action that creates or arms a principal",
        Way::Other => "narrow the action to the resources that are needed, or carry a permissions boundary that denies it",
    });
    if matches!(gain.reach, Reach::More(_)) {
        finding.severity = finding.severity.min(Severity::Medium);
    }
    if !gain.certain {
        finding.verdict = Verdict::Unverifiable;
        finding.severity = rule.info.unverifiable;
    }
    if existed {
        finding.status = orgward_finding::Status::Existing;
    }
}

/// One step in words.
pub(crate) fn told(access: &Access<'_>, step: &Step, org: &Organization) -> String {
    let actions: Vec<String> = step.edge.requests.iter().map(|it| format!("`{}`", it.action)).collect();
    let from = name(access, step.from.subject(), org);
    let to = match step.to {
        End::New(_) => "a new principal".to_owned(),
        End::Subject(id) | End::Armed(id) => format!("`{}`", name(access, id, org)),
    };
    format!("`{from}` -> {to}: {} with {}", step.edge.how, actions.join(", "))
}

fn name(access: &Access<'_>, id: SubjectId, org: &Organization) -> String {
    access.subject(id).map(|subject| subject.shown(org)).unwrap_or_default()
}

/// Whether the principal could gain as much before the plan.
fn existed(cx: &Context<'_>, _id: SubjectId, subject: &Subject<'_>, gain: &Gain) -> bool {
    let before = cx.access_before();
    let Some((old, _)) = before.same(subject) else { return false };
    if *before.standing(old) == orgward_proof::access::Standing::Administrator {
        return true;
    }
    let Some(had) = before.gain(old) else { return false };
    match (&gain.reach, &had.reach) {
        (_, Reach::Administrator) => had.certain || !gain.certain,
        (Reach::Administrator, Reach::More(_)) => false,
        (Reach::More(_), Reach::More(_)) => {
            let end = |access: &Access<'_>, gain: &Gain| {
                gain.path.last().and_then(|it| access.subject(it.to.subject())).map(|it| it.arn.clone())
            };
            end(cx.access(), gain) == end(before, had)
        }
    }
}

/// A request without what is not needed to follow it.
fn cleaned(request: &Request) -> Request {
    let mut request = request.clone();
    if let (Caller::Arn(caller), Some(ContextValue::One(arn))) =
        (&request.caller, request.context.get("aws:PrincipalArn"))
        && caller == arn
    {
        request.context.remove("aws:PrincipalArn");
    }
    request
}
