mod agreement;
mod examples;
mod languages;
