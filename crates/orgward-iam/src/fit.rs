//! Which resources an action can be about, by the types that AWS publishes.

use crate::pattern::intersect;
use crate::{Action, Catalogue};

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
    if pattern.bytes().all(|byte| byte == b'*') {
        return true;
    }
    // A policy variable may have any value.
    let pattern = without_variables(pattern);
    action.resource_types().any(|kind| {
        let is_bucket = action.service() == "s3" && kind.name == "bucket";
        arns_intersect(&kind.pattern(), &pattern)
            // The name of a bucket has no slash.
            && !(is_bucket && pattern.split(':').nth(5).is_some_and(|name| name.contains('/')))
    })
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

/// Whether there is an ARN that two patterns match. Where both have all parts, wildcards stay within their part.
fn arns_intersect(left: &str, right: &str) -> bool {
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (lefts, rights) = (parts(left), parts(right));
    if lefts.len() == 6 && rights.len() == 6 {
        lefts.iter().zip(&rights).all(|(left, right)| intersect(left, right))
    } else {
        intersect(left, right)
    }
}

#[cfg(test)]
mod tests {
    use super::may_be_about;
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
    }
}
