use miette::Diagnostic;
use thiserror::Error;

/// Why an input is not a plan that can be reviewed. The binary adds the name of the file.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing in it.
    #[error("the input is empty")]
    #[diagnostic(help("write the plan with `terraform show -json tfplan > plan.json`"))]
    Empty,
}
