//! Which resources an action can be about, by the types that AWS publishes.

use std::collections::BTreeMap;

use crate::access::{Class, Language, Token};
use crate::arn::Arn;
use crate::{Action, BaseOperator, Catalogue, ResourceType, Version, placeholder};

/// Whether the pattern of a `Resource` element matches a resource that an action is authorized for. An action without
/// resource types is authorized for `*` alone.
///
/// ```
/// use orgward_iam::{Catalogue, may_be_about};
///
/// let run = Catalogue::get().action("ec2:RunInstances").unwrap();
/// assert!(may_be_about(run, "arn:aws:ec2:*:*:instance/*"));
/// assert!(!may_be_about(run, "arn:aws:ec2:*:*:instances/*"), "the type is called `instance`");
/// ```
pub fn may_be_about(action: Action, pattern: &str) -> bool {
    Types::of([action]).may_match(pattern)
}

/// Types of resources.
pub(crate) struct Types(BTreeMap<(&'static str, &'static str), Source>);

/// Where the types are listed.
#[derive(Clone, Copy)]
enum Source {
    /// With an action.
    Action(Action),
    /// With a service.
    Service,
}

impl Types {
    /// The types that some actions are authorized for.
    pub(crate) fn of(actions: impl IntoIterator<Item = Action>) -> Self {
        let with_types = actions.into_iter().map(|action| (action.types_key(), Source::Action(action)));
        Self(with_types.filter(|((_, names), _)| !names.is_empty()).collect())
    }

    /// All types of a service.
    fn of_service(service: &str) -> Self {
        let found =
            Catalogue::get().service(service).map(|service| ((service.prefix(), ""), Source::Service));
        Self(found.into_iter().collect())
    }

    /// Whether a pattern of a `Resource` element matches a resource of one of the types. What a variable or a
    /// placeholder of a template stands for may be anything.
    pub(crate) fn may_match(&self, pattern: &str) -> bool {
        let pattern = without_variables(&without_placeholders(pattern));
        if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
            return true;
        }
        let twin = twin(&pattern);
        [Some(pattern), twin].into_iter().flatten().any(|pattern| self.match_plain(&pattern))
    }

    /// The same for a pattern without variables.
    fn match_plain(&self, pattern: &str) -> bool {
        // A `*` at the end of a part also matches beyond its colon. Where it does, it is not one in a name.
        let (across, _) = Language::any_resource(pattern, Version::V2008);
        let within = Language::compared(BaseOperator::ArnLike, pattern, Version::V2008).unwrap_or_default();
        let goes_on = !begins_with_type(pattern);
        let service = Arn::parse(pattern).map(|arn| arn.service).filter(|it| !it.contains(['*', '?']));
        let fits = |owner: &str, kind: ResourceType| {
            let is_other = service.is_some_and(|it| it != kind.service() && kind.service() != "*");
            // The name of a bucket has no slash.
            let is_bucket = owner == "s3" && kind.name == "bucket";
            let arn = kind.arn();
            let of = |class| arns(&arn, if is_bucket { Class::Name } else { class });
            !is_other && (of(Class::Any).meets(&within) || goes_on && of(Class::Part).meets(&across))
        };
        // Most are about a resource of their own service, so that the others need not be asked.
        let asked = |own: bool| {
            let mut sources = self.0.iter().filter(move |((owner, _), _)| (service == Some(*owner)) == own);
            sources.any(|((owner, _), source)| match source {
                Source::Action(action) if !Catalogue::is_shared(owner) => {
                    action.resource_types().any(|kind| fits(owner, kind))
                }
                _ => Catalogue::types_of(owner).any(|kind| fits(owner, kind)),
            })
        };
        asked(true) || asked(false)
    }
}

/// Whether the name in an ARN begins like that of a type, `instances/`: what a `*` before it took in of another type
/// would have that in its own name.
fn begins_with_type(pattern: &str) -> bool {
    let name = pattern.splitn(6, ':').nth(5).unwrap_or_default();
    let word = name.find(|char: char| !char.is_ascii_alphanumeric() && char != '-');
    word.is_some_and(|end| end > 0 && name.get(end..).is_some_and(|rest| rest.starts_with(['/', ':'])))
}

/// The ARNs that the ARN of a type with variables stands for; `rest` is what stands in its name.
fn arns(arn: &str, rest: Class) -> Language {
    const COLONS: usize = 5;
    const PART: char = '\u{1}';
    const REST: char = '\u{2}';
    const SOME: char = '\u{3}';
    let marks =
        [(PART, Token::Many(Class::Part)), (REST, Token::Many(rest)), (SOME, Token::One(Class::Part))];
    let mut text = String::new();
    let mut left = arn;
    while let Some((before, variable)) = left.split_once("${") {
        text.push_str(before);
        let (name, after) = variable.split_once('}').unwrap_or_default();
        // What AWS owns has no account, and no ARN is without its region.
        text.extend((name == "Region").then_some(SOME));
        text.push(if text.matches(':').count() < COLONS { PART } else { REST });
        left = after;
    }
    // A type that the catalogue says nothing of is written with wildcards.
    let text = (text + left).replace('*', &REST.to_string());
    Language::template(&text, &marks)
}

/// What is wrong with the ARN of a service whatever the action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Misfit {
    /// The service has no such resource.
    Resource,
    /// Such resources have no account in their ARN.
    Account,
    /// Such resources have no region in their ARN.
    Region,
    /// Such resources have a region in their ARN.
    NoRegion,
}

