use super::Catalogue;

/// Names longer than this are near to nothing, and the distance takes the product of both lengths.
const LONGEST: usize = 80;

/// The listed action that is nearest to a name, if one is near. Wildcards of the name stand for themselves.
pub(super) fn near(catalogue: Catalogue, action: &str) -> Option<&'static str> {
    let (prefix, name) = action.split_once(':')?;
    if action.len() > LONGEST {
        return None;
    }
    if let Some(service) = catalogue.service(prefix) {
        let candidates = service.actions().map(super::Action::name);
        return nearest(name, candidates, |candidate| {
            candidate.split_once(':').map_or(candidate, |(_, name)| name)
        });
    }
    let service = near_service(catalogue, prefix)?;
    catalogue.action(&format!("{service}:{name}")).map(super::Action::name)
}

/// The service whose prefix is nearest to one that is none, if one is near.
pub(super) fn near_service(catalogue: Catalogue, prefix: &str) -> Option<&'static str> {
    if prefix.len() > LONGEST || catalogue.service(prefix).is_some() {
        return None;
    }
    nearest(prefix, catalogue.services().map(super::Service::prefix), |prefix| prefix)
}

/// The condition key that is nearest to a name, if one is near.
pub(super) fn near_key(keys: impl Iterator<Item = &'static str>, key: &str) -> Option<&'static str> {
    if key.len() > LONGEST {
        return None;
    }
    let (prefix, name) = key.split_once(':')?;
    let same = |other: &&str| other.split_once(':').is_some_and(|(own, _)| own.eq_ignore_ascii_case(prefix));
    nearest(name, keys.filter(same), |key| key.split_once(':').map_or(key, |(_, name)| name))
}

fn nearest(
    word: &str,
    candidates: impl Iterator<Item = &'static str>,
    part: impl Fn(&'static str) -> &'static str,
) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    candidates
        .filter_map(|candidate| {
            let other = part(candidate);
            // A short word is near to everything: a third of it may differ, and never more than three letters.
            let limit = (word.len().min(other.len()) / 3).clamp(1, 3);
            // Each letter that one has more is a difference.
            if word.chars().count().abs_diff(other.chars().count()) > limit {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&word, &other.to_ascii_lowercase());
            Some((distance, limit, candidate))
        })
        .filter(|(distance, limit, _)| distance <= limit)
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, _, candidate)| candidate)
}
