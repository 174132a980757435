//! Tests that are of no single module.

mod api;
mod bisect;
mod blame;
mod copies;
mod damage;
#[cfg(feature = "disasm")]
mod disasm;
mod golden;
#[cfg(feature = "symbolize")]
mod hostile;
mod lab;
mod lab7;
mod layers;
mod looks;
mod mixed;
mod quoted;
mod readme;
mod robust;
mod rules;
mod scenario;
#[cfg(feature = "serde")]
mod schema;
mod settled;
mod split;
mod stores;
mod stream;
pub(crate) mod support;
#[cfg(feature = "symbolize")]
mod symbolize;
mod syscall;
mod text;
#[cfg(feature = "symbolize")]
mod truth;
#[cfg(feature = "serde")]
mod validator;
