//! Whether there is a standard output at all.
//!
//! In the place of a standard stream that is closed Rust opens `/dev/null` before `main`: what is printed would be lost, and
//! nothing would say so.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// An error if standard output was closed when the program was started. Known on Linux only.
pub(crate) fn check() -> io::Result<()> {
    if CLOSED.load(Ordering::Relaxed) { Err(io::Error::other("it is closed")) } else { Ok(()) }
}

/// Called by the loader, before Rust opens anything.
#[cfg(target_os = "linux")]
#[used]
// SAFETY: The function takes nothing, and uses nothing that Rust sets up before `main`.
#[expect(unsafe_code, reason = "nothing that runs later can know")]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = {
    extern "C" fn look() {
        use std::os::fd::AsFd;
        /// `EBADF`.
        const NOT_OPEN: i32 = 9;
        let error = io::stdout().as_fd().try_clone_to_owned().err().and_then(|error| error.raw_os_error());
        CLOSED.store(error == Some(NOT_OPEN), Ordering::Relaxed);
    }
    look
};
