//! Which value of a setting is stricter, for each type of management policy.

use std::collections::BTreeSet;

use super::Setting;
use crate::Weight;

/// How the values of a setting compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Strictness {
    /// One of these, from the most permissive to the strictest.
    Order(&'static [&'static str]),
    /// A set of what is protected: what is lost is weaker.
    Protected,
    /// The same, where `ALL_SUPPORTED` has all.
    Regions,
    /// A set of what is allowed: what is added is weaker, and everything is allowed without it.
    Allowed,
    /// A set of exceptions: what is added is weaker, and nothing is excepted without it.
    Exceptions,
    /// A number that may not fall; without it there is no end.
    NotLess,
    /// A number that may not rise.
    NotMore,
    /// Text for people.
    Ignored,
    /// It is there or it is not.
    Other,
}

/// Settings by type and the end of their path; `*` stands for one name.
#[rustfmt::skip]
const SETTINGS: &[(&str, &str, Strictness)] = &[
    ("DECLARATIVE_POLICY_EC2", "image_block_public_access.state", Strictness::Order(&["unblocked", "block_new_sharing"])),
    ("DECLARATIVE_POLICY_EC2", "snapshot_block_public_access.state", Strictness::Order(&["unblocked", "block_new_sharing", "block_all_sharing"])),
    ("DECLARATIVE_POLICY_EC2", "serial_console_access.status", Strictness::Order(&["enabled", "disabled"])),
    ("DECLARATIVE_POLICY_EC2", "internet_gateway_block.mode", Strictness::Order(&["off", "block_ingress", "block_bidirectional"])),
    ("DECLARATIVE_POLICY_EC2", "internet_gateway_block.exclusions_allowed", Strictness::Order(&["enabled", "disabled"])),
    ("DECLARATIVE_POLICY_EC2", "instance_metadata_defaults.http_tokens", Strictness::Order(&["no_preference", "optional", "required"])),
    ("DECLARATIVE_POLICY_EC2", "instance_metadata_defaults.http_tokens_enforced", Strictness::Order(&["no_preference", "disabled", "enabled"])),
    ("DECLARATIVE_POLICY_EC2", "instance_metadata_defaults.http_endpoint", Strictness::Order(&["no_preference", "enabled", "disabled"])),
    ("DECLARATIVE_POLICY_EC2", "instance_metadata_defaults.instance_metadata_tags", Strictness::Order(&["no_preference", "enabled", "disabled"])),
    ("DECLARATIVE_POLICY_EC2", "instance_metadata_defaults.http_put_response_hop_limit", Strictness::NotMore),
    ("DECLARATIVE_POLICY_EC2", "allowed_images_settings.state", Strictness::Order(&["disabled", "audit_mode", "enabled"])),
    ("DECLARATIVE_POLICY_EC2", "allowed_image_providers", Strictness::Allowed),
    ("DECLARATIVE_POLICY_EC2", "image_names", Strictness::Allowed),
    ("DECLARATIVE_POLICY_EC2", "marketplace_product_codes", Strictness::Allowed),
    ("DECLARATIVE_POLICY_EC2", "maximum_days_since_created", Strictness::NotMore),
    ("DECLARATIVE_POLICY_EC2", "maximum_days_since_deprecated", Strictness::NotMore),
    ("DECLARATIVE_POLICY_EC2", "exception_message", Strictness::Ignored),
    ("AISERVICES_OPT_OUT_POLICY", "opt_out_policy", Strictness::Order(&["optin", "optout"])),
    ("TAG_POLICY", "enforced_for", Strictness::Protected),
    ("TAG_POLICY", "report_required_tag_for", Strictness::Protected),
    ("TAG_POLICY", "tag_value", Strictness::Allowed),
    ("BACKUP_POLICY", "regions", Strictness::Protected),
    ("BACKUP_POLICY", "tag_value", Strictness::Protected),
    ("BACKUP_POLICY", "resource_types", Strictness::Protected),
    ("BACKUP_POLICY", "not_resource_types", Strictness::Exceptions),
    ("BACKUP_POLICY", "not_resources", Strictness::Exceptions),
    ("BACKUP_POLICY", "lifecycle.delete_after_days", Strictness::NotLess),
    ("BACKUP_POLICY", "lifecycle.move_to_cold_storage_after_days", Strictness::Ignored),
    ("BACKUP_POLICY", "enable_continuous_backup", Strictness::Order(&["false", "true"])),
    ("S3_POLICY", "public_access_block_configuration", Strictness::Order(&["none", "all"])),
    ("CHATBOT_POLICY", "client", Strictness::Order(&["enabled", "disabled"])),
    ("CHATBOT_POLICY", "workspaces", Strictness::Allowed),
    ("CHATBOT_POLICY", "teams", Strictness::Allowed),
    ("CHATBOT_POLICY", "supported_channel_types", Strictness::Allowed),
    ("CHATBOT_POLICY", "supported_role_settings", Strictness::Allowed),
    // Inspector, Security Hub, GuardDuty and what is enabled by region in the same words.
    ("", "enable_in_regions", Strictness::Regions),
    ("", "disable_in_regions", Strictness::Exceptions),
];

