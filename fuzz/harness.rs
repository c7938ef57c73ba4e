//! What has to hold whatever the bytes are. The targets of cargo-fuzz call it, and so does
//! `crates/orgward-iam/tests/iam/fuzz.rs`, which needs no special compiler.

use orgward_iam::{
    Answer, Caller, Callers, Context, ContextValue, Decider, Effect, Kind, Level, Outcome, Policy,
    PolicyChain, Request, RequestSet, Scenario, may_be_allowed,
};

const KINDS: [Kind; 5] =
    [Kind::Identity, Kind::Resource, Kind::Trust, Kind::ServiceControl, Kind::ResourceControl];

/// Text is read as a policy or refused with a place in it, and what was read can be asked.
pub(crate) fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in KINDS {
        match Policy::parse(text, kind) {
            Ok(policy) => {
                let request = Bytes(data).request();
                let matching = policy.matching(&request).count();
                assert!(matching <= policy.statements.len());
                let again =
                    Policy::parse(policy.text().as_ref(), kind).expect("what was read once is read again");
                assert_eq!(again.matching(&request).count(), matching);
            }
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "{error:?} is not in the text");
            }
        }
    }
    for scenario in Scenario::read(text).into_iter().flatten() {
        match scenario {
            Ok(scenario) => {
                let decision = scenario.decide();
                assert_ne!(decision.outcome, Outcome::NotApplicable);
                let allowed = decision.outcome == Outcome::Allow;
                assert_eq!(decision.message(&scenario.request).is_none(), allowed);
            }
            Err(error) => {
                assert!(text.get(error.error.span.clone()).is_some(), "{error:?} is not in the text");
            }
        }
    }
}

/// The engine and the evaluator agree about two policies and some requests.
pub(crate) fn agree(data: &[u8]) {
    let mut bytes = Bytes(data);
    let [old, new] = [bytes.policy(), bytes.policy()];
    let requests: Vec<Request> = (0..4).map(|_| bytes.request()).collect();

    let gained = RequestSet::allowed(&new).minus(RequestSet::allowed(&old));
    match gained.example() {
        Answer::Witness(request) => {
            assert!(gained.contains(&request));
            assert!(allows(&new, &request) && !allows(&old, &request), "{request:?}");
        }
        Answer::None => {
            for request in &requests {
                assert!(
                    !allows(&new, request) || allows(&old, request),
                    "{request:?}\n{}\n{}",
                    new.text(),
                    old.text()
                );
            }
        }
        Answer::Undecided(_) => {}
    }

    let chain = PolicyChain(vec![
        Level { target: "root", policies: vec![Decider { name: "old", policy: &old }] },
        Level {
            target: "unit",
            policies: vec![Decider { name: "old", policy: &old }, Decider { name: "new", policy: &new }],
        },
    ]);
    let passed = RequestSet::passed(&chain);
    for request in &requests {
        let open = !matches!(chain.decide(request).outcome, Outcome::ExplicitDeny | Outcome::ImplicitDeny);
        assert_eq!(passed.contains(request), open, "{request:?}\n{}\n{}", new.text(), old.text());
    }
    let set = || RequestSet::effect(&new, Effect::Allow).and(RequestSet::by(Callers::Principals));
    match may_be_allowed(set(), Some(&chain), None) {
        Answer::Witness(request) => {
            assert!(set().contains(&request));
            assert!(!matches!(chain.decide(&request).outcome, Outcome::ExplicitDeny | Outcome::ImplicitDeny));
        }
        Answer::None => {
            for request in requests.iter().filter(|request| set().contains(request)) {
                let outcome = chain.decide(request).outcome;
                assert!(matches!(outcome, Outcome::ExplicitDeny | Outcome::ImplicitDeny), "{request:?}");
            }
        }
        Answer::Undecided(_) => {}
    }
}

fn allows(policy: &Policy, request: &Request) -> bool {
    let effects = || policy.matching(request).map(|(_, statement)| statement.effect.value);
    effects().any(|effect| effect == Effect::Allow) && effects().all(|effect| effect == Effect::Allow)
}

