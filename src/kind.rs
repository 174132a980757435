//! What kind of crash a report is.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kind of a crash, by the type names of syzkaller and, where it has none, our own in its style.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            /// A crash that the convention gives no type, such as `BUG: Bad page state`.
            #[default]
            Unknown,
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// All kinds that this version knows.
            pub const ALL: &[Kind] = &[Kind::Unknown, $(Kind::$variant,)*];

            /// The name as it stands in JSON: `KASAN-USE-AFTER-FREE-READ`.
            pub fn as_str(self) -> &'static str {
                match self {
                    Kind::Unknown => "UNKNOWN",
                    $(Kind::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A check that sleeping is allowed failed.
    AtomicSleep = "ATOMIC_SLEEP",
    /// `BUG()` was hit.
    Bug = "BUG",
    /// The machine went down: panics, faults without a memory-safety meaning, traps.
    Dos = "DoS",
    /// A task, CPU or grace period made no progress.
    Hang = "HANG",
    /// KASAN: an object freed twice or never allocated.
    KasanInvalidFree = "KASAN-INVALID-FREE",
    /// KASAN: a null pointer was read through.
    KasanNullPointerDereferenceRead = "KASAN-NULL-POINTER-DEREFERENCE-READ",
    /// KASAN: a null pointer was written through.
    KasanNullPointerDereferenceWrite = "KASAN-NULL-POINTER-DEREFERENCE-WRITE",
    /// KASAN: any other bad read.
    KasanRead = "KASAN-READ",
    /// KASAN: a report without the direction of the access.
    KasanUnknown = "KASAN-UNKNOWN",
    /// KASAN: freed memory was read.
    KasanUseAfterFreeRead = "KASAN-USE-AFTER-FREE-READ",
    /// KASAN: freed memory was written.
    KasanUseAfterFreeWrite = "KASAN-USE-AFTER-FREE-WRITE",
    /// KASAN: any other bad write.
    KasanWrite = "KASAN-WRITE",
    /// KCSAN: an assertion about concurrent access failed.
    KcsanAssert = "KCSAN-ASSERT",
    /// KCSAN: a data race.
    KcsanDataRace = "KCSAN-DATARACE",
    /// KCSAN: any other report.
    KcsanUnknown = "KCSAN-UNKNOWN",
    /// KFENCE: a free of what is no object.
    KfenceInvalidFree = "KFENCE-INVALID-FREE",
    /// KFENCE: a canary was overwritten.
    KfenceMemoryCorruption = "KFENCE-MEMORY-CORRUPTION",
    /// KFENCE: any other bad read.
    KfenceRead = "KFENCE-READ",
    /// KFENCE: any other report.
    KfenceUnknown = "KFENCE-UNKNOWN",
    /// KFENCE: freed memory was read.
    KfenceUseAfterFreeRead = "KFENCE-USE-AFTER-FREE-READ",
    /// KFENCE: freed memory was written.
    KfenceUseAfterFreeWrite = "KFENCE-USE-AFTER-FREE-WRITE",
    /// KFENCE: any other bad write.
    KfenceWrite = "KFENCE-WRITE",
    /// KMSAN: uninitialized memory left the kernel.
    KmsanInfoLeak = "KMSAN-INFO-LEAK",
    /// KMSAN: a decision on uninitialized memory.
    KmsanUninitValue = "KMSAN-UNINIT-VALUE",
    /// KMSAN: any other report.
    KmsanUnknown = "KMSAN-UNKNOWN",
    /// KMSAN: freed memory was read.
    KmsanUseAfterFreeRead = "KMSAN-USE-AFTER-FREE-READ",
    /// kmemleak: memory that nothing points to.
    Leak = "LEAK",
    /// The lock validator and its relatives.
    Lockdep = "LOCKDEP",
    /// The test machine was lost.
    LostConnection = "LOST_CONNECTION",
    /// A fault or check that tells of corrupted memory.
    MemorySafetyBug = "MEMORY_SAFETY_BUG",
    /// UBSAN: an access out of bounds.
    MemorySafetyUbsan = "MEMORY_SAFETY_UBSAN",
    /// A null pointer was dereferenced.
    NullPointerDereference = "NULL-POINTER-DEREFERENCE",
    /// A reference counter went wrong.
    RefcountWarning = "REFCOUNT_WARNING",
    /// The machine booted again without a report.
    Reboot = "REBOOT",
    /// syzkaller itself failed.
    SyzFailure = "SYZ_FAILURE",
    /// UBSAN: any other report.
    Ubsan = "UBSAN",
    /// `WARN()` was hit.
    Warning = "WARNING",
    /// Ours: an allocation failed (`warn_alloc`); the machine may be short of memory and sound.
    AllocationFailure = "ALLOCATION-FAILURE",
    /// Ours: a CPU did not answer a function call (`csd: Detected non-responsive CSD lock`).
    CsdLockup = "CSD-LOCKUP",
    /// Ours: a device's driver reports a fault of the device or of its link (NVIDIA's Xid, PCIe AER, NVMe).
    DeviceFault = "DEVICE-FAULT",
    /// Ours: an indirect call or branch to where none may go (CFI, IBT).
    ControlFlow = "CONTROL-FLOW",
    /// Ours: a dump that somebody asked for (sysrq), or a backtrace on its own.
    Dump = "DUMP",
    /// Ours: a failure that fault injection made on purpose.
    FaultInjection = "FAULT-INJECTION",
    /// Ours: an oops whose cause no line names (`Oops: 0000 [#1]` alone).
    Oops = "OOPS",
    /// Ours: a file system found itself damaged.
    Filesystem = "FILESYSTEM",
    /// Ours: a GPU made no progress, and its driver reset it or gave it up.
    GpuHang = "GPU-HANG",
    /// Ours: a CPU took no interrupts, not even the watchdog's.
    HardLockup = "HARD-LOCKUP",
    /// Ours: the hardware reported an error.
    HardwareError = "HARDWARE-ERROR",
    /// Ours: an interrupt that no driver handles.
    Interrupt = "INTERRUPT",
    /// Ours: a check found memory overwritten (FORTIFY, list debugging).
    MemoryCorruption = "MEMORY-CORRUPTION",
    /// Ours: a transmit queue of a network device hung.
    NetdevWatchdog = "NETDEV-WATCHDOG",
    /// Ours: the OOM killer chose a victim.
    OomKill = "OOM-KILL",
    /// Ours: the slab allocator found an object or a slab damaged, in any cache.
    SlabCorruption = "SLAB-CORRUPTION",
}

impl Kind {
    /// Whether the name is one of syzkaller's; the others tell crashes and events that it does not know.
    pub fn is_syzkaller(self) -> bool {
        self < Kind::AllocationFailure
    }

    /// Whether a report of this kind tells a bug of the kernel: dumps, OOM kills, failed allocations and what devices report
    /// do not by themselves.
    pub fn is_bug(self) -> bool {
        !matches!(
            self,
            Kind::AllocationFailure
                | Kind::DeviceFault
                | Kind::Dump
                | Kind::FaultInjection
                | Kind::GpuHang
                | Kind::OomKill
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
