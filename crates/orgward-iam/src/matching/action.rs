use crate::pattern::glob_ignore_case;

/// Whether the pattern of an `Action` element matches an action, `service:Action`. Case does not matter; `*` and `?`
/// are wildcards in the name but not in the service, except that a bare `*` is every action. A name that is empty or
/// has white space matches nothing (IAM user guide, "IAM JSON policy elements: Action").
pub fn action_matches(pattern: &str, action: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (Some((service, name)), Some((wanted, action))) = (pattern.split_once(':'), action.split_once(':'))
    else {
        return false;
    };
    !name.is_empty()
        && !name.contains(char::is_whitespace)
        && service.eq_ignore_ascii_case(wanted)
        && glob_ignore_case(name, action)
}
