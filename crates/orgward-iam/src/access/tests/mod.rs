mod action_set;
mod agreement;
mod examples;
mod languages;
mod removal;
