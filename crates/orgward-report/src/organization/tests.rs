use super::{
    AttachmentView, NodeView, OrganizationChange, OrganizationView, PlacementView, dot, mermaid, svg, tree,
};

fn node(kind: &'static str, name: &str, parent: Option<&str>) -> NodeView {
    NodeView {
        key: name.to_owned(),
        kind,
        name: name.to_owned(),
        address: Some(format!("aws_organizations.{name}")),
        parent: parent.map(str::to_owned),
        ..NodeView::default()
    }
}

fn view(nodes: Vec<NodeView>, attachments: &[(&str, &str)]) -> OrganizationView {
    let attachments = attachments.iter().map(|(policy, target)| AttachmentView {
        policy: (*policy).to_owned(),
        target: Some((*target).to_owned()),
        resolution: "known",
        ..AttachmentView::default()
    });
    OrganizationView { nodes, attachments: attachments.collect() }
}

/// A root with units of a hundred accounts each; every account has what AWS attaches.
fn large(units: usize, accounts: usize) -> OrganizationView {
    let mut nodes = vec![node("root", "Root", None)];
    let mut attachments = Vec::new();
    for unit in 0..units {
        nodes.push(node("ou", &format!("unit-{unit:02}"), Some("Root")));
    }
    for account in 0..accounts {
        let name = format!("account-{account:04}");
        nodes.push(node("account", &name, Some(&format!("unit-{:02}", account % units))));
        attachments.push(("FullAWSAccess", name));
    }
    let attachments: Vec<_> = attachments.iter().map(|(policy, target)| (*policy, target.as_str())).collect();
    view(nodes, &attachments)
}

#[test]
fn five_thousand_accounts_fit_on_a_screen_and_what_changes_is_drawn() {
    let before = large(50, 5000);
    let mut after = before.clone();
    for node in &mut after.nodes {
        if node.name == "account-1234" {
            node.parent = Some("unit-07".to_owned());
        }
    }
    after.nodes.retain(|node| node.name != "account-4321");
    let change = OrganizationChange { before, after, ..OrganizationChange::default() };
    let text = tree(&change);
    assert!(text.lines().count() < 500, "{}", text.lines().count());
    assert!(text.contains("~     account account-1234  (was in `unit-34`)"), "{text}");
    assert!(text.contains("-     account account-4321"), "{text}");
    assert!(text.contains("      and 97 more accounts"), "{text}");
    for (name, text) in [("mermaid", mermaid(&change)), ("dot", dot(&change))] {
        assert!(text.contains("account-1234") && text.contains("account-4321"), "{name}: {text}");
        assert!(text.lines().count() < 400, "{name}");
        assert!(text.len() < 50_000, "{name}: Mermaid takes no more");
    }
    let arrows = mermaid(&change).matches("-->").count();
    assert!(arrows < 500, "Mermaid draws no more than 500: {arrows}");
    assert!(svg(&change).len() < 200_000);
}

/// Two thousand accounts in sixty units, four levels deep, of which a plan moves one, detaches a policy and adds an
/// account: a picture is read on one screen or two, and what changes is in it.
#[test]
fn two_thousand_accounts_are_a_picture_that_a_person_reads() {
    let mut before = large(60, 2000);
    for node in &mut before.nodes {
        // Units in units: 0 is above 1 to 3, 4 above 5 to 7, and so on.
        let number = node.name.strip_prefix("unit-").and_then(|number| number.parse::<usize>().ok());
        if let Some(number) = number.filter(|number| number % 4 > 0) {
            node.parent = Some(format!("unit-{:02}", number - 1));
        }
    }
    before.nodes.push(node("policy", "region-lock", None));
    before.attachments.push(AttachmentView {
        policy: "region-lock".to_owned(),
        target: Some("unit-08".to_owned()),
        resolution: "known",
        ..AttachmentView::default()
    });
    let mut after = before.clone();
    after.attachments.retain(|attachment| attachment.policy != "region-lock");
    after.nodes.push(node("account", "account-new", Some("unit-13")));
    for node in &mut after.nodes {
        if node.name == "account-1234" {
            node.parent = Some("unit-07".to_owned());
        }
    }
    let change = OrganizationChange { before, after, ..OrganizationChange::default() };
    let picture = svg(&change);
    let size = |what: &str| -> usize {
        picture.split_once(&format!(" {what}=\"")).unwrap().1.split('"').next().unwrap().parse().unwrap()
    };
    assert_eq!((picture.matches("<rect").count() - 1, size("width"), size("height")), (38, 352, 1966));
    for (name, text) in [("svg", &picture), ("mermaid", &mermaid(&change)), ("dot", &dot(&change))] {
        for what in ["account-1234", "account-new", "unit-08", "detached"] {
            assert!(text.contains(what), "{name}: {what}");
        }
        // Mermaid defines its colors in classes.
        let colors = if name == "mermaid" { [":::changed", ":::added"] } else { ["#9a6700", "#1a7f37"] };
        let colored = colors.iter().map(|color| text.matches(color).count()).sum::<usize>();
        assert!((3..12).contains(&colored), "{name}: what changes is in color, and nothing else: {colored}");
        assert!(text.len() < 30_000, "{name}: {}", text.len());
    }
    let line = picture.lines().find(|line| line.contains("detached: region-lock")).unwrap();
    assert!(line.contains("fill=\"#cf222e\" text-decoration=\"line-through\""), "{line}");
    assert_eq!(mermaid(&change).matches("-->").count(), 37);
}

