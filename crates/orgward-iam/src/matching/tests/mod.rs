mod conditions;
mod derived;
mod elements;
mod properties;
mod scenarios;