/// Choices that bytes make; zero when there are no more.
struct Bytes<'d>(&'d [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.next() % texts.len()]
    }

    /// A short text of few letters.
    fn text(&mut self, letters: &[u8]) -> String {
        let length = self.next() % 6;
        (0..length).map(|_| char::from(letters[self.next() % letters.len()])).collect()
    }

    /// Up to three texts, written as a list.
    fn list(&mut self, mut one: impl FnMut(&mut Self) -> String) -> String {
        let texts: Vec<String> = (0..=self.next() % 3).map(|_| format!("\"{}\"", one(self))).collect();
        format!("[{}]", texts.join(","))
    }

    fn policy(&mut self) -> Policy {
        let statements: Vec<String> = (0..=self.next() % 3).map(|_| self.statement()).collect();
        let version = self.of(&["2012-10-17", "2012-10-17", "2008-10-17"]);
        let text = format!(r#"{{"Version":"{version}","Statement":[{}]}}"#, statements.join(","));
        match Policy::parse(text.as_str(), Kind::ServiceControl) {
            Ok(policy) => policy,
            Err(error) => panic!("{error:?} in {text}"),
        }
    }

    fn statement(&mut self) -> String {
        let effect = self.of(&["Allow", "Deny"]);
        let action = self.of(&["Action", "NotAction"]);
        let actions = self.list(|bytes| format!("{}:a{}", bytes.of(&["s3", "ec2"]), bytes.text(b"ab*?")));
        let resource = self.of(&["Resource", "Resource", "NotResource"]);
        let resources = self.list(|bytes| match bytes.next() % 4 {
            0 => "*".to_owned(),
            1 => format!("arn:aws:s3:{}", bytes.text(b"ab*?::")),
            2 => "arn:aws:s3:::${aws:PrincipalTag/t}".to_owned(),
            _ => format!("arn:aws:s3:::{}", bytes.text(b"ab*?:/")),
        });
        let conditional = !self.next().is_multiple_of(3);
        let condition =
            if conditional { format!(r#","Condition":{{{}}}"#, self.line()) } else { String::new() };
        format!(r#"{{"Effect":"{effect}","{action}":{actions},"{resource}":{resources}{condition}}}"#)
    }

    fn line(&mut self) -> String {
        let set = self.of(&["", "", "ForAllValues:", "ForAnyValue:"]);
        let suffix = self.of(&["", "IfExists"]);
        let (base, key, values) = match self.next() % 7 {
            0 => (
                self.of(&["StringLike", "StringNotLike"]),
                "aws:PrincipalTag/t",
                self.list(|b| b.text(b"ab*?")),
            ),
            1 => (
                self.of(&["StringEquals", "StringNotEqualsIgnoreCase"]),
                "aws:TagKeys",
                self.list(|b| b.text(b"aAb")),
            ),
            2 => (
                self.of(&["ArnLike", "ArnNotEquals"]),
                "aws:PrincipalArn",
                self.list(|b| {
                    format!("arn:aws:iam::{}:role/{}", b.of(&["*", "111111111111"]), b.text(b"ab*?/"))
                }),
            ),
            3 => (
                self.of(&["NumericLessThan", "NumericNotEquals"]),
                "aws:MultiFactorAuthAge",
                self.list(|b| (b.next() % 5).to_string()),
            ),
            4 => (
                self.of(&["IpAddress", "NotIpAddress"]),
                "aws:SourceIp",
                self.list(|b| format!("10.{}.0.0/{}", b.next() % 4, 8 + b.next() % 9)),
            ),
            5 => ("StringEquals", "aws:PrincipalTag/t", "[\"${aws:PrincipalTag/u}\"]".to_owned()),
            _ => return format!(r#""Null":{{"aws:PrincipalTag/t":"{}"}}"#, self.of(&["true", "false"])),
        };
        format!(r#""{set}{base}{suffix}":{{"{key}":{values}}}"#)
    }

    fn request(&mut self) -> Request {
        let caller = match self.next() % 6 {
            0 => Caller::Anonymous,
            1 => Caller::Service("lambda.amazonaws.com".to_owned()),
            2 => Caller::Arn("arn:aws:iam::111111111111:user/a".to_owned()),
            _ => Caller::Arn(format!("arn:aws:iam::111111111111:role/a{}", self.text(b"ab"))),
        };
        let is_principal = matches!(caller, Caller::Arn(_));
        let mut context = Context::default();
        let region = ContextValue::One("eu-west-1".to_owned());
        context.set("aws:RequestedRegion", region);
        if is_principal && self.next() % 2 == 1 {
            context.set("aws:PrincipalTag/t", ContextValue::One(self.text(b"abAB")));
        }
        if is_principal && self.next() % 2 == 1 {
            context.set("aws:PrincipalTag/u", ContextValue::One(self.text(b"ab")));
        }
        if self.next() % 2 == 1 {
            let values = (0..=self.next() % 3).map(|_| format!("a{}", self.text(b"aAb"))).collect();
            context.set("aws:TagKeys", ContextValue::Many(values));
        }
        if is_principal && self.next() % 2 == 1 {
            context.set("aws:MultiFactorAuthAge", ContextValue::One((self.next() % 6).to_string()));
        }
        if self.next() % 2 == 1 {
            context
                .set("aws:SourceIp", ContextValue::One(format!("10.{}.0.{}", self.next() % 5, self.next())));
        }
        let resource = match self.next() % 4 {
            0 => "*".to_owned(),
            _ => format!("arn:aws:s3:::a{}", self.text(b"ab:/")),
        };
        let action = format!("{}:a{}", self.of(&["s3", "ec2"]), self.text(b"abAB"));
        Request { caller, action, resource, resource_account: None, context }
    }
}