#[test]
fn an_organization_that_is_all_new_is_counted_where_it_is_large() {
    let change = OrganizationChange { after: large(20, 5000), ..OrganizationChange::default() };
    let text = tree(&change);
    assert!(text.lines().count() < 500, "{}", text.lines().count());
    assert!(text.contains("more accounts come"), "{text}");
    let text = mermaid(&change);
    assert!(text.len() < 50_000 && text.contains("more accounts come"), "{text}");
}

#[test]
fn accounts_that_lie_nowhere_are_counted() {
    let nodes = (0..5000).map(|account| node("account", &format!("account-{account:04}"), None)).collect();
    let after = view(nodes, &[]);
    let change = OrganizationChange { before: after.clone(), after, ..OrganizationChange::default() };
    let text = tree(&change);
    assert!(text.lines().count() < 20, "{text}");
    assert!(text.ends_with("  and 4992 more accounts\n"), "{text}");
}

#[test]
fn a_thousand_units_are_folded() {
    let mut nodes = vec![node("root", "Root", None)];
    for unit in 0..1000 {
        let name = format!("unit-{unit:04}");
        nodes.push(node("account", &format!("account-{unit:04}"), Some(&name)));
        nodes.push(node("ou", &name, Some("Root")));
    }
    let after = view(nodes, &[]);
    let change = OrganizationChange { before: after.clone(), after, ..OrganizationChange::default() };
    assert!(tree(&change).lines().count() <= 802, "{}", tree(&change).lines().count());
    assert!(mermaid(&change).len() < 50_000);
}

