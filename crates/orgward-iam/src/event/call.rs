//! A call that a record tells of: who called what, on which resource, before it is written out as a request.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::LazyLock;

use super::{Event, Identity, Named, Skipped, parameters};
use crate::pattern::glob;
use crate::{Action, Arn, Catalogue, ContextValue, PartialRequest, Reads, ResourceType, is_account_id};

const NAMES: &str = include_str!("../../data/event-names.tsv");

/// The names of one source: those that are whole, and those that are patterns, each with its action.
type Names = (BTreeMap<&'static str, &'static str>, Vec<(&'static str, &'static str)>);

static NAMED: LazyLock<BTreeMap<&'static str, Names>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Names> = BTreeMap::new();
    for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        let (Some(source), Some(name), Some(action)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        let (whole, patterns) = all.entry(source).or_default();
        if name.contains('*') {
            patterns.push((name, action));
        } else {
            whole.insert(name, action);
        }
    }
    all
});

/// How many names of events are remembered. AWS has fewer, and records may have any.
const KEPT: usize = 20_000;

/// A memory: it is asked, and never walked.
#[expect(clippy::disallowed_types, reason = "no output depends on its order")]
type Memory<K, V> = std::collections::HashMap<K, V>;

/// What the names of the events of one source mean.
type OfSource = Memory<String, Option<Rc<CalledAction>>>;

/// What the names of events mean. Each is looked up once, so that records that are read one after the other share one of
/// these.
#[derive(Default, Debug)]
pub struct CalledActions {
    /// By the source and the name of the event.
    known: RefCell<Memory<String, OfSource>>,
}

/// An action that is called.
#[derive(Debug)]
struct CalledAction {
    /// What it is called in policies.
    name: String,
    listed: Option<Action>,
    /// Patterns of the ARNs of its resources.
    types: Vec<String>,
}

impl CalledAction {
    fn of(name: String) -> Self {
        let listed = Catalogue::get().action(&name);
        let types = listed.into_iter().flat_map(Action::resource_types).map(ResourceType::pattern).collect();
        Self { name, listed, types }
    }
}

impl CalledActions {
    /// The action of an event of a source.
    fn get(&self, source: &str, name: &str) -> Option<Rc<CalledAction>> {
        if let Some(found) = self.known.borrow().get(source).and_then(|names| names.get(name)) {
            return found.clone();
        }
        let action = action(source, name).map(|name| Rc::new(CalledAction::of(name.into_owned())));
        let mut known = self.known.borrow_mut();
        if known.len() >= KEPT {
            known.clear();
        }
        let names = known.entry(source.to_owned()).or_default();
        if names.len() >= KEPT {
            names.clear();
        }
        names.insert(name.to_owned(), action.clone());
        action
    }
}

/// What an event is called in policies.
fn action<'n>(source: &str, name: &'n str) -> Option<Cow<'n, str>> {
    let source = source.split('.').next()?;
    let catalogue = Catalogue::get();
    let listed = NAMED.get(source).and_then(|(whole, patterns)| {
        let pattern = || patterns.iter().find(|(pattern, _)| glob(pattern, name)).map(|(_, action)| *action);
        whole.get(name).copied().or_else(pattern)
    });
    if let Some(action) = listed {
        return Some(match action.strip_suffix('*') {
            Some(prefix) => Cow::Owned(format!("{prefix}{name}")),
            None => Cow::Borrowed(action),
        });
    }
    let whole = format!("{source}:{name}");
    if let Some(action) = catalogue.action(&whole) {
        return Some(Cow::Borrowed(action.name()));
    }
    // `CreateFunction20150331v2`, `CreateDistribution2020_05_31`: the version of the API is no part of the action.
    let stem = name.trim_end_matches(|char: char| char.is_ascii_digit() || matches!(char, '_' | 'v'));
    let listed = catalogue.action(&format!("{source}:{stem}"));
    listed.map_or(Some(Cow::Owned(whole)), |action| Some(Cow::Borrowed(action.name())))
}

/// A call that a record tells of.
#[derive(Clone, Debug)]
pub struct Call<'e> {
    event: &'e Event<'e>,
    identity: &'e Identity<'e>,
    caller: &'e str,
    account: &'e str,
    action: Rc<CalledAction>,
    resource: Option<Cow<'e, str>>,
    /// Who owns the resource that the record names.
    named_owner: Option<&'e str>,
}

