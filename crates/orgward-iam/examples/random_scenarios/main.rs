//! Writes random scenarios, one a line, the same ones for the same seed: `random_scenarios SEED COUNT`.
//!
//! They feed the comparison with another evaluator in `crates/orgward-iam/differential/`. What is drawn is narrow on
//! purpose: patterns are made from the request that they may match, so that allowances, denials and silence all come
//! up often in every layer.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod pools;

use serde_json::{Map, Value, json};

use self::pools::{CALLERS, Family, KEYS, OTHER, OWN, PROVIDER, TARGETS};

/// Steele, Lea and Flood's `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// True so many times in a hundred.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let at = self.below(texts.len());
        texts.get(at).copied().unwrap_or_default()
    }

    fn some(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> String) -> Vec<String> {
        (0..=self.below(most)).map(|_| one(self)).collect()
    }
}

/// The request, which policies are made around.
struct Asked {
    caller: &'static str,
    action: &'static str,
    resource: String,
    keys: &'static [&'static str],
    trust: bool,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap_or_default());
    let seed = arguments.next().unwrap_or_default();
    let count = arguments.next().unwrap_or(1000);
    for index in 0..count {
        // Each scenario is drawn by itself, so that one can be looked at alone.
        let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(index));
        random.next();
        println!("{}", scenario(&mut random, &format!("{seed}-{index}")));
    }
}

fn scenario(random: &mut Random, name: &str) -> Value {
    let Some((action, resource, keys)) = TARGETS.get(random.below(TARGETS.len())).copied() else {
        return Value::Null;
    };
    let web = action == "sts:AssumeRoleWithWebIdentity";
    let caller = if web { "federated" } else { random.of(CALLERS) };
    let owner = if resource != "*" && random.chance(40) { OTHER } else { OWN };
    let trust = action.starts_with("sts:AssumeRole");
    let asked = Asked { caller, action, resource: resource.replace('~', owner), keys, trust };
    let principal = if web { json!({ "federated": PROVIDER.replace('~', owner) }) } else { json!(caller) };
    let request = json!({
        "principal": principal, "action": action, "resource": asked.resource, "resourceAccount": owner,
        "context": context(random, &asked),
    });
    let mut policies = Map::new();
    let signed = caller.starts_with("arn:");
    let own = signed && !caller.ends_with(":root");
    let levels = |random: &mut Random, kind: &str| -> Value {
        let levels = (0..=random.below(3)).map(|level| {
            let policies = policies_of(random, &asked, kind, 70);
            json!({ "target": format!("level-{level}"), "policies": policies })
        });
        levels.collect()
    };
    if own && random.chance(85) {
        policies.insert("identity".to_owned(), policies_of(random, &asked, "identity", 50));
    }
    if own && !caller.contains("federated-user") && random.chance(25) {
        policies.insert("boundary".to_owned(), policies_of(random, &asked, "identity", 50));
    }
    // A federated user without one has no permissions, which is soon told.
    let session = if caller.contains("federated-user") { 90 } else { 25 };
    if own && !caller.contains(":user/") && random.chance(session) {
        policies.insert("session".to_owned(), policies_of(random, &asked, "session", 50));
    }
    if signed && random.chance(40) {
        policies.insert("scp".to_owned(), levels(random, "scp"));
    }
    if random.chance(30) {
        policies.insert("rcp".to_owned(), levels(random, "rcp"));
    }
    // Roles and keys always have one.
    let must = trust || action.starts_with("kms:");
    if asked.resource != "*" && (must || random.chance(if signed { 70 } else { 95 })) {
        policies.insert("resource".to_owned(), json!([document(random, &asked, "resource", 0)]));
    }
    if random.chance(10) {
        policies.insert("endpoint".to_owned(), policies_of(random, &asked, "endpoint", 60));
    }
    json!({ "name": name, "request": request, "policies": policies })
}

fn policies_of(random: &mut Random, asked: &Asked, kind: &str, full: usize) -> Value {
    let most = if kind == "session" { 1 } else { 2 };
    (0..=random.below(most)).map(|_| document(random, asked, kind, full)).collect()
}