/// How the values of a setting of a type compare.
pub(super) fn strictness(policy_type: &str, path: &[String]) -> Strictness {
    let ends = |end: &str| {
        let names: Vec<&str> = end.split('.').collect();
        path.len() >= names.len() && path.iter().rev().zip(names.iter().rev()).all(|(is, name)| is == name)
    };
    let found = SETTINGS.iter().find(|(of, end, _)| (of.is_empty() || *of == policy_type) && ends(end));
    found.map_or(Strictness::Other, |(_, _, strictness)| *strictness)
}

/// What is less strict after than before.
pub(super) fn compare(
    rule: Strictness,
    before: Option<&Setting>,
    after: Option<&Setting>,
) -> Option<(String, Weight)> {
    let medium = |says: String| Some((says, Weight::Medium));
    match (rule, before, after) {
        (Strictness::Order(order), Some(Setting::One(was)), after) => {
            let rank = |text: &str| order.iter().position(|known| known.eq_ignore_ascii_case(text));
            match after {
                Some(Setting::One(is)) => match (rank(was), rank(is)) {
                    (Some(was_at), Some(is_at)) if is_at < was_at => {
                        medium(format!("`{is}` instead of `{was}`"))
                    }
                    (Some(_), Some(_)) => None,
                    // A value that is not known may be stricter or not.
                    _ => (was != is).then(|| (format!("`{is}` instead of `{was}`"), Weight::Low)),
                },
                _ if rank(was) == Some(0) => None,
                _ => medium(format!("no longer `{was}`")),
            }
        }
        // What nothing was said about was for each account to set.
        (Strictness::Order(order), None, Some(Setting::One(is))) => {
            let weakest = order.first().is_some_and(|first| first.eq_ignore_ascii_case(is));
            weakest.then(|| (format!("`{is}`, where accounts set it themselves"), Weight::Low))
        }
        (Strictness::Protected | Strictness::Regions, before, after) => {
            let (was, is) = (texts(before), texts(after));
            let has_all = rule == Strictness::Regions && is.contains("ALL_SUPPORTED");
            let lost: Vec<_> = was.difference(&is).filter(|_| !has_all).collect();
            (!lost.is_empty()).then(|| (format!("no longer for {}", quoted(&lost)), Weight::Medium))
        }
        (Strictness::Exceptions, before, after) => {
            let (was, is) = (texts(before), texts(after));
            let gained: Vec<_> = is.difference(&was).collect();
            (!gained.is_empty()).then(|| (format!("not for {}", quoted(&gained)), Weight::Medium))
        }
        (Strictness::Allowed, Some(before), after) => {
            let (was, is) = (texts(Some(before)), texts(after));
            if after.is_none() {
                return medium("everything is allowed".to_owned());
            }
            let gained: Vec<_> =
                is.iter().filter(|text| !was.iter().any(|pattern| covers(pattern, text))).collect();
            (!gained.is_empty()).then(|| (format!("also {}", quoted(&gained)), Weight::Medium))
        }
        (Strictness::NotLess | Strictness::NotMore, before, after) => {
            let number = |setting: Option<&Setting>| match setting {
                Some(Setting::One(text)) => text.parse::<u64>().ok(),
                _ => None,
            };
            match (rule, number(before), number(after)) {
                (Strictness::NotLess, Some(was), Some(is)) if is < was => {
                    medium(format!("{is} instead of {was}"))
                }
                (Strictness::NotMore, Some(was), Some(is)) if is > was => {
                    medium(format!("{is} instead of {was}"))
                }
                (Strictness::NotMore, Some(was), None) => medium(format!("no longer {was}")),
                _ => None,
            }
        }
        (Strictness::Other, Some(before), None) => {
            medium(format!("no longer {}", quoted(&texts(Some(before)).iter().collect::<Vec<_>>())))
        }
        (Strictness::Other, Some(before), Some(after)) if before != after => {
            let after = texts(Some(after));
            Some((format!("changed to {}", quoted(&after.iter().collect::<Vec<_>>())), Weight::Low))
        }
        (Strictness::Order(_) | Strictness::Allowed | Strictness::Other | Strictness::Ignored, ..) => None,
    }
}

/// Whether a value of a tag policy has another one among what it matches.
fn covers(pattern: &str, text: &str) -> bool {
    orgward_iam::glob(pattern, text)
}

fn texts(setting: Option<&Setting>) -> BTreeSet<String> {
    match setting {
        None => BTreeSet::new(),
        Some(Setting::One(text)) => BTreeSet::from([text.clone()]),
        Some(Setting::Many(texts)) => texts.clone(),
    }
}

fn quoted(texts: &[&String]) -> String {
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}
