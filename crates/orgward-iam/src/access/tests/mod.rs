mod action_set;
mod agreement;
mod examples;
mod known;
mod languages;
mod removal;
