mod agreement;
mod examples;
mod languages;
mod spread;