impl<'e> Call<'e> {
    /// The call that was made, whatever became of it.
    pub(super) fn of(event: &'e Event<'e>, actions: &CalledActions) -> Result<Self, Skipped> {
        if event.event_type.as_deref().is_some_and(|kind| kind != "AwsApiCall") {
            return Err(Skipped::NoCall);
        }
        let told = event.error_message.as_deref().and_then(Told::read);
        let identity = event.user_identity.as_ref().ok_or(Skipped::Incomplete)?;
        let role =
            identity.session_context.as_ref().and_then(|it| it.session_issuer.as_ref()?.arn.as_deref());
        let caller = match identity.kind.as_deref() {
            Some("AWSService") => return Err(Skipped::Unbound),
            Some("AssumedRole") => role.or(identity.arn.as_deref()),
            _ => identity.arn.as_deref(),
        };
        let caller = caller.filter(|it| !it.is_empty()).ok_or(Skipped::Incomplete)?;
        if caller.contains(":role/aws-service-role/") {
            return Err(Skipped::Unbound);
        }
        let Arn { account, partition, .. } = Arn::parse(caller).ok_or(Skipped::Incomplete)?;
        let action = match told.as_ref().and_then(|told| told.action) {
            Some(action) => Some(Rc::new(CalledAction::of(action.to_owned()))),
            None => event
                .event_source
                .as_deref()
                .zip(event.event_name.as_deref())
                .and_then(|(source, name)| actions.get(source, name)),
        };
        let action = action.ok_or(Skipped::Incomplete)?;
        let named = named(event, &action);
        let of_named = || named.and_then(|named| named.arn.as_deref());
        let anything = || action.listed.filter(|it| !it.has_resource_types()).map(|_| "*");
        let resource = told.as_ref().and_then(|told| told.resource).or_else(anything).or_else(of_named);
        let resource = resource.map(Cow::Borrowed).or_else(|| {
            let account = event.recipient_account_id.as_deref().unwrap_or(account);
            let place = parameters::Place { partition, region: event.aws_region.as_deref(), account };
            parameters::resource(action.listed?, event.request_parameters.as_deref()?, &place).map(Cow::Owned)
        });
        let named_owner = named.and_then(|named| {
            let of_arn = named.arn.as_deref().and_then(Arn::parse).map(|arn| arn.account);
            named.account_id.as_deref().or(of_arn.filter(|account| !account.is_empty()))
        });
        Ok(Self { event, identity, caller, account, action, resource, named_owner })
    }

    /// Who made it: the ARN of a role or user.
    pub fn caller(&self) -> &'e str {
        self.caller
    }

    /// The account of the caller.
    pub fn account(&self) -> &'e str {
        self.account
    }

    /// What it is called in policies.
    pub fn action(&self) -> &str {
        &self.action.name
    }

    /// The ARN of the resource, where the record shows it.
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// The account that owns the resource, where the record shows it. The policies above that account bind the resource.
    pub fn owner(&self) -> Option<&str> {
        let of_arn = || self.resource().and_then(Arn::parse).map(|arn| arn.account);
        self.named_owner.or_else(|| of_arn().filter(|account| is_account_id(account)))
    }

    /// The call as a request.
    pub fn request(&self) -> PartialRequest {
        let mut request =
            PartialRequest::new(Some(self.caller), self.account, self.action(), self.resource());
        if let Some(owner) = self.owner() {
            request.request.resource_account = Some(owner.to_owned());
        }
        self.context(&mut request);
        request
    }

    fn is_by_service(&self) -> bool {
        self.identity.invoked_by.as_deref().is_some_and(|by| by.ends_with(".amazonaws.com"))
    }

    fn factor(&self) -> Option<&str> {
        let session = self.identity.session_context.as_ref().and_then(|it| it.attributes.as_ref());
        session.and_then(|it| it.mfa_authenticated.as_deref())
    }

    /// Sets the keys that [`FACTS`] lists.
    fn context(&self, request: &mut PartialRequest) {
        let event = self.event;
        let one = |text: &str| ContextValue::One(text.to_owned());
        if let Some(region) = event.aws_region.as_deref() {
            request.set("aws:RequestedRegion", one(region));
        }
        let by_service = self.is_by_service();
        request.set("aws:ViaAWSService", one(if by_service { "true" } else { "false" }));
        if !by_service {
            request.lacks("aws:CalledVia*");
        }
        if let Some(address) = event.source_ip_address.as_deref()
            && address.parse::<IpAddr>().is_ok()
        {
            if let Some(endpoint) = event.vpc_endpoint_id.as_deref() {
                request.set("aws:SourceVpce", one(endpoint));
                request.lacks("aws:SourceIp");
            } else {
                request.set("aws:SourceIp", one(address));
                request.lacks("aws:SourceVpc*");
                request.lacks("aws:Vpce*");
            }
        }
        if let Some(factor) = self.factor() {
            request.set("aws:MultiFactorAuthPresent", one(factor));
        }
    }

    /// Writes the action and the accounts of the caller and of the resource; the caller and the resource themselves where
    /// they are asked for.
    pub fn write_places(&self, (caller, resource): (bool, bool), out: &mut Vec<u8>) {
        let (caller, resource) = (Some(self.caller).filter(|_| caller), self.resource().filter(|_| resource));
        for text in [Some(self.action()), Some(self.account), self.owner(), caller, resource] {
            put(text, out);
        }
    }

    /// Writes what some statements read of the call. Of two calls in the same places for which the same is written, these
    /// statements say the same.
    pub fn write_facts(&self, facts: &Facts, out: &mut Vec<u8>) {
        let texts = |fact: &Fact| match fact {
            Fact::Caller => [Some(self.caller), None],
            Fact::Resource => [self.resource(), None],
            Fact::Region => [self.event.aws_region.as_deref(), None],
            Fact::Service => [self.is_by_service().then_some("service"), None],
            Fact::Network => [self.event.source_ip_address.as_deref(), self.event.vpc_endpoint_id.as_deref()],
            Fact::Factor => [self.factor(), None],
        };
        for text in facts.0.iter().flat_map(texts) {
            put(text, out);
        }
    }
}

