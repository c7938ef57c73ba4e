//! Whether one statement certainly does what another one does, told from their structure.

use crate::access::{glob_is_within, globs_meet, resource_is_within};
use crate::{
    Actions, BaseOperator, Condition, Policy, PrincipalPattern, Principals, Resources, Spanned, Statement,
    Version,
};

impl Statement {
    /// Whether this statement matches every request that `other` matches, told from the structure of the two.
    ///
    /// Sound and not complete: `true` is certain, `false` says nothing. `policy` and `other_policy` hold the two.
    pub fn covers(&self, policy: &Policy, other: &Self, other_policy: &Policy) -> bool {
        self.effect.value == other.effect.value
            // Variables are literals in one version and not in the other.
            && (policy.version == other_policy.version
                || !self.has_variables(policy) && !other.has_variables(other_policy))
            && covers_principals(self, other)
            && covers_actions(&self.actions, &other.actions)
            && covers_resources(self.resources.as_ref(), other.resources.as_ref(), policy.version)
            && self.conditions.iter().all(|mine| other.conditions.iter().any(|theirs| implied(mine, theirs)))
    }

    fn has_variables(&self, policy: &Policy) -> bool {
        policy.text().get(self.span.clone()).is_none_or(|text| text.contains("${"))
    }
}

impl Actions {
    /// Whether some action may be in both. Sound and not complete: `false` is certain.
    pub fn meets(&self, other: &Self) -> bool {
        let apart = match (self.not, other.not) {
            (false, false) => self.patterns.iter().all(|mine| {
                other.patterns.iter().all(|theirs| !globs_meet(&mine.value, &theirs.value, true))
            }),
            // What is listed may be excluded altogether.
            (false, true) => all_within(&self.patterns, &other.patterns),
            (true, false) => all_within(&other.patterns, &self.patterns),
            (true, true) => false,
        };
        !apart
    }
}

