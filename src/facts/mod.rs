//! What a report says, typed: one grammar per thing the kernel prints.

pub mod code;
pub mod detail;
pub mod device;
pub mod frame;
pub mod locks;
pub mod memory;
pub mod message;
pub mod modules;
pub mod offset;
pub mod oom;
pub mod oops;
pub mod place;
pub mod registers;
pub mod task;
pub mod trace;
