//! How far what a guardrail does not deny reaches, in words.

use orgward_finding::story;
use orgward_iam::{ActionSet, Caller, ContextValue, Extent, Reach, Request};

use crate::chains::in_words;

/// The extent in words, with the names of all actions.
pub fn extent_with_names(
    extent: Extent,
    is_sensitive: bool,
    actual: impl Fn(&Request) -> Request,
) -> story::Extent {
    let actions = extent.actions.iter().map(|action| action.name().to_owned()).collect();
    story::Extent { actions, ..extent_in_words(extent, is_sensitive, actual) }
}

/// The extent in words, without the names of actions: there may be thousands. `actual` puts the account in the place of the one that stood for it in the proof. Patterns are
/// shown only where no policy is sensitive.
pub fn extent_in_words(
    extent: Extent,
    is_sensitive: bool,
    actual: impl Fn(&Request) -> Request,
) -> story::Extent {
    let example = extent.principals.classes.first().map(|class| actual(&class.example));
    let listed = extent.actions.len();
    let set = ActionSet { examples: Vec::new(), actions: extent.actions, unlisted: extent.unlisted };
    let classes = |reach: &Reach, show: &dyn Fn(&Request) -> String| {
        let mut texts: Vec<String> = Vec::new();
        for class in &reach.classes {
            match class.like.as_slice() {
                like @ [_, ..] if !is_sensitive => texts.extend(like.iter().cloned()),
                _ => texts.push(show(&actual(&class.example))),
            }
        }
        texts.sort();
        texts.dedup();
        texts
    };
    let principal = |request: &Request| match &request.caller {
        Caller::Arn(arn) => arn.clone(),
        caller => caller.to_string(),
    };
    let conditions = extent.keys.iter().map(|(key, reach)| {
        let value = |request: &Request| match request.context.get(key) {
            None => String::new(),
            Some(ContextValue::One(value)) => value.clone(),
            Some(ContextValue::Many(values)) => values.join(", "),
        };
        (key.clone(), classes(reach, &value))
    });
    story::Extent {
        listed,
        actions: Vec::new(),
        actions_in_words: example.as_ref().map_or_else(String::new, |example| in_words(&set, example)),
        all_actions: extent.all_actions,
        principals: classes(&extent.principals, &principal),
        all_principals: extent.principals.is_all,
        resources: classes(&extent.resources, &|request| request.resource.clone()),
        all_resources: extent.resources.is_all,
        conditions: conditions.collect(),
    }
}
