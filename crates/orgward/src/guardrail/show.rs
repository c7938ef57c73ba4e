//! `orgward guardrail show`.

use std::collections::BTreeMap;

use miette::Diagnostic;
use orgward_config::{CertifiedLists, Config, ConfigError, Pack};
use orgward_iam::{Denying, Remedy};
use orgward_org::QuotaName;
use orgward_proof::{EnforcedBy, Guardrail};
use orgward_report::{Detail, PolicyResource, ShownGuardrail, ShownPack, ShownParameter, escape};
use thiserror::Error;

use crate::arguments::{GuardrailForm, ShowGuardrailArguments};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::{config, review};

/// Why nothing could be shown.
#[derive(Debug, Error, Diagnostic)]
enum ShowError {
    #[error("there is no pack and no guardrail `{}`", escape(name))]
    #[diagnostic(help("{help}"))]
    Unknown { name: String, help: String },
    #[error("`[regions]` names no regions to lock to")]
    #[diagnostic(help("for example, in `orgward.toml`: `[regions]` and `allowed = [\"eu-central-1\"]`"))]
    NoRegions,
    #[error("pack `{pack}` has no parameter `{}`", escape(name))]
    #[diagnostic(help("it has: {known}"))]
    Parameter { pack: &'static str, name: String, known: String },
    #[error("only packs that the configuration does not turn on have parameters to set here")]
    #[diagnostic(help("change `[pack.parameters]` in `orgward.toml`"))]
    NoParameters,
    #[error("pack `{pack}` needs `{parameter}`: {description}")]
    #[diagnostic(help("for example `--set {parameter}={example}`"))]
    Missing { pack: &'static str, parameter: String, description: String, example: String },
    #[error("pack `{pack}` cannot take these parameters")]
    #[diagnostic(help("{help}"))]
    Refused {
        pack: &'static str,
        help: String,
        #[source]
        error: ConfigError,
    },
    #[error("`{}` is upheld by {is}, which `--as {form}` does not print", escape(name))]
    #[diagnostic(help("use `--as policy`"))]
    Kind { name: String, is: &'static str, form: &'static str },
    #[error("the statement `{sid}` does not fit in a policy")]
    #[diagnostic(help("a list of exceptions cannot be shared between policies: shorten it with wildcards"))]
    TooLong { sid: String },
}

/// What is shown.
struct Shown {
    /// What to call the policy.
    name: String,
    description: String,
    pack: Option<ShownPack>,
    guardrails: Vec<Guardrail>,
}

impl Shown {
    /// Which policies uphold it; those of a pack are of one kind.
    fn enforced_by(&self) -> EnforcedBy {
        match self.guardrails.first().map(|it| it.enforced_by) {
            None | Some(EnforcedBy::Both) => EnforcedBy::ServiceControl,
            Some(other) => other,
        }
    }
}

fn kind_of_policy(enforced_by: EnforcedBy) -> &'static str {
    match enforced_by {
        EnforcedBy::ServiceControl | EnforcedBy::Both => "service control policies",
        EnforcedBy::ResourceControl => "resource control policies",
        EnforcedBy::Endpoint => "policies of VPC endpoints",
    }
}

/// Shows what packs and guardrails claim, and the policies that make them hold.
pub(crate) fn run(
    arguments: &ShowGuardrailArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let style = terminal.style(Detail::Usual);
    let Some(name) = &arguments.name else {
        let packs: Vec<ShownPack> =
            Pack::all().iter().map(|pack| shown_pack(pack, &config, &BTreeMap::new())).collect();
        let own = config.guardrails.iter().filter(|guardrail| Pack::find(first(&guardrail.id)).is_none());
        let own: Vec<Guardrail> = own.cloned().chain(config.region_lock()).collect();
        let mut text = orgward_report::packs(&packs, style);
        if !own.is_empty() {
            let own: Vec<ShownGuardrail> = own.iter().map(shown).collect();
            text.push('\n');
            text.push_str(&orgward_report::guardrails(None, &own, style));
        }
        output::print(text.as_bytes())?;
        return Ok(Exit::Clean);
    };
    let found = find(name, &config, &arguments.set, arguments.form)?;
    let wanted = match arguments.form {
        GuardrailForm::Scp => Some((EnforcedBy::ServiceControl, "scp")),
        GuardrailForm::Rcp => Some((EnforcedBy::ResourceControl, "rcp")),
        GuardrailForm::Text | GuardrailForm::Toml | GuardrailForm::Policy | GuardrailForm::Hcl => None,
    };
    if let Some((_, form)) = wanted.filter(|(kind, _)| *kind != found.enforced_by()) {
        let is = kind_of_policy(found.enforced_by());
        return Err(Box::new(ShowError::Kind { name: name.clone(), is, form }));
    }
    let all: Vec<ShownGuardrail> = found.guardrails.iter().map(shown).collect();
    let text = match arguments.form {
        GuardrailForm::Text => orgward_report::guardrails(found.pack.as_ref(), &all, style),
        GuardrailForm::Toml => orgward_report::guardrails_toml(&all),
        GuardrailForm::Policy | GuardrailForm::Scp | GuardrailForm::Rcp => {
            let texts: Vec<String> = remedies(&found)?.into_iter().map(|(_, text)| text + "\n").collect();
            texts.concat()
        }
        GuardrailForm::Hcl => {
            let kind = match found.enforced_by() {
                EnforcedBy::ServiceControl | EnforcedBy::Both => PolicyResource::ServiceControl,
                EnforcedBy::ResourceControl => PolicyResource::ResourceControl,
                EnforcedBy::Endpoint => PolicyResource::Endpoint,
            };
            orgward_report::policies_hcl(&found.description, kind, &laid_out(&found)?)
        }
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// The pack of a guardrail's id.
fn first(id: &str) -> &str {
    id.split_once('/').map_or("", |(pack, _)| pack)
}

fn find(
    name: &str,
    config: &Config,
    set: &[(String, Vec<String>)],
    form: GuardrailForm,
) -> Result<Shown, ShowError> {
    let set: BTreeMap<String, Vec<String>> = set.iter().cloned().collect();
    if let Some(pack) = Pack::find(name).or_else(|| Pack::find(first(name))) {
        let of_pack = |guardrail: &&Guardrail| first(&guardrail.id) == pack.name;
        let on: Vec<Guardrail> = config.guardrails.iter().filter(of_pack).cloned().collect();
        let mut guardrails =
            if on.is_empty() { from_pack(pack, &set, form, &config.certified_lists)? } else { on.clone() };
        if !on.is_empty() && !set.is_empty() {
            return Err(ShowError::NoParameters);
        }
        let is_one = name != pack.name;
        guardrails.retain(|guardrail| !is_one || guardrail.id == name);
        if guardrails.is_empty() {
            return Err(unknown(name, config));
        }
        let described = guardrails.first().and_then(|one| one.description.clone()).filter(|_| is_one);
        return Ok(Shown {
            name: name.replace('/', "-"),
            description: described.unwrap_or_else(|| pack.description.clone()),
            pack: (!is_one).then(|| shown_pack(pack, config, &set)),
            guardrails,
        });
    }
    if !set.is_empty() {
        return Err(ShowError::NoParameters);
    }
    let own = config.guardrails.iter().find(|guardrail| guardrail.id == name).cloned();
    let found = match own {
        Some(own) => own,
        None if name == "region-lock" => config.region_lock().ok_or(ShowError::NoRegions)?,
        None => return Err(unknown(name, config)),
    };
    Ok(Shown {
        name: name.to_owned(),
        description: found.description.clone().unwrap_or_else(|| name.to_owned()),
        pack: None,
        guardrails: vec![found],
    })
}

/// What a pack claims that the configuration does not turn on.
fn from_pack(
    pack: &'static Pack,
    set: &BTreeMap<String, Vec<String>>,
    form: GuardrailForm,
    lists: &CertifiedLists,
) -> Result<Vec<Guardrail>, ShowError> {
    if let Some(name) = set.keys().find(|name| !pack.parameters.contains_key(*name)) {
        let known: Vec<&str> = pack.parameters.keys().map(String::as_str).collect();
        return Err(ShowError::Parameter { pack: pack.name, name: name.clone(), known: known.join(", ") });
    }
    // An example is fine to read, and nothing to paste.
    if form != GuardrailForm::Text
        && let Some((name, parameter)) = pack.missing(set).next()
    {
        return Err(ShowError::Missing {
            pack: pack.name,
            parameter: name.to_owned(),
            description: parameter.description.clone(),
            example: parameter.example.join(","),
        });
    }
    let used = lists.used(set);
    for note in used.iter().filter_map(|list| list.note(&review::today().to_string())) {
        output::warn(&format!("note: {note}\n"));
    }
    pack.guardrails_with(set, lists).map_err(|error| {
        let help = Diagnostic::help(&error).map(|help| help.to_string());
        let help =
            help.unwrap_or_else(|| format!("`orgward guardrail show {}` tells what they are", pack.name));
        ShowError::Refused { pack: pack.name, help, error }
    })
}

/// The policies that make the guardrails hold, each with its name, as few as the quota allows, and laid out where
/// that fits, too: white space is sent and counts.
fn remedies(found: &Shown) -> Result<Vec<(String, String)>, ShowError> {
    let quota = QuotaName::ScpCharacters.of_aws().value;
    let policies = split(found, quota)?;
    let text = |policy: &Remedy| {
        let pretty = policy.pretty();
        if pretty.chars().count() <= quota { pretty } else { policy.compact() }
    };
    Ok(policies.iter().map(|(name, policy)| (name.clone(), text(policy))).collect())
}

/// The same policies, laid out: Terraform sends them without white space.
fn laid_out(found: &Shown) -> Result<Vec<(String, String)>, ShowError> {
    let policies = split(found, QuotaName::ScpCharacters.of_aws().value)?;
    Ok(policies.into_iter().map(|(name, policy)| (name, policy.pretty())).collect())
}

fn split(found: &Shown, quota: usize) -> Result<Vec<(String, Remedy)>, ShowError> {
    let denying = |guardrail: &Guardrail| {
        let id = guardrail.id.split_once('/').map_or(guardrail.id.as_str(), |(_, id)| id);
        let denying = Denying::of(id, &guardrail.claim);
        if guardrail.enforced_by.names_principals() { denying.with_principals() } else { denying }
    };
    let allowing = (found.enforced_by() == EnforcedBy::Endpoint).then(Denying::nothing);
    let statements = allowing.into_iter().chain(found.guardrails.iter().map(denying)).collect();
    let policies = Remedy::within(quota, statements).map_err(|sid| ShowError::TooLong { sid })?;
    let several = policies.len() > 1;
    let name = |at: usize| if several { format!("{}-{}", found.name, at + 1) } else { found.name.clone() };
    Ok(policies.into_iter().enumerate().map(|(at, policy)| (name(at), policy)).collect())
}

fn unknown(name: &str, config: &Config) -> ShowError {
    let packs = Pack::all();
    let mut known: Vec<String> = packs.iter().map(|pack| pack.name.to_owned()).collect();
    for pack in packs {
        let guardrails = pack.guardrails(&BTreeMap::new()).unwrap_or_default();
        known.extend(guardrails.into_iter().map(|guardrail| guardrail.id));
    }
    known.extend(config.guardrails.iter().map(|guardrail| guardrail.id.clone()));
    known.push("region-lock".to_owned());
    let near = known
        .iter()
        .max_by(|left, right| strsim::jaro_winkler(name, left).total_cmp(&strsim::jaro_winkler(name, right)))
        .filter(|near| strsim::jaro_winkler(name, near) > 0.8);
    let help = near.map_or_else(
        || "`orgward guardrail show` lists them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    ShowError::Unknown { name: name.to_owned(), help }
}

fn shown_pack(pack: &Pack, config: &Config, set: &BTreeMap<String, Vec<String>>) -> ShownPack {
    let is_on = config.guardrails.iter().any(|guardrail| first(&guardrail.id) == pack.name);
    let missing: Vec<&str> = pack.missing(set).map(|(name, _)| name).collect();
    let parameters = pack.parameters.iter().map(|(name, parameter)| {
        let default = parameter.default.as_ref().unwrap_or(&parameter.example);
        ShownParameter {
            name: name.clone(),
            description: parameter.description.clone(),
            value: set.get(name).unwrap_or(default).clone(),
            is_missing: missing.contains(&name.as_str()),
        }
    });
    ShownPack {
        name: pack.name.to_owned(),
        description: pack.description.clone(),
        // Where it is on, the guardrails show the values that they have.
        parameters: if is_on { Vec::new() } else { parameters.collect() },
        is_on,
    }
}

fn shown(guardrail: &Guardrail) -> ShownGuardrail {
    let spec = guardrail.claim.spec();
    let elements = [
        ("actions", &spec.actions),
        ("not_actions", &spec.not_actions),
        ("resources", &spec.resources),
        ("not_resources", &spec.not_resources),
    ];
    let keys = |keys: &BTreeMap<String, Vec<String>>| keys.clone().into_iter().collect();
    ShownGuardrail {
        id: guardrail.id.clone(),
        description: guardrail.description.clone(),
        targets: guardrail.targets.iter().map(ToString::to_string).collect(),
        severity: guardrail.severity.as_str(),
        elements: elements.into_iter().filter_map(|(name, list)| Some((name, list.clone()?))).collect(),
        conditions: spec.conditions.iter().map(|(operator, each)| (operator.clone(), keys(each))).collect(),
        exempt_principals: spec.exempt_principals.clone(),
        enforced_by: guardrail.enforced_by.as_str(),
    }
}
