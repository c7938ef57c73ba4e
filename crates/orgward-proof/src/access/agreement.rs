//! What sets say about access and what the evaluator decides are the same, for random policies and requests.

use orgward_iam::{
    Caller, Context, ContextValue, Decider, Kind, Outcome, Policies, Policy, Request, RequestSet,
};
use orgward_org::{Change, Declared, Organization};
use orgward_plan::{Document, Plan};
use serde_json::{Value, json};

use super::sets::{About, ByStanding, Side};
use super::{Access, Cap, Held, Subject};

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.roll(all.len())]
    }
}

const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:PutObject", "s3:*", "sqs:SendMessage", "*"];
const ASKED: [&str; 3] = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"];
const RESOURCES: [&str; 3] = ["arn:aws:s3:::data/a", "arn:aws:s3:::data/*", "*"];
const HERE: &str = "222222222222";
const ROLE: &str = "arn:aws:iam::222222222222:role/app";

fn statement(dice: &mut Dice, principals: &[Value]) -> Value {
    let effect = if dice.roll(4) == 0 { "Deny" } else { "Allow" };
    let mut statement =
        json!({ "Effect": effect, "Action": dice.pick(&ACTIONS), "Resource": dice.pick(&RESOURCES) });
    if !principals.is_empty() {
        statement["Principal"] = dice.pick(principals).clone();
    }
    if dice.roll(3) == 0 {
        statement["Condition"] = json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } });
    }
    statement
}

fn policy(dice: &mut Dice, kind: Kind, principals: &[Value]) -> Policy {
    let statements: Vec<Value> = (0..=dice.roll(3)).map(|_| statement(dice, principals)).collect();
    Policy::parse(json!({ "Version": "2012-10-17", "Statement": statements }).to_string(), kind).unwrap()
}

fn organization() -> Change<Organization> {
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let row = json!({
        "address": "aws_iam_role.app", "mode": "managed", "type": "aws_iam_role", "name": "app",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": { "actions": ["create"], "before": null, "after_unknown": {},
            "after": { "name": "app", "path": "/", "arn": ROLE, "assume_role_policy": trust } },
    });
    let plan = json!({ "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [row] });
    let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    Organization::of(&plans, &[], &Declared::default())
}

#[test]
fn sets_and_decisions_agree_on_ten_thousand_requests() {
    let change = organization();
    let access = Access::of(&change.after);
    let (_, plain) = access.subjects().next().unwrap();
    let mut dice = Dice(20_261_127);
    let named: Vec<Value> = vec![
        json!("*"),
        json!({ "AWS": format!("arn:aws:iam::{HERE}:root") }),
        json!({ "AWS": ROLE }),
        json!({ "AWS": "arn:aws:iam::222222222222:role/other" }),
    ];
    let mut asked = 0;
    for _ in 0..1_000 {
        let identity = policy(&mut dice, Kind::Identity, &[]);
        let boundary = (dice.roll(2) == 0).then(|| policy(&mut dice, Kind::Identity, &[]));
        let resource = policy(&mut dice, Kind::Resource, &named);
        let same = dice.roll(3) > 0;
        let owner = if same { HERE } else { "333333333333" };
        let identity: &'static Policy = Box::leak(Box::new(identity));
        let boundary: Option<&'static Policy> = boundary.map(|it| &*Box::leak(Box::new(it)));
        let held = Held {
            policy: identity,
            name: "identity".into(),
            document: None,
            address: None,
            stack: None,
            own_arn: None,
            group: None,
            must: true,
        };
        let cap = match boundary {
            Some(policy) => {
                Cap::Policy { policy, name: "boundary".to_owned(), arn: String::new(), document: None }
            }
            None => Cap::None,
        };
        let subject = Subject { held: vec![held], cap, account_text: Some(HERE.to_owned()), ..plain.clone() };
        let parts = [ByStanding::of(&resource)];
        let sets: Vec<RequestSet<'_>> = [Side::AtLeast, Side::AtMost]
            .into_iter()
            .map(|side| access.on(&subject, &parts, (None, Some(owner)), false, (side, About::Everything)))
            .collect();
        for _ in 0..10 {
            let mut context = Context::default();
            context.set(
                "aws:RequestedRegion",
                ContextValue::One((*dice.pick(&["eu-west-1", "us-east-1"])).to_owned()),
            );
            let request = Request {
                caller: Caller::Arn(ROLE.to_owned()),
                action: (*dice.pick(&ASKED)).to_owned(),
                resource: (*dice.pick(&["arn:aws:s3:::data/a", "arn:aws:s3:::data/b"])).to_owned(),
                resource_account: Some(owner.to_owned()),
                context,
            };
            let decider = |name, policy| Decider { name, policy };
            let policies = Policies {
                identity: vec![decider("identity", identity)],
                boundary: boundary.map(|policy| vec![decider("boundary", policy)]),
                resource: vec![decider("resource", &resource)],
                ..Policies::default()
            };
            let allowed = policies.decide(&request).outcome == Outcome::Allow;
            for set in &sets {
                assert_eq!(
                    set.contains(&request),
                    allowed,
                    "{request:?}\n{}\n{}\n{boundary:?}",
                    identity.text(),
                    resource.text()
                );
            }
            asked += 1;
        }
    }
    assert_eq!(asked, 10_000);
}
