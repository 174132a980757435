//! Tests that are of no single module.

mod golden;
mod lab;
mod layers;
mod readme;
mod robust;
mod split;
mod support;