/// Adds a text to a key, so that no two lists of texts become the same key.
fn put(text: Option<&str>, out: &mut Vec<u8>) {
    let length = text.map_or(usize::MAX, str::len);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

/// A part of a record that keys of its request follow from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fact {
    Caller,
    Resource,
    Region,
    Service,
    Network,
    Factor,
}

/// Which keys follow from which part, in lower case. What follows from the caller or from the resource, their accounts and
/// tags included, has a name that says so: [`Reads`] knows.
const FACTS: &[(&str, Fact)] = &[
    ("aws:requestedregion", Fact::Region),
    ("aws:viaawsservice", Fact::Service),
    ("aws:calledvia*", Fact::Service),
    ("aws:sourceip", Fact::Network),
    ("aws:sourcevpc*", Fact::Network),
    ("aws:vpce*", Fact::Network),
    ("aws:multifactorauthpresent", Fact::Factor),
];

/// The parts of a record that some statements read, and no others.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Facts(Vec<Fact>);

impl Facts {
    /// What statements read of a record.
    pub fn of(reads: &Reads) -> Self {
        let of_keys = FACTS.iter().filter(|(pattern, _)| reads.keys().any(|key| glob(pattern, key)));
        let mut facts: Vec<Fact> = of_keys.map(|(_, fact)| *fact).collect();
        facts.extend(reads.caller().then_some(Fact::Caller));
        facts.extend(reads.resource().then_some(Fact::Resource));
        facts.sort_unstable();
        facts.dedup();
        Self(facts)
    }
}

/// What it was about, where the record names one resource of a type that the action has.
fn named<'e>(event: &'e Event<'e>, action: &CalledAction) -> Option<&'e Named<'e>> {
    let fits = |arn: &str| action.types.iter().any(|pattern| glob(pattern, arn));
    let listed = event.resources.iter().flatten();
    let mut fitting = listed.filter(|it| it.arn.as_deref().is_some_and(fits));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// What AWS tells a caller that it refuses: "User: ARN is not authorized to perform: ACTION on resource: ARN with an
/// explicit deny in a service control policy".
struct Told<'t> {
    action: Option<&'t str>,
    resource: Option<&'t str>,
}

impl<'t> Told<'t> {
    fn read(message: &'t str) -> Option<Self> {
        let (_, rest) = message.split_once("is not authorized to perform: ")?;
        let word = |text: &'t str| text.split_whitespace().next().filter(|it| it.contains(':') || *it == "*");
        // Without the quotes and the full stop of some services.
        let bare = |word: &'t str| word.trim_matches(|it| matches!(it, '"' | '.' | ','));
        let resource = rest.split_once(" on resource: ").and_then(|(_, rest)| word(rest)).map(bare);
        Some(Self { action: word(rest).map(bare), resource })
    }
}

#[cfg(test)]
mod tests {
    use super::{FACTS, NAMES};
    use crate::pattern::glob;
    use crate::{Catalogue, Event};

    #[test]
    fn every_action_of_the_table_is_one_of_aws() {
        for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
            let action = line.split('\t').nth(2).unwrap();
            assert!(Catalogue::get().actions_matching(action).next().is_some(), "{line}");
        }
    }

    /// A key that is set and not listed would make calls that differ in it one question.
    #[test]
    fn every_key_that_a_record_decides_is_listed_with_its_part() {
        let identity = |more: &str| {
            format!(
                r#""userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user/a",
                "sessionContext":{{"attributes":{{"mfaAuthenticated":"true"}}}}{more}}}"#
            )
        };
        let record = |network: &str, identity: &str| {
            format!(
                r#"{{"eventSource":"s3.amazonaws.com","eventName":"ListObjects","awsRegion":"eu-west-1",{network},{identity}}}"#
            )
        };
        let own = r#""sourceIPAddress":"203.0.113.5""#;
        let private = r#""sourceIPAddress":"10.0.0.1","vpcEndpointId":"vpce-1""#;
        let service = r#","invokedBy":"cloudformation.amazonaws.com""#;
        let mut found = 0;
        for (network, more) in [(own, ""), (private, ""), (own, service)] {
            let text = record(network, &identity(more));
            let event: Event<'_> = serde_json::from_str(&text).unwrap();
            let request = event.request().unwrap();
            let set = request.request.context.iter().map(|(key, _)| key.to_ascii_lowercase());
            for key in set.chain(request.missing().map(str::to_owned)) {
                let listed = |(pattern, _): &(&str, _)| *pattern == key || glob(pattern, &key);
                assert!(FACTS.iter().any(listed), "`{key}`");
                found += 1;
            }
        }
        assert!(found > 9, "{found}");
    }
}
