//! Policies of the shape that AWS publishes for data perimeters, in words of our own, uphold the packs; and each pack
//! finds what weakens such a policy.

use std::collections::BTreeMap;

use orgward_config::Pack;
use orgward_iam::{Answer, Kind, Policy, Request, RequestSet};
use orgward_proof::guardrail::asked_about;
use orgward_proof::{EnforcedBy, Guardrail};
use serde_json::{Value, json};

/// The organization of the examples.
const ORG: &str = "o-acmeexample1";
/// A partner, and an account of AWS that delivers logs.
const TRUSTED: [&str; 2] = ["333333333333", "127311923021"];

fn pack(name: &str, values: &[(&str, &[&str])]) -> Vec<Guardrail> {
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let values: BTreeMap<String, Vec<String>> =
        values.iter().map(|(name, values)| ((*name).to_owned(), list(values))).collect();
    Pack::find(name).unwrap().guardrails(&values).unwrap()
}

/// A request that a guardrail forbids and that a policy leaves open; `None` where there is none, for certain.
fn gap(guardrail: &Guardrail, text: &Value) -> Option<Request> {
    let kind = match guardrail.enforced_by {
        EnforcedBy::ResourceControl => Kind::ResourceControl,
        EnforcedBy::Endpoint => Kind::Resource,
        EnforcedBy::ServiceControl | EnforcedBy::Both => Kind::ServiceControl,
    };
    let policy = Policy::parse(text.to_string().as_str(), kind).unwrap();
    let denied = RequestSet::effect(&policy, orgward_iam::Effect::Deny);
    let asked = || asked_about(&guardrail.claim, guardrail.enforced_by, None);
    let (answer, _) = guardrail.claim.ask(
        |left_out| {
            let set = match guardrail.enforced_by {
                EnforcedBy::Endpoint => asked().and(RequestSet::allowed(&policy)),
                _ => asked().minus(denied.clone()),
            };
            left_out.iter().fold(set, |set, it| set.minus(it.requests())).example()
        },
        Answer::witness,
    );
    match answer {
        Answer::Witness(request) => Some(*request),
        Answer::None => None,
        Answer::Undecided(why) => panic!("{}: undecided: {why}", guardrail.id),
    }
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Everything that can be done to a policy and makes it worth less, each with what it is.
fn weakened(statements: &[Value]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for at in 0..statements.len() {
        let sid = statements[at]["Sid"].as_str().unwrap().to_owned();
        let denies = statements[at]["Effect"] == "Deny";
        let mut add = |what: String, change: &dyn Fn(&mut Value)| {
            let mut all = statements.to_vec();
            change(&mut all[at]);
            all.retain(|it| !it.is_null());
            found.push((format!("{sid}: {what}"), document(&all)));
        };
        if denies {
            add("dropped".to_owned(), &|it| *it = Value::Null);
            add("only for some".to_owned(), &|it| {
                it["Condition"]["StringLike"]["aws:UserAgent"] = json!("x*");
            });
            for action in 0..statements[at]["Action"].as_array().map_or(0, Vec::len) {
                add(format!("without action {action}"), &move |it| {
                    it["Action"].as_array_mut().unwrap().remove(action);
                });
            }
        }
        if let Some(list) = statements[at]["NotResource"].as_array() {
            let mut list = list.clone();
            list.push(json!("arn:aws:s3:::stolen/*"));
            add("one more resource".to_owned(), &move |it| it["NotResource"] = json!(list));
        }
        let conditions = statements[at]["Condition"].as_object().cloned().unwrap_or_default();
        for (operator, keys) in conditions {
            for (key, value) in keys.as_object().unwrap() {
                let path = format!("/Condition/{operator}/{}", key.replace('/', "~1"));
                let mut more = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                more.push(json!(match key.as_str() {
                    "aws:SourceIp" => "198.51.100.0/24",
                    "aws:PrincipalArn" => "arn:aws:iam::*:role/backdoor",
                    "aws:PrincipalAccount"
                    | "aws:SourceAccount"
                    | "aws:ResourceAccount"
                    | "aws:VpceAccount" => "999999999999",
                    "aws:PrincipalOrgID" | "aws:ResourceOrgID" | "aws:SourceOrgID" | "aws:VpceOrgID" =>
                        "o-stranger01",
                    _ => "widened",
                }));
                let is_exemption = denies && operator.contains("Not");
                let is_grant = !denies && operator != "Bool";
                if is_exemption || is_grant {
                    let path = path.clone();
                    add(format!("one more {key}"), &move |it| *it.pointer_mut(&path).unwrap() = json!(more));
                }
                if !denies {
                    let (operator, key) = (operator.clone(), key.clone());
                    add(format!("without {key}"), &move |it| {
                        it["Condition"][&operator].as_object_mut().unwrap().remove(&key);
                    });
                }
            }
        }
    }
    found
}

/// A policy upholds a pack, and each thing that makes the policy worth less breaks a guardrail, by a request that the
/// policy leaves open. `harmless` names what loses nothing that the pack claims.
fn upholds(pack: &[Guardrail], statements: &[Value], harmless: &[&str]) {
    let whole = document(statements);
    for guardrail in pack {
        assert_eq!(gap(guardrail, &whole), None, "{}", guardrail.id);
    }
    let mut spared = Vec::new();
    for (what, text) in weakened(statements) {
        let witness = pack.iter().find_map(|guardrail| gap(guardrail, &text));
        if witness.is_none() {
            spared.push(what);
        }
    }
    assert_eq!(spared, harmless, "what the pack does not find");
}

fn rcp(sid: &str, actions: &[&str], conditions: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": "*", "Condition": conditions })
}

const DATA: [&str; 10] = [
    "secretsmanager:*",
    "sqs:*",
    "s3:*",
    "logs:*",
    "kms:*",
    "ecr:*",
    "dynamodb:*",
    "cognito-idp:*",
    "cognito-identity:*",
    "aoss:*",
];
const STS: [&str; 7] = [
    "sts:SetContext",
    "sts:GetSessionToken",
    "sts:GetServiceBearerToken",
    "sts:GetFederationToken",
    "sts:GetAccessKeyInfo",
    "sts:DecodeAuthorizationMessage",
    "sts:AssumeRole",
];

#[test]
fn an_identity_perimeter_of_the_published_shape_upholds_the_pack() {
    let pack = pack("identity-perimeter", &[("organization_id", &[ORG]), ("trusted_accounts", &TRUSTED)]);
    let spared = json!("true");
    let principals = json!({
        "StringNotEqualsIfExists": {
            "aws:PrincipalOrgID": ORG,
            "aws:PrincipalAccount": TRUSTED,
            "aws:ResourceTag/dp:exclude:identity": spared,
        },
        "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
    });
    let services = json!({
        "StringNotEqualsIfExists": {
            "aws:SourceOrgID": ORG,
            "aws:SourceAccount": [TRUSTED[0]],
            "aws:ResourceTag/dp:exclude:identity": spared,
        },
        "Null": { "aws:SourceAccount": "false" },
        "Bool": { "aws:PrincipalIsAWSService": "true" },
    });
    let actions: Vec<&str> = DATA.iter().chain(&STS).copied().collect();
    let by_services: Vec<&str> = DATA.iter().copied().chain(["sts:*"]).collect();
    let statements = [rcp("Principals", &actions, &principals), rcp("Deputies", &by_services, &services)];
    upholds(&pack, &statements, &[]);
    // The account that only delivers logs is trusted as a principal here, and not as the source of a call.
    let strict = self::pack("identity-perimeter", &[("organization_id", &[ORG])]);
    let witness = gap(&strict[0], &document(&statements)).unwrap();
    assert!(TRUSTED.iter().any(|account| format!("{:?}", witness.caller).contains(account)), "{witness:?}");
    // What spares by a tag does not uphold a pack that spares none.
    let untagged = self::pack(
        "identity-perimeter",
        &[("organization_id", &[ORG]), ("trusted_accounts", &TRUSTED), ("exempt_tags", &[])],
    );
    let witness = gap(&untagged[0], &document(&statements)).unwrap();
    assert!(witness.context.get("aws:ResourceTag/dp:exclude:identity").is_some(), "{witness:?}");
}

#[test]
fn tokens_of_expected_providers_and_tenants() {
    let pack = pack(
        "web-identity-perimeter",
        &[
            ("tenant_subject_keys", &["token.actions.githubusercontent.com:sub"]),
            ("tenant_subjects", &["repo:acme/*"]),
            ("subject_keys", &["idp.acme.example:sub"]),
        ],
    );
    let tenants = json!({
        "StringNotLikeIfExists": { "token.actions.githubusercontent.com:sub": "repo:acme/*" },
        "StringNotEqualsIfExists": { "aws:ResourceTag/dp:exclude:identity": "true" },
        "Null": { "token.actions.githubusercontent.com:sub": "false" },
    });
    let providers = json!({
        "Null": { "token.actions.githubusercontent.com:sub": "true", "idp.acme.example:sub": "true" },
    });
    let action = ["sts:AssumeRoleWithWebIdentity"];
    upholds(&pack, &[rcp("Tenants", &action, &tenants), rcp("Providers", &action, &providers)], &[]);
}

fn network(more: &Value) -> Value {
    let mut conditions = json!({
        "NotIpAddressIfExists": { "aws:SourceIp": "203.0.113.0/24" },
        "StringNotEqualsIfExists": { "aws:PrincipalTag/dp:exclude:network": "true" },
        "ArnNotLikeIfExists": { "aws:PrincipalArn": ["arn:aws:iam::*:role/aws:ec2-infrastructure"] },
        "BoolIfExists": { "aws:ViaAWSService": "false" },
        "StringEquals": { "aws:PrincipalTag/dp:include:network": "true" },
    });
    for (operator, keys) in more.as_object().unwrap() {
        for (key, value) in keys.as_object().unwrap() {
            conditions[operator][key] = value.clone();
        }
    }
    conditions
}

const NETWORK: [(&str, &[&str]); 5] = [
    ("organization_id", &[ORG]),
    ("networks", &["203.0.113.0/24"]),
    ("vpcs", &["vpc-0123456789abcdef0"]),
    ("trusted_accounts", &TRUSTED),
    ("only_tagged", &["dp:include:network"]),
];

/// Some services tell whose endpoint a call came through, the others only through which VPC.
#[test]
fn a_network_perimeter_of_resources_of_the_published_shape_upholds_the_pack() {
    let pack = pack("network-perimeter-resources", &NETWORK);
    let spared = json!({
        "StringNotEqualsIfExists": {
            "aws:PrincipalAccount": TRUSTED,
            "aws:ResourceTag/dp:exclude:network": "true",
        },
        "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
    });
    let mut by_vpc = network(&spared);
    by_vpc["StringNotEqualsIfExists"]["aws:SourceVpc"] = json!("vpc-0123456789abcdef0");
    let mut by_endpoint = network(&spared);
    by_endpoint["StringNotEqualsIfExists"]["aws:VpceOrgID"] = json!(ORG);
    by_endpoint["StringNotEqualsIfExists"]["aws:VpceAccount"] = json!([TRUSTED[0]]);
    let endpoint = ["sqs:*", "s3:*", "kms:*", "ecr:*", "cognito-identity:*"];
    let vpc = DATA.iter().filter(|it| !endpoint.contains(it)).chain(&STS).copied().collect::<Vec<_>>();
    upholds(&pack, &[rcp("ByVpc", &vpc, &by_vpc), rcp("ByEndpoint", &endpoint, &by_endpoint)], &[]);
    // Only principals that carry the tag are bound while it is rolled out.
    let mut values = NETWORK.to_vec();
    values.pop();
    let everyone = self::pack("network-perimeter-resources", &values);
    let statements = [rcp("ByVpc", &DATA, &network(&spared))];
    assert!(gap(&everyone[0], &document(&statements)).is_some());
}

#[test]
fn a_network_perimeter_of_the_published_shape_upholds_the_pack() {
    let pack = pack("network-perimeter", &NETWORK);
    let by_vpc =
        network(&json!({ "StringNotEqualsIfExists": { "aws:SourceVpc": ["vpc-0123456789abcdef0"] } }));
    let by_endpoint = network(&json!({
        "StringNotEqualsIfExists": { "aws:VpceOrgID": ORG, "aws:VpceAccount": [TRUSTED[0]] },
    }));
    let endpoint = ["sqs:*", "s3:*", "kms:*", "ecr:*", "cognito-identity:*"];
    let scp = |sid: &str, actions: Value, conditions: Value| {
        let mut statement = json!({ "Sid": sid, "Effect": "Deny", "Resource": "*", "Condition": conditions });
        statement[if sid == "ByVpc" { "NotAction" } else { "Action" }] = actions;
        statement
    };
    // What needs no network of its own is left out, and so is what the other statement is for.
    let data_planes = json!([
        "dax:GetItem",
        "neptune-db:*",
        "kafka-cluster:*",
        "rds-db:connect",
        "s3-outposts:*",
        "sqs:*",
        "s3:*",
        "kms:*",
        "ecr:*",
        "cognito-identity:*",
    ]);
    let statements = [scp("ByVpc", data_planes, by_vpc), scp("ByEndpoint", json!(endpoint), by_endpoint)];
    upholds(&pack, &statements, &[]);
}

#[test]
fn a_resource_perimeter_of_the_published_shape_upholds_the_pack() {
    let pack = pack(
        "resource-perimeter",
        &[
            ("organization_id", &[ORG]),
            ("trusted_accounts", &[TRUSTED[0]]),
            (
                "trusted_resources",
                &["arn:aws:s3:::elasticbeanstalk-eu-west-1/*", "arn:aws:iam::aws:policy/*"],
            ),
            ("third_party_resources", &["arn:aws:s3:::partner-exchange/*"]),
            ("service_buckets", &["arn:aws:s3:::sc-1234-eu-west-1/*"]),
        ],
    );
    let spared = json!("true");
    let scp = |sid: &str, key: &str, resources: Value, conditions: Value| {
        let mut statement = json!({ "Sid": sid, "Effect": "Deny", "Action": "*", "Condition": conditions });
        statement[key] = resources;
        statement
    };
    let aws = json!([
        "arn:aws:s3:::elasticbeanstalk-eu-west-1/*",
        "arn:aws:iam::aws:policy/*",
        "arn:aws:s3:::partner-exchange/*",
        "arn:aws:s3:::sc-1234-eu-west-1/*",
    ]);
    let statements = [
        scp(
            "Own",
            "NotResource",
            aws,
            json!({ "StringNotEqualsIfExists": {
            "aws:ResourceOrgID": ORG, "ec2:Owner": "amazon", "aws:PrincipalTag/dp:exclude:resource": spared,
        } }),
        ),
        scp(
            "Through",
            "Resource",
            json!(["arn:aws:s3:::sc-1234-eu-west-1/*"]),
            json!({
                "StringNotEqualsIfExists": {
                    "aws:ResourceOrgID": ORG, "aws:PrincipalTag/dp:exclude:resource": spared,
                },
                "ForAllValues:StringNotEquals": {
                    "aws:CalledVia": ["dataexchange.amazonaws.com", "servicecatalog.amazonaws.com"],
                },
            }),
        ),
        scp(
            "Partners",
            "Resource",
            json!(["arn:aws:s3:::partner-exchange/*"]),
            json!({
                "StringNotEqualsIfExists": {
                    "aws:PrincipalTag/dp:exclude:resource": spared, "aws:ResourceAccount": [TRUSTED[0]],
                },
            }),
        ),
    ];
    // The owner of an image says nothing about data.
    upholds(&pack, &statements, &["Own: one more ec2:Owner"]);
}

#[test]
fn vpcs_count_in_their_region() {
    let values: [(&str, &[&str]); 2] =
        [("vpcs", &["vpc-0123456789abcdef0"]), ("vpc_regions", &["eu-west-1"])];
    let conditions = json!({
        "StringEquals": { "aws:SourceVpc": "vpc-0123456789abcdef0" },
        "StringNotEqualsIfExists": { "aws:RequestedRegion": "eu-west-1" },
    });
    let everything = json!([{
        "Sid": "Region", "Effect": "Deny", "Action": ["*"], "Resource": "*", "Condition": conditions,
    }]);
    upholds(&pack("vpc-regions", &values), everything.as_array().unwrap(), &[]);
    let actions: Vec<&str> = DATA.iter().chain(&STS).copied().collect();
    upholds(&pack("vpc-regions-resources", &values), &[rcp("Region", &actions, &conditions)], &[]);
}

#[test]
fn tags_of_perimeters_are_set_by_admins() {
    let values: [(&str, &[&str]); 1] = [("admin_tags", &["team"])];
    let conditions = json!({
        "StringNotEqualsIfExists": { "aws:PrincipalTag/team": "admin" },
        "ForAnyValue:StringLike": { "aws:TagKeys": ["dp:*", "team"] },
    });
    let everything = json!([{
        "Sid": "Tags", "Effect": "Deny", "Action": ["*"], "Resource": "*", "Condition": conditions,
    }]);
    upholds(&pack("perimeter-tags", &values), everything.as_array().unwrap(), &[]);
    let values: [(&str, &[&str]); 2] = [("admin_tags", &["team"]), ("organization_id", &[ORG])];
    let mut conditions = conditions;
    conditions["StringNotEqualsIfExists"]["aws:PrincipalOrgID"] = json!(ORG);
    conditions["Null"] = json!({ "SAML:aud": "true" });
    upholds(
        &pack("perimeter-session-tags", &values),
        &[rcp("Sessions", &["sts:TagSession"], &conditions)],
        &[],
    );
}

/// The policy of an endpoint allows: what it names more, and each condition that it leaves out, opens it.
#[test]
fn an_endpoint_policy_of_the_published_shape_upholds_the_pack() {
    let pack = pack(
        "endpoint-perimeter",
        &[
            ("organization_id", &[ORG]),
            ("trusted_accounts", &[TRUSTED[0]]),
            ("service_accounts", &[TRUSTED[1]]),
            (
                "trusted_resources",
                &["arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*", "arn:aws:iam::aws:policy/*"],
            ),
        ],
    );
    let allow = |sid: &str, actions: Value, resources: Value, conditions: Value| {
        let mut statement = json!({
            "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources,
        });
        if conditions != json!({}) {
            statement["Condition"] = conditions;
        }
        statement
    };
    let all = || json!("*");
    let statements = [
        allow(
            "Own",
            all(),
            all(),
            json!({ "StringEquals": { "aws:PrincipalOrgID": ORG, "aws:ResourceOrgID": ORG } }),
        ),
        allow("Services", all(), all(), json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } })),
        allow(
            "Packages",
            json!(["s3:GetObject"]),
            json!(["arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*"]),
            json!({}),
        ),
        allow(
            "OfService",
            json!("s3:GetObject"),
            all(),
            json!({
                "StringEquals": { "aws:PrincipalOrgID": ORG, "aws:ResourceAccount": TRUSTED[1] },
            }),
        ),
        allow(
            "Partners",
            json!("s3:PutObject"),
            json!("arn:aws:s3:::partner-exchange/*"),
            json!({
                "StringEquals": { "aws:PrincipalAccount": [TRUSTED[0]], "aws:ResourceAccount": [TRUSTED[0]] },
            }),
        ),
        allow(
            "ToPartners",
            json!("s3:PutObject"),
            json!("arn:aws:s3:::partner-exchange/*"),
            json!({
                "StringEquals": { "aws:PrincipalOrgID": ORG, "aws:ResourceAccount": [TRUSTED[0]] },
            }),
        ),
        allow(
            "Tagged",
            all(),
            all(),
            json!({
                "StringEquals": { "aws:PrincipalOrgID": ORG, "aws:PrincipalTag/dp:exclude:resource": "true" },
            }),
        ),
    ];
    upholds(&pack, &statements, &[]);
}
