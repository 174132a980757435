//! Tests that are of no single module.

mod golden;
mod lab;
mod layers;
mod readme;
mod robust;
mod rules;
mod split;
pub(crate) mod support;
#[cfg(feature = "symbolize")]
mod truth;