/// What is wrong with an ARN by the types of resources of its service; `None` where one fits, or where the service has
/// none that are listed.
pub(crate) fn misfit(pattern: &str) -> Option<Misfit> {
    let cleaned = without_variables(&without_placeholders(pattern));
    let arn = Arn::parse(&cleaned)?;
    let types: Vec<String> = Catalogue::types_of(arn.service).map(ResourceType::arn).collect();
    if Types::of_service(arn.service).may_match(pattern) {
        return None;
    }
    let within = Language::compared(BaseOperator::ArnLike, &cleaned, Version::V2008)?;
    // Those with such a name, whatever their region and account.
    let alike = types.iter().filter(|kind| {
        let parts: Vec<&str> = kind.splitn(6, ':').collect();
        let [_, partition, service, _, _, name] = parts.as_slice() else { return false };
        arns(&format!("arn:{partition}:{service}:${{Any}}:${{Any}}:{name}"), Class::Any).meets(&within)
    });
    let alike: Vec<Arn<'_>> = alike.filter_map(|kind| Arn::parse(kind)).collect();
    if alike.is_empty() {
        return (!types.is_empty()).then_some(Misfit::Resource);
    }
    let all = |is: fn(&Arn<'_>) -> bool| alike.iter().all(is);
    if !arn.account.is_empty() && all(|kind| kind.account.is_empty()) {
        Some(Misfit::Account)
    } else if !arn.region.is_empty() && all(|kind| kind.region.is_empty()) {
        Some(Misfit::Region)
    } else if arn.region.is_empty() && all(|kind| !kind.region.is_empty()) {
        Some(Misfit::NoRegion)
    } else {
        None
    }
}

/// The ARN under the other name of a service that AWS has renamed: connections have either, and policies of the
/// console's own combine the two (Developer Tools console user guide, "Permissions for AWS `CodeConnections`").
fn twin(pattern: &str) -> Option<String> {
    const TWINS: [(&str, &str); 2] =
        [(":codeconnections:", ":codestar-connections:"), (":codestar-connections:", ":codeconnections:")];
    TWINS.iter().find(|(one, _)| pattern.contains(one)).map(|(one, other)| pattern.replacen(one, other, 1))
}

/// The listed actions that patterns of an `Action` element match; `None` when one of them matches none, so that nothing
/// is known about it.
pub fn listed_actions<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Option<Vec<Action>> {
    let mut all = Vec::new();
    for pattern in patterns {
        let before = all.len();
        all.extend(Catalogue::get().actions_matching(pattern));
        if all.len() == before {
            return None;
        }
    }
    Some(all)
}

/// A pattern in which every policy variable is a `*`.
pub(crate) fn without_variables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (_, after))) =
        rest.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        out.push_str(before);
        out.push('*');
        rest = after;
    }
    out + rest
}

/// A pattern in which every placeholder of a template is a `*`.
fn without_placeholders(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(name) = placeholder(rest) {
        let Some((before, after)) = rest.split_once(name) else { break };
        out.push_str(before);
        out.push('*');
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{Misfit, may_be_about, misfit};
    use crate::Catalogue;

    fn fits(action: &str, pattern: &str) -> bool {
        may_be_about(Catalogue::get().action(action).expect("it is listed"), pattern)
    }

    #[test]
    fn an_arn_of_another_type_is_none_of_the_action() {
        assert!(fits("iam:PassRole", "arn:aws:iam::*:role/ci/*"));
        assert!(!fits("iam:PassRole", "arn:aws:iam::*:roles/ci"), "the type is called `role`");
        assert!(fits("s3:GetObject", "arn:aws:s3:::logs/*"));
        assert!(!fits("s3:GetObject", "arn:aws:s3:::logs"), "a bucket is no object");
        assert!(fits("s3:ListBucket", "arn:aws:s3:::logs*"));
        assert!(!fits("s3:ListBucket", "arn:aws:s3:::logs/*"), "an object is no bucket");
        assert!(
            fits("s3:GetObject", "arn:aws:s3:::${aws:PrincipalTag/bucket}"),
            "the variable may hold a slash"
        );
        assert!(!fits("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*"), "authorized for `*` alone");
        assert!(fits("ec2:DescribeInstances", "*"));
        assert!(fits("ec2:RunInstances", "arn:aws:ec2:*"));
        assert!(fits("logs:CreateLogGroup", "arn:aws:logs:*:*:/aws/x/*"), "the `*` of the account goes on");
        assert!(fits("ssm:GetDocument", "arn:aws:ssm:*::document/AWS-RunShellScript"), "AWS owns it");
        assert!(fits("cloudformation:CreateStack", "arn:aws:cloudformation:*:*:stack/[STACK_NAME]"));
        assert!(!fits("lambda:CreateFunction", "arn:aws:lambda:*:*:function/*"), "a colon stands there");
        assert!(fits("codestar-connections:UseConnection", "arn:aws:codeconnections:*:*:connection/*"));
    }

    #[test]
    fn an_arn_has_the_parts_that_its_type_has() {
        for (pattern, wrong) in [
            ("arn:aws:s3::111111111111:logs/*", Some(Misfit::Account)),
            ("arn:aws:iam:eu-west-1:111111111111:role/x", Some(Misfit::Region)),
            ("arn:aws:sqs::111111111111:orders", Some(Misfit::NoRegion)),
            ("arn:aws:ec2:*:*:instances/*", Some(Misfit::Resource)),
            ("arn:aws:s3:::logs/*", None),
            ("arn:aws:s3:*:111111111111:accesspoint/x", None),
            ("arn:aws:logs:*:*:log-group:/app/*:*", None),
            ("arn:aws:sqs:*:*:*", None),
            ("arn:aws:unheard-of:::x", None),
        ] {
            assert_eq!(misfit(pattern), wrong, "{pattern}");
        }
    }
}
