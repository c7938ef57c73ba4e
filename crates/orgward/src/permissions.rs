//! `orgward plan permissions`.

use std::path::Path;

use miette::Diagnostic;
use orgward_org::Organization;
use orgward_proof::apply::permissions;
use orgward_report::{PermissionsView, permissions_hcl, permissions_json};

use crate::arguments::{PermissionsArguments, PermissionsFormat};
use crate::exit::Exit;
use crate::{config, discover, input, output, source};

/// Prints what the apply of plans needs.
pub(crate) fn run(arguments: &PermissionsArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let plans = if arguments.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        input::expanded(&arguments.plans)?
    };
    let documents = input::read_all(plans.iter().chain(&input::expanded(&arguments.org)?))?;
    let parsed = source::parsed(&documents, &plans, (&config, &arguments.config), &arguments.source)?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    crate::progress::stage("building the organization");
    let change = Organization::of(plans, context, &config.declared());
    let views: Vec<PermissionsView> = permissions(&change.after, config.apply.principal.as_deref())
        .into_iter()
        .map(|needed| PermissionsView {
            account: needed.account,
            principal: needed.principal,
            certain: needed.certain,
            possible: needed.possible,
        })
        .collect();
    let text = match arguments.format {
        PermissionsFormat::Json => permissions_json(&views),
        PermissionsFormat::Hcl => permissions_hcl(&views),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}