fn document(random: &mut Random, asked: &Asked, kind: &str, full: usize) -> Value {
    let mut statements: Vec<Value> = (0..=random.below(3)).map(|_| statement(random, asked, kind)).collect();
    if kind != "rcp" && random.chance(full) {
        let mut everything = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        if kind == "endpoint" {
            set(&mut everything, "Principal", json!("*"));
        }
        statements.push(everything);
    }
    let version = if kind == "rcp" || random.chance(95) { "2012-10-17" } else { "2008-10-17" };
    json!({ "Version": version, "Statement": statements })
}

fn set(statement: &mut Value, name: &str, value: Value) {
    if let Some(members) = statement.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn statement(random: &mut Random, asked: &Asked, kind: &str) -> Value {
    let deny = kind == "rcp" || random.chance(15);
    let mut statement = json!({ "Effect": if deny { "Deny" } else { "Allow" } });
    let service = asked.action.split(':').next().unwrap_or_default();
    let trust = asked.trust && kind == "resource";
    let actions = random.some(2, |random| {
        if kind == "rcp" || trust {
            action(random, asked, service)
        } else {
            any_action(random, asked, service)
        }
    });
    let not = kind != "rcp" && !trust && random.chance(10) && !actions.iter().any(|action| action == "*");
    set(&mut statement, if not { "NotAction" } else { "Action" }, json!(actions));
    if !trust {
        let resources = random.some(2, |random| pattern(random, asked));
        let not = random.chance(12) && !resources.iter().any(|resource| resource == "*");
        set(&mut statement, if not { "NotResource" } else { "Resource" }, json!(resources));
    }
    match kind {
        "rcp" | "endpoint" => set(&mut statement, "Principal", json!("*")),
        "resource" => {
            let not = deny && !trust && random.chance(15);
            let principals = principals(random, asked, not);
            set(&mut statement, if not { "NotPrincipal" } else { "Principal" }, principals);
        }
        _ => {}
    }
    let lines = if random.chance(50) { 1 + random.below(2) } else { 0 };
    let mut conditions = Map::new();
    for _ in 0..lines {
        let (operator, key, values) = condition(random, asked);
        let block = conditions.entry(operator).or_insert_with(|| json!({}));
        set(block, key, values);
    }
    if !conditions.is_empty() {
        set(&mut statement, "Condition", Value::Object(conditions));
    }
    statement
}

fn any_action(random: &mut Random, asked: &Asked, service: &str) -> String {
    if random.chance(20) { "*".to_owned() } else { action(random, asked, service) }
}

fn action(random: &mut Random, asked: &Asked, service: &str) -> String {
    let name = asked.action.split(':').nth(1).unwrap_or_default();
    let half = name.get(..name.len() / 2).unwrap_or_default();
    let rest = name.get(1..).unwrap_or_default();
    match random.below(8) {
        0 => format!("{service}:*"),
        1 => format!("{service}:{half}*"),
        2 => format!("{service}:?{rest}"),
        3 => format!("{service}:*{}", rest.get(rest.len() / 2..).unwrap_or_default()),
        4 => asked.action.to_lowercase(),
        5 => format!("{service}:Tag*"),
        _ => asked.action.to_owned(),
    }
}

/// A pattern of resources that is near to the one that is asked for.
fn pattern(random: &mut Random, asked: &Asked) -> String {
    let own = asked.resource.as_str();
    let parts: Vec<&str> = own.splitn(6, ':').collect();
    let cut = own.get(..random.below(own.len()).max(14)).unwrap_or(own);
    match random.below(12) {
        0..4 => "*".to_owned(),
        4 if parts.len() == 6 => format!("{cut}*"),
        5 if parts.len() == 6 => format!("{cut}?{}", own.get(cut.len() + 1..).unwrap_or_default()),
        6 => match parts.as_slice() {
            [arn, partition, service, _, _, rest] => format!("{arn}:{partition}:{service}:*:*:{rest}"),
            _ => "arn:aws:ec2:*:*:*".to_owned(),
        },
        7 => match parts.as_slice() {
            [arn, partition, service, ..] => format!("{arn}:{partition}:{service}:*"),
            _ => "arn:aws:s3:::*".to_owned(),
        },
        8 => own.replace("alice", "${aws:username}").replace("team", "${aws:PrincipalTag/team}"),
        9 => "arn:aws:s3:::data-team/*".to_owned(),
        _ if own == "*" => "arn:aws:s3:::*".to_owned(),
        _ => own.to_owned(),
    }
}

fn principals(random: &mut Random, asked: &Asked, not: bool) -> Value {
    let account = |random: &mut Random| -> String {
        let account = if random.chance(80) { OWN } else { OTHER };
        if random.chance(50) { account.to_owned() } else { format!("arn:aws:iam::{account}:root") }
    };
    if asked.action == "sts:AssumeRoleWithWebIdentity" && random.chance(80) {
        let owner = asked.resource.split(':').nth(4).unwrap_or_default();
        return json!({ "Federated": PROVIDER.replace('~', owner) });
    }
    let role = "arn:aws:iam::111111111111:role/deploy";
    let named = match asked.caller {
        arn if arn.starts_with("arn:") && !arn.contains("aws-service-role") => arn,
        _ => role,
    };
    if not {
        let mut list = vec![account(random)];
        list.extend(random.chance(70).then(|| named.to_owned()));
        list.extend(random.chance(50).then(|| role.to_owned()));
        return json!({ "AWS": list });
    }
    match random.below(9) {
        0 | 1 => json!("*"),
        2 => json!({ "AWS": "*" }),
        3 | 4 => json!({ "AWS": account(random) }),
        5 => json!({ "AWS": role }),
        6 => json!({ "Service": random.of(&["lambda.amazonaws.com", "ec2.amazonaws.com"]) }),
        _ => json!({ "AWS": named }),
    }
}

/// The keys that requests of a caller may have.
fn may_have(key: &str, asked: &Asked) -> bool {
    let service = key.split(':').next().unwrap_or_default();
    service == "aws" || asked.keys.contains(&key)
}

/// An operator, a key, and what it is compared with.
fn condition(random: &mut Random, asked: &Asked) -> (String, &'static str, Value) {
    let usable: Vec<_> = KEYS.iter().filter(|(key, _, _)| may_have(key, asked)).collect();
    let Some((key, family, values)) = usable.get(random.below(usable.len())).copied() else {
        return ("Null".to_owned(), "aws:TagKeys", json!("true"));
    };
    let bases: &[&str] = match family {
        _ if random.chance(6) => &["Null"],
        Family::Text | Family::List => &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        Family::Arn => &[
            "ArnEquals",
            "ArnLike",
            "ArnNotEquals",
            "ArnNotLike",
            "StringLike",
            "StringNotLike",
            "StringEquals",
        ],
        Family::Truth => &["Bool"],
        Family::Number => &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        Family::Date => &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        Family::Address => &["IpAddress", "NotIpAddress"],
    };
    let base = random.of(bases);
    if base == "Null" {
        return (base.to_owned(), key, json!(random.of(&["true", "false"])));
    }
    let wanted = random.some(2, |random| random.of(values).to_owned());
    let sets = if *family == Family::List { 90 } else { 15 };
    let set = if random.chance(sets) { random.of(&["ForAllValues:", "ForAnyValue:"]) } else { "" };
    let suffix = if random.chance(25) { "IfExists" } else { "" };
    (format!("{set}{base}{suffix}"), key, json!(wanted))
}

/// The context, without what follows from the caller and the resource.
fn context(random: &mut Random, asked: &Asked) -> Value {
    const DERIVED: &[&str] = &[
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:PrincipalType",
        "aws:PrincipalIsAWSService",
        "aws:ResourceAccount",
        "aws:username",
    ];
    let signed = asked.caller.starts_with("arn:");
    let mut context = Map::new();
    for (key, family, values) in KEYS.iter().filter(|(key, _, _)| may_have(key, asked)) {
        let of_principals = key.starts_with("aws:Principal") || key.starts_with("aws:MultiFactor");
        if DERIVED.contains(key) || (of_principals && !signed) || random.chance(40) {
            continue;
        }
        // What stands in requests is no pattern and names no variable.
        let is_plain = |value: &&str| {
            !value.contains(['*', '?', '$']) && (*family != Family::Address || !value.contains('/'))
        };
        let plain: Vec<&str> = values.iter().copied().filter(is_plain).collect();
        let value = match family {
            Family::List => json!(random.some(2, |random| random.of(&plain).to_owned())),
            _ => json!(random.of(&plain)),
        };
        context.insert((*key).to_owned(), value);
    }
    Value::Object(context)
}