#[test]
fn names_cannot_end_a_label_or_style_a_diagram() {
    let evil = "x\"]; click n0 href \"javascript:alert(1)\" <script>&amp; `code` | {a} #35;\u{202e}";
    let mut unit = node("ou", evil, Some("Root"));
    unit.key = "unit".to_owned();
    let after = view(vec![node("root", "Root", None), unit], &[]);
    let change = OrganizationChange { before: after.clone(), after, ..OrganizationChange::default() };
    insta::assert_snapshot!(mermaid(&change), @r#"
    graph LR
      n0["root Root"]
      n1["ou x#34;#93;#59; click n0 href #34;javascript#58;alert#40;1#41;#34; #60;sc…"]
      n0 --> n1
      classDef added stroke:#1a7f37,stroke-width:2px
      classDef removed stroke:#cf222e,stroke-width:2px,stroke-dasharray:4
      classDef changed stroke:#9a6700,stroke-width:2px
    "#);
    insta::assert_snapshot!(dot(&change), @r#"
    digraph organization {
      rankdir=LR
      node [shape=box, fontname="sans-serif"]
      n0 [label="root Root"]
      n1 [label="ou x\"]; click n0 href \"javascript:alert(1)\" <sc…"]
      n0 -> n1
    }
    "#);
    let picture = svg(&change);
    assert!(!picture.contains("<script") && !picture.contains('\u{202e}'), "{picture}");
    assert!(picture.contains("&lt;script&gt;") || picture.contains('…'), "{picture}");
}

#[test]
fn what_changes_says_how() {
    let before = view(
        vec![
            node("root", "Root", None),
            node("ou", "dev", Some("Root")),
            node("ou", "prod", Some("Root")),
            node("account", "shop", Some("dev")),
            node("policy", "lock", None),
        ],
        &[("lock", "dev"), ("FullAWSAccess", "shop")],
    );
    let mut after = before.clone();
    for node in &mut after.nodes {
        match node.name.as_str() {
            "shop" => {
                node.parent = Some("prod".to_owned());
                "store".clone_into(&mut node.name);
            }
            "Root" => node.management = false,
            _ => {}
        }
    }
    after.attachments.remove(0);
    after.nodes.push(NodeView { candidates: vec!["dev".into(), "prod".into()], ..node("ou", "lab", None) });
    let placements = vec![
        PlacementView {
            input: "shop.json".into(),
            provider: Some("aws".into()),
            account: Some("222222222222".into()),
            path: Some("Root/prod/store".into()),
            regions: vec!["eu-central-1".into()],
            resources: 1,
            evidence: vec!["`aws_iam_role.a` itself".into()],
            unknown: None,
        },
        PlacementView {
            input: "shop.json".into(),
            provider: Some("aws.edge".into()),
            resources: 2,
            unknown: Some("nothing says which account".into()),
            ..PlacementView::default()
        },
    ];
    let contradictions = vec!["account `1` lies in two units".to_owned()];
    let change = OrganizationChange { before, after, placements, contradictions, advice: Vec::new() };
    insta::assert_snapshot!(tree(&change), @"
      root Root
        ou dev
    -       · lock
        ou prod
    ~     account store  (was in `dev`, was called `shop`)
    + ou lab  (may be in `dev` or `prod`)

    the inputs contradict each other
      account `1` lies in two units

    the account of each provider
      provider aws: 222222222222, Root/prod/store, eu-central-1 (1 resource)
        `aws_iam_role.a` itself
      provider aws.edge: account not known (2 resources)
        nothing says which account
    ");
    insta::assert_snapshot!(svg(&change), @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="344" height="232" viewBox="0 0 344 232" font-family="ui-monospace, monospace" font-size="13">
    <title>the organization, changes marked</title>
    <rect width="344" height="232" fill="#ffffff"/>
    <path d="M16 34V55H40" fill="none" stroke="#8c959f"/>
    <path d="M16 34V107H40" fill="none" stroke="#8c959f"/>
    <path d="M48 120V141H72" fill="none" stroke="#8c959f"/>
    <rect x="8" y="8" width="88" height="26" rx="4" fill="#ffffff" stroke="#8c959f"/>
    <text x="16" y="26" font-weight="bold">root Root</text>
    <rect x="40" y="42" width="144" height="44" rx="4" fill="#ffffff" stroke="#9a6700" stroke-width="2"/>
    <text x="48" y="60" font-weight="bold">ou dev</text>
    <text x="48" y="78" fill="#cf222e" text-decoration="line-through">- detached: lock</text>
    <rect x="40" y="94" width="72" height="26" rx="4" fill="#ffffff" stroke="#8c959f"/>
    <text x="48" y="112" font-weight="bold">ou prod</text>
    <rect x="72" y="128" width="264" height="44" rx="4" fill="#ffffff" stroke="#9a6700" stroke-width="2"/>
    <text x="80" y="146" font-weight="bold">account store</text>
    <text x="80" y="164">was in `dev`, was called `shop`</text>
    <rect x="8" y="180" width="216" height="44" rx="4" fill="#ffffff" stroke="#1a7f37" stroke-width="2"/>
    <text x="16" y="198" font-weight="bold">ou lab</text>
    <text x="16" y="216">may be in `dev` or `prod`</text>
    </svg>
    "##);
}

/// Units and accounts that are attached to and trusted exist already, though only one side mentions them.
#[test]
fn what_is_only_mentioned_neither_comes_nor_goes() {
    let account = NodeView { address: None, ..node("account", "222222222222", None) };
    let after = view(vec![account], &[("FullAWSAccess", "222222222222")]);
    let change = OrganizationChange { after, ..OrganizationChange::default() };
    assert_eq!(tree(&change), "  account 222222222222\n");
}
