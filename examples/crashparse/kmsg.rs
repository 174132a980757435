//! The kernel's own log, `/dev/kmsg`, of which records may be lost while it is read.

use std::io::{self, ErrorKind, Read};

/// Reads on where the kernel has written over records that were not read yet: then a read fails once with EPIPE, and the
/// next one gives the oldest record there is (`devkmsg_read` in `kernel/printk/printk.c`). Nothing else that is read fails so.
pub(crate) struct Kmsg<R, N> {
    input: R,
    /// Says that records are lost.
    note: N,
}

impl<R: Read, N: FnMut()> Kmsg<R, N> {
    pub(crate) fn new(input: R, note: N) -> Kmsg<R, N> {
        Kmsg { input, note }
    }
}

impl<R: Read, N: FnMut()> Read for Kmsg<R, N> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => (self.note)(),
                read => return read,
            }
        }
    }
}
