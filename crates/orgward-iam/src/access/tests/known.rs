use crate::{Answer, Claim, ClaimSpec, Kind, Policy, RequestSet};

fn claim(resource: &str, key: &str, value: &str) -> Claim {
    Claim::new(
        ClaimSpec {
            actions: Some(vec!["s3:GetObject".to_owned()]),
            resources: Some(vec![resource.to_owned()]),
            ..ClaimSpec::default()
        }
        .when("StringEquals", key, [value]),
    )
    .unwrap()
}

fn answer(policy: &Policy, claim: &Claim) -> Answer {
    RequestSet::allowed(policy).and(claim.requests()).example()
}

fn of(resource: &str) -> Policy {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"}}]}}"#
    );
    Policy::parse(text.as_str(), Kind::Identity).unwrap()
}

/// Where all requests have one value of a key, its variable is that text, and both answers are certain.
#[test]
fn a_variable_of_a_known_key_is_its_value() {
    let own = of("arn:aws:s3:::team/${aws:PrincipalTag/Team}/*");
    let tag = "aws:PrincipalTag/team";
    assert!(matches!(answer(&own, &claim("arn:aws:s3:::team/red/*", tag, "red")), Answer::Witness(_)));
    assert_eq!(answer(&own, &claim("arn:aws:s3:::team/blue/*", tag, "red")), Answer::None);
    let home = of("arn:aws:s3:::home/${aws:username}/*");
    let alice = "arn:aws:iam::111111111111:user/people/alice";
    let by = |resource| claim(resource, "aws:PrincipalArn", alice);
    assert!(matches!(answer(&home, &by("arn:aws:s3:::home/alice/*")), Answer::Witness(_)));
    assert_eq!(answer(&home, &by("arn:aws:s3:::home/bob/*")), Answer::None);
    // A role has no user name.
    let role = claim("arn:aws:s3:::home/alice/*", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/alice");
    assert_eq!(answer(&home, &role), Answer::None);
}

/// The value of a tag is text, whatever is in it.
#[test]
fn a_value_with_marks_of_the_language_is_left_open() {
    let own = of("arn:aws:s3:::team/${aws:PrincipalTag/team}/*");
    let odd = claim("arn:aws:s3:::team/blue/*", "aws:PrincipalTag/team", "*");
    assert!(!matches!(answer(&own, &odd), Answer::Witness(_)), "a star in a value is no wildcard");
}

/// A set of requests without an account of its own leaves the variable open.
#[test]
fn another_question_leaves_it_open() {
    let own = of("arn:aws:s3:::team/${aws:PrincipalTag/team}/*");
    let any = Claim::new(ClaimSpec {
        actions: Some(vec!["s3:GetObject".to_owned()]),
        resources: Some(vec!["arn:aws:s3:::team/blue/*".to_owned()]),
        ..ClaimSpec::default()
    })
    .unwrap();
    assert_ne!(answer(&own, &any), Answer::None, "a principal may have that tag");
}

/// A key of images is in no request for an object, and one that comes with credentials may be.
#[test]
fn a_key_of_another_service_is_in_no_request() {
    let spec = ClaimSpec { actions: Some(vec!["s3:*".to_owned()]), ..ClaimSpec::default() };
    let claim = Claim::new(spec).unwrap();
    let spared = |key: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringNotEqualsIfExists":{{"{key}":"x"}}}}}}]}}"#
        );
        let policy = Policy::parse(text.as_str(), Kind::ServiceControl).unwrap();
        let question = |left_out: Option<&crate::Impossible>| {
            let open = RequestSet::bound()
                .and(claim.requests())
                .minus(RequestSet::effect(&policy, crate::Effect::Deny));
            left_out.iter().fold(open, |set, it| set.minus(it.requests())).example()
        };
        claim.ask(question, Answer::witness).0
    };
    assert_eq!(spared("ec2:Owner"), Answer::None);
    assert!(matches!(spared("ec2:SourceInstanceARN"), Answer::Witness(_)));
    assert!(matches!(spared("s3:prefix"), Answer::Witness(_)));
}
