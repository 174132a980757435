//! What kind of crash a report is.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $words:literal;)*) => {
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

            /// The kind in words, as the text has it: `freed memory was read`; none of [`Kind::Unknown`].
            pub fn words(self) -> &'static str {
                match self {
                    Kind::Unknown => "",
                    $(Kind::$variant => $words,)*
                }
            }
        }
    };
}

kinds! {
    /// A check that sleeping is allowed failed.
    AtomicSleep = "ATOMIC_SLEEP", "sleeping where it is not allowed";
    /// `BUG()` was hit.
    Bug = "BUG", "a BUG() was hit";
    /// The machine went down: panics, faults without a memory-safety meaning, traps.
    Dos = "DoS", "a fault or a panic";
    /// A task, CPU or grace period made no progress.
    Hang = "HANG", "no progress";
    /// KASAN: an object freed twice or never allocated.
    KasanInvalidFree = "KASAN-INVALID-FREE", "a free of what is no object";
    /// KASAN: a null pointer was read through.
    KasanNullPointerDereferenceRead = "KASAN-NULL-POINTER-DEREFERENCE-READ", "a null pointer was read through";
    /// KASAN: a null pointer was written through.
    KasanNullPointerDereferenceWrite = "KASAN-NULL-POINTER-DEREFERENCE-WRITE", "a null pointer was written through";
    /// KASAN: any other bad read.
    KasanRead = "KASAN-READ", "a bad read";
    /// KASAN: a report without the direction of the access.
    KasanUnknown = "KASAN-UNKNOWN", "a bad access";
    /// KASAN: freed memory was read.
    KasanUseAfterFreeRead = "KASAN-USE-AFTER-FREE-READ", "freed memory was read";
    /// KASAN: freed memory was written.
    KasanUseAfterFreeWrite = "KASAN-USE-AFTER-FREE-WRITE", "freed memory was written";
    /// KASAN: any other bad write.
    KasanWrite = "KASAN-WRITE", "a bad write";
    /// KCSAN: an assertion about concurrent access failed.
    KcsanAssert = "KCSAN-ASSERT", "an assertion about concurrent access failed";
    /// KCSAN: a data race.
    KcsanDataRace = "KCSAN-DATARACE", "a data race";
    /// KCSAN: any other report.
    KcsanUnknown = "KCSAN-UNKNOWN", "a report of KCSAN";
    /// KFENCE: a free of what is no object.
    KfenceInvalidFree = "KFENCE-INVALID-FREE", "a free of what is no object";
    /// KFENCE: a canary was overwritten.
    KfenceMemoryCorruption = "KFENCE-MEMORY-CORRUPTION", "memory was overwritten";
    /// KFENCE: any other bad read.
    KfenceRead = "KFENCE-READ", "a bad read";
    /// KFENCE: any other report.
    KfenceUnknown = "KFENCE-UNKNOWN", "a bad access";
    /// KFENCE: freed memory was read.
    KfenceUseAfterFreeRead = "KFENCE-USE-AFTER-FREE-READ", "freed memory was read";
    /// KFENCE: freed memory was written.
    KfenceUseAfterFreeWrite = "KFENCE-USE-AFTER-FREE-WRITE", "freed memory was written";
    /// KFENCE: any other bad write.
    KfenceWrite = "KFENCE-WRITE", "a bad write";
    /// KMSAN: uninitialized memory left the kernel.
    KmsanInfoLeak = "KMSAN-INFO-LEAK", "uninitialized memory left the kernel";
    /// KMSAN: a decision on uninitialized memory.
    KmsanUninitValue = "KMSAN-UNINIT-VALUE", "a decision on uninitialized memory";
    /// KMSAN: any other report.
    KmsanUnknown = "KMSAN-UNKNOWN", "a report of KMSAN";
    /// KMSAN: freed memory was read.
    KmsanUseAfterFreeRead = "KMSAN-USE-AFTER-FREE-READ", "freed memory was read";
    /// kmemleak: memory that nothing points to.
    Leak = "LEAK", "memory that nothing points to";
    /// The lock validator and its relatives.
    Lockdep = "LOCKDEP", "a rule of locks or RCU was broken";
    /// The test machine was lost.
    LostConnection = "LOST_CONNECTION", "the test machine was lost";
    /// A fault or check that tells of corrupted memory.
    MemorySafetyBug = "MEMORY_SAFETY_BUG", "memory may be corrupted";
    /// UBSAN: an access out of bounds.
    MemorySafetyUbsan = "MEMORY_SAFETY_UBSAN", "an access out of bounds";
    /// A null pointer was dereferenced.
    NullPointerDereference = "NULL-POINTER-DEREFERENCE", "a null pointer was dereferenced";
    /// A reference counter went wrong.
    RefcountWarning = "REFCOUNT_WARNING", "a reference count went wrong";
    /// The machine booted again without a report.
    Reboot = "REBOOT", "an unexpected reboot";
    /// syzkaller itself failed.
    SyzFailure = "SYZ_FAILURE", "syzkaller failed";
    /// UBSAN: any other report.
    Ubsan = "UBSAN", "undefined behaviour";
    /// `WARN()` was hit.
    Warning = "WARNING", "a WARN() was hit";
    /// Ours: an allocation failed (`warn_alloc`); the machine may be short of memory and sound.
    AllocationFailure = "ALLOCATION-FAILURE", "an allocation failed";
    /// Ours: a CPU did not answer a function call (`csd: Detected non-responsive CSD lock`).
    CsdLockup = "CSD-LOCKUP", "a CPU did not answer";
    /// Ours: a device's driver reports a fault of the device or of its link (NVIDIA's Xid, PCIe AER, NVMe).
    DeviceFault = "DEVICE-FAULT", "a device reports a fault";
    /// Ours: an indirect call or branch to where none may go (CFI, IBT).
    ControlFlow = "CONTROL-FLOW", "a jump to where none may go";
    /// Ours: a dump that somebody asked for (sysrq), or a backtrace on its own.
    Dump = "DUMP", "a dump, no fault";
    /// Ours: a failure that fault injection made on purpose.
    FaultInjection = "FAULT-INJECTION", "a failure made on purpose";
    /// Ours: an oops whose cause no line names (`Oops: 0000 [#1]` alone).
    Oops = "OOPS", "an oops";
    /// Ours: a file system found itself damaged.
    Filesystem = "FILESYSTEM", "a damaged file system";
    /// Ours: a GPU made no progress, and its driver reset it or gave it up.
    GpuHang = "GPU-HANG", "a GPU made no progress";
    /// Ours: a CPU took no interrupts, not even the watchdog's.
    HardLockup = "HARD-LOCKUP", "a CPU took no interrupts";
    /// Ours: the hardware reported an error.
    HardwareError = "HARDWARE-ERROR", "the hardware reported an error";
    /// Ours: an interrupt that no driver handles.
    Interrupt = "INTERRUPT", "an interrupt that nobody handles";
    /// Ours: a check found memory overwritten (FORTIFY, list debugging).
    MemoryCorruption = "MEMORY-CORRUPTION", "memory was overwritten";
    /// Ours: a transmit queue of a network device hung.
    NetdevWatchdog = "NETDEV-WATCHDOG", "a transmit queue hung";
    /// Ours: the OOM killer chose a victim.
    OomKill = "OOM-KILL", "out of memory";
    /// Ours: the slab allocator found an object or a slab damaged, in any cache.
    SlabCorruption = "SLAB-CORRUPTION", "slab memory is damaged";
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
