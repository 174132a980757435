//! Files whose code is not to blame for a crash that passes through it, and lines whose places say nothing.
//!
//! A pattern is a whole path below the kernel's top directory; `*` stands for any bytes, `?` for one.

/// What the name of a source file ends in. Assembler files are not asked: they hold the ways in and out of the kernel.
pub(crate) const EXTENSIONS: &[&str] = &["c", "h", "rs"];

/// Code that everything calls, and the machinery that finds and reports crashes.
pub(crate) const NEVER_TO_BLAME: &[&str] = &[
    // Inline helpers of all subsystems; libraries.
    "*.h",
    "lib/*",
    "virt/lib/*",
    "arch/*/lib/crc*",
    "rust/*",
    // Sanitizers and their kind.
    "mm/kasan/*",
    "mm/kmsan/*",
    "mm/kfence/*",
    "mm/kmemleak.c",
    "kernel/kcsan/*",
    "kernel/kcov.c",
    // Allocators, the page cache, copies of user memory.
    "mm/sl?b*",
    "mm/percpu*",
    "mm/vmalloc.c",
    "mm/page_alloc.c",
    "mm/mempool.c",
    "mm/util.c",
    "mm/memory.c",
    "mm/filemap.c",
    "mm/folio-compat.c",
    "mm/truncate.c",
    // What runs, waits and locks for others.
    "kernel/rcu/*",
    "kernel/locking/*",
    "kernel/sched/*",
    "kernel/softirq.c",
    "kernel/kthread.c",
    "kernel/workqueue.c",
    "kernel/time/timer.c",
    // Reporting.
    "kernel/panic.c",
    "kernel/printk/*",
    "kernel/stacktrace.c",
    // Traps, faults and unwinders.
    "arch/*/kernel/traps.c",
    "arch/*/kernel/unwind*",
    "arch/*/kernel/stacktrace.c",
    "arch/*/kernel/apic/*",
    "arch/*/mm/fault.c",
    "arch/*/mm/physaddr.c",
    "arch/arm64/kernel/entry*",
    "arch/arm64/kernel/process.c",
    // Cores that check what their users do.
    "net/core/dev.c",
    "net/core/sock.c",
    "net/core/skbuff.c",
    "fs/proc/generic.c",
    "drivers/usb/core/urb.c",
    // Another system's sources.
    "trusty/*",
];

/// Lines that tell where interrupts were switched, locks were taken or a register points.
pub(crate) const LINES: &[&str] = &[
    r"(?:hard|soft)irqs +last +(?:enabled|disabled)",
    r", at: ",
    r"^ *#[0-9]+: ",
    r"^ *Register [a-z0-9]+ information",
];

/// Title of stalls, where the stack begins with the interrupt that found them.
pub(crate) const STALL: &str = "INFO: rcu detected stall";

/// The interrupt's own frame in such a stack: what was interrupted comes after it.
pub(crate) const INTERRUPTED: &[&str] = &["apic_timer_interrupt+0x", "el1h_64_irq+0x", "Exception stack"];
