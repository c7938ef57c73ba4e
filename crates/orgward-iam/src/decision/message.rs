use super::{Decision, Layer, is_about_trust};
use crate::{Outcome, Request};

impl Decision {
    /// What AWS tells the caller (IAM user guide, "Troubleshoot access denied error messages"); `None` when the request
    /// is allowed. Services differ in details, and some say less.
    pub fn message(&self, request: &Request) -> Option<String> {
        let layer = self.decided_by?;
        let trust = layer == Layer::Resource && is_about_trust(request);
        let action = &request.action;
        let reason = match (self.outcome, layer) {
            (Outcome::Allow | Outcome::NotApplicable, _) => return None,
            (Outcome::ExplicitDeny, _) if trust => {
                "with an explicit deny in the role trust policy".to_owned()
            }
            (Outcome::ExplicitDeny, Layer::Identity) => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            (Outcome::ExplicitDeny, layer) => format!("with an explicit deny in a {}", name(layer)),
            (Outcome::ImplicitDeny, _) if trust => {
                format!("because no role trust policy allows the {action} action")
            }
            (Outcome::ImplicitDeny, layer) => {
                format!("because no {} allows the {action} action", name(layer))
            }
        };
        let resource = match request.resource.as_str() {
            "*" => String::new(),
            resource => format!(" on resource: {resource}"),
        };
        let caller = &request.caller;
        Some(format!("User: {caller} is not authorized to perform: {action}{resource} {reason}"))
    }
}

fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::ServiceControl => "service control policy",
        Layer::ResourceControl => "resource control policy",
        Layer::Resource => "resource-based policy",
        Layer::Identity => "identity-based policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
        Layer::Endpoint => "VPC endpoint policy",
    }
}
