//! Tests that are of no single module.
