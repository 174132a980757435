//! Tests that are of no single module.

mod golden;
mod lab;
mod layers;
mod robust;
mod split;
mod support;