/// Whether all that `theirs` names, or leaves after what it excludes, is in `mine`. An account does not stand for its
/// roles here: it grants them less.
fn covers_principals(mine: &Statement, theirs: &Statement) -> bool {
    match (&mine.principals, &theirs.principals) {
        (None, None) => true,
        (Some(mine), Some(theirs)) => {
            let names = |list: &Principals, one: &PrincipalPattern| {
                list.patterns.iter().any(|pattern| pattern.value == *one)
            };
            match (mine.not, theirs.not) {
                (false, _) if names(mine, &PrincipalPattern::Everyone) => true,
                (false, false) => theirs.patterns.iter().all(|one| names(mine, &one.value)),
                (true, true) => mine.patterns.iter().all(|one| names(theirs, &one.value)),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether all that `inner` lists is in `outer`, as actions.
fn all_within(inner: &[Spanned<String>], outer: &[Spanned<String>]) -> bool {
    inner.iter().all(|each| outer.iter().any(|pattern| glob_is_within(&each.value, &pattern.value, true)))
}

fn covers_actions(mine: &Actions, theirs: &Actions) -> bool {
    match (mine.not, theirs.not) {
        (false, false) => all_within(&theirs.patterns, &mine.patterns),
        // Everything but these contains everything but those when it spares no more.
        (true, true) => all_within(&mine.patterns, &theirs.patterns),
        (false, true) => mine.patterns.iter().any(|pattern| pattern.value == "*"),
        (true, false) => !mine
            .patterns
            .iter()
            .any(|spared| theirs.patterns.iter().any(|each| globs_meet(&spared.value, &each.value, true))),
    }
}

fn covers_resources(mine: Option<&Resources>, theirs: Option<&Resources>, version: Version) -> bool {
    let all_within = |inner: &Resources, outer: &Resources| {
        inner.patterns.iter().all(|each| {
            outer.patterns.iter().any(|pattern| resource_is_within(&each.value, &pattern.value, version))
        })
    };
    match (mine, theirs) {
        (None, None) => true,
        (Some(mine), Some(theirs)) => match (mine.not, theirs.not) {
            (false, false) => all_within(theirs, mine),
            (true, true) => all_within(mine, theirs),
            (false, true) => mine.patterns.iter().any(|pattern| pattern.value == "*"),
            (true, false) => false,
        },
        _ => false,
    }
}

/// Whether `mine` holds whenever `theirs` does.
fn implied(mine: &Condition, theirs: &Condition) -> bool {
    let operator = mine.operator.value;
    if operator != theirs.operator.value || !mine.key.value.eq_ignore_ascii_case(&theirs.key.value) {
        return false;
    }
    let all_in = |inner: &Condition, outer: &Condition| {
        inner.values.iter().all(|value| outer.values.iter().any(|other| other.value == value.value))
    };
    if operator.base == BaseOperator::Null {
        return all_in(mine, theirs) && all_in(theirs, mine);
    }
    // One value is enough for a positive operator; a negated one has to differ from all.
    if operator.is_negated() { all_in(mine, theirs) } else { all_in(theirs, mine) }
}

#[cfg(test)]
mod tests {
    use crate::{Kind, Policy};

    fn covers(mine: &str, theirs: &str) -> bool {
        let policy = |statement: &str| {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            Policy::parse(text, Kind::ServiceControl).expect("it is a policy")
        };
        let (mine, theirs) = (policy(mine), policy(theirs));
        mine.statements[0].covers(&mine, &theirs.statements[0], &theirs)
    }

    const LOCK: &str = r#"{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*",
        "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}}"#;

    #[test]
    fn statements_about_other_actions_do_not_meet() {
        let meets = |one: &str, other: &str| {
            let policy = |actions: &str| {
                let text = format!(
                    r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{actions},"Resource":"*"}}]}}"#
                );
                Policy::parse(text, Kind::ServiceControl).expect("it is a policy")
            };
            let (one, other) = (policy(one), policy(other));
            let (one, other) = (&one.statements[0].actions, &other.statements[0].actions);
            assert_eq!(one.meets(other), other.meets(one), "it goes both ways");
            one.meets(other)
        };
        assert!(!meets(r#""Action":"ec2:Run*""#, r#""Action":["ec2:Describe*","s3:*"]"#));
        assert!(meets(r#""Action":"EC2:runInstances""#, r#""Action":["ec2:Run*","s3:*"]"#));
        assert!(meets(r#""Action":"*""#, r#""Action":"s3:GetObject""#));
        assert!(!meets(r#""NotAction":["iam:*","sts:*"]"#, r#""Action":["iam:Get*","sts:AssumeRole"]"#));
        assert!(meets(r#""NotAction":["iam:*","sts:*"]"#, r#""Action":["iam:Get*","s3:GetObject"]"#));
        assert!(meets(r#""NotAction":"iam:*""#, r#""NotAction":"sts:*""#));
    }

    #[test]
    fn a_statement_covers_itself_in_any_order() {
        let shuffled = r#"{"Effect":"Deny","Resource":"*","NotAction":["STS:*","iam:*"],
            "Condition":{"StringNotEquals":{"AWS:RequestedRegion":["eu-central-1","eu-west-1"]}}}"#;
        assert!(covers(LOCK, LOCK));
        assert!(covers(shuffled, LOCK) && covers(LOCK, shuffled));
    }

    #[test]
    fn fewer_regions_and_fewer_exemptions_cover_more() {
        let tighter = r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#;
        assert!(covers(tighter, LOCK));
        assert!(!covers(LOCK, tighter));
    }

    #[test]
    fn another_condition_covers_less() {
        let weaker = r#"{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]},
                         "ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}}"#;
        assert!(!covers(weaker, LOCK));
        assert!(covers(LOCK, weaker));
    }

    #[test]
    fn wildcards_cover_what_they_match_and_nothing_else() {
        let deny = |action: &str| format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#);
        assert!(covers(&deny("s3:*"), &deny("s3:Delete*")));
        assert!(covers(&deny("*"), LOCK));
        assert!(!covers(&deny("s3:Delete*"), &deny("s3:*")));
        assert!(!covers(&deny("s3:Get?"), &deny("s3:Get*")));
        assert!(!covers(&deny("s3:?*"), &deny("s3:*")));
        assert!(covers(r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#, &deny("s3:*")));
        assert!(!covers(r#"{"Effect":"Deny","NotAction":"s3:Get*","Resource":"*"}"#, &deny("s3:*")));
    }

    #[test]
    fn fewer_principals_are_covered_and_more_are_not() {
        let allow = |version: &str, principal: &str, action: &str| {
            let text = format!(
                r#"{{{version}"Statement":{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"*"}}}}"#
            );
            Policy::parse(text, Kind::Resource).expect("it is a policy")
        };
        let covers =
            |mine: &Policy, theirs: &Policy| mine.statements[0].covers(mine, &theirs.statements[0], theirs);
        let new = r#""Version":"2012-10-17","#;
        let (a, b) = ("arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root");
        let both = allow(new, &format!(r#"{{"AWS":["{a}","{b}"]}}"#), "s3:GetObject");
        let one = allow(new, &format!(r#"{{"AWS":"{a}"}}"#), "s3:GetObject");
        let role = allow(new, r#"{"AWS":"arn:aws:iam::111111111111:role/x"}"#, "s3:GetObject");
        let everybody = allow(new, r#""*""#, "s3:GetObject");
        let old = allow("", &format!(r#"{{"AWS":"{a}"}}"#), "s3:GetObject");
        assert!(covers(&both, &one) && !covers(&one, &both));
        assert!(covers(&everybody, &both) && !covers(&both, &everybody));
        assert!(!covers(&one, &role), "a role that is named needs no policy of its own");
        assert!(covers(&one, &old) && covers(&old, &one), "a version matters to variables alone");
    }

    #[test]
    fn a_resource_covers_only_what_it_names() {
        let deny = |resource: &str| format!(r#"{{"Effect":"Deny","Action":"s3:*","Resource":"{resource}"}}"#);
        assert!(covers(&deny("*"), &deny("arn:aws:s3:::a")));
        assert!(!covers(&deny("arn:aws:s3:::a"), &deny("*")));
        assert!(covers(&deny("arn:aws:s3:::a*"), &deny("arn:aws:s3:::ab")));
    }
}
