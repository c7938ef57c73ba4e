//! The `configuration` section.
