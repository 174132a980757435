//! Lines that hold a banner's words and are no report.

/// `WARNING:` lines of kernel and programs that announce no crash.
pub(crate) const WARNINGS: &[&str] = &[
    "the mand mount option",
    "Unsupported flag value(s) of",
    "USES DEPRECATED V2 CAPABILITIES",
    "USES WIRELESS EXTENSIONS",
    "The mand mount option",
    "WARNING: /etc/ssh/moduli does not exist, using fixed modulus",
    "workqueue cpumask: online intersect > possible intersect",
    "unsupported flags DT_FLAGS_1",
    "Unprivileged eBPF is enabled with eIBRS",
    "WARNING: fbcon: Driver",
    "See https",
    "CPU_SRSO",
    "EXT4-fs:",
    "deprecated v2 capabilities",
    "uses wireless extensions",
    // xfs_printk_level, fs/xfs/xfs_message.c: "XFS (loop0): WARNING: Reset corrupted AGFL on AG 0"
    "XFS (",
];

/// `INFO:` lines of kernel and programs that announce no crash.
pub(crate) const INFOS: &[&str] = &[
    "INFO: lockdep is turned off",
    // debug_show_blocker, kernel/hung_task.c
    "is blocked on a mutex",
    "is blocked on a semaphore",
    "blocked on a semaphore likely last held by",
    "blocked on an rw-semaphore",
    "INFO: Stall ended before state dump start",
    "INFO: NMI handler",
    "INFO: recovery required on readonly filesystem",
    // nmi_handle, arch/x86/kernel/nmi.c; perf_duration_warn, kernel/events/core.c
    " took too long",
    // syzkaller's own
    "INFO: no syscalls can create resource",
    " is not present in /proc/kallsyms",
    "rmt_storage:INFO:",
    "_INFO:",
];

/// Texts behind which programs quote a crash: a bisection's verdicts name titles. A task's name may end so, where the kernel
/// prints it.
pub(crate) const QUOTES: &[&str] = &[
    "crashed: ",
    "all runs: ",
    "crash: ",
    "ignore: ",
    "boot failed: ",
    "testing failed: ",
    "infra problem: ",
    // JSON about crashes: this crate's, syzbot's.
    "\"title\": \"",
    "\"title\":\"",
    // pkg/manager of syzkaller: "reproducing crash 'general protection fault in demo': 1 programs, 2 VMs"
    "crash '",
    // Source code and the traces of interpreters: `raise RuntimeError("BUG: unreachable")`
    "(\"BUG: ",
];

/// Texts behind which the kernel itself prints what programs say.
pub(crate) const KERNELS_QUOTES: &[&str] = &[
    // audit_log_start, kernel/audit.c: `type=1309 audit(1795241521.512:45): argc=2 a0="echo" a1="Kernel panic"`
    " audit(",
    "=audit(",
    // trace_event_raw_event_bpf_trace_printk, kernel/trace/bpf_trace.h
    "bpf_trace_printk: ",
    // trace_print_print, kernel/trace/trace_output.c, where ftrace_dump prints what was written to trace_marker
    "tracing_mark_write: ",
];

/// What stands in reports and in no person's words about them: a frame, a header, a heading, or the end; and what a boot
/// begins with, whose console another one's report is not on.
pub(crate) const OF_REPORTS: &[&str] = &[
    "+0x",
    " PID: ",
    "Pid: ",
    ", pid: ",
    " Comm: ",
    "Hardware name: ",
    "Modules linked in",
    "Call Trace:",
    "Call trace:",
    "Backtrace:",
    "cut here",
    "---[ end ",
    "Rebooting in ",
    LINUX_VERSION,
];

/// What a panic prints behind its stack: `dump_kernel_offset` of each architecture and `panic` itself.
pub(crate) const PANIC_ENDS: &[&str] = &["Kernel Offset: ", "Rebooting in ", "---[ end Kernel panic"];

/// Pieces of the regular expressions of those who watch logs: "BUG: unable to handle kernel NULL pointer dereference at .*"
pub(crate) const REGEXES: &[&str] = &[" .*", "\\d"];

/// Where suppressed lines stand, the machine was out of resources and no crash is to be believed.
pub(crate) const SUPPRESSED: &[&str] = &[
    "fatal error: runtime: out of memory",
    "fatal error: runtime: cannot allocate memory",
    "fatal error: out of memory",
    "fatal error: unexpected signal during runtime execution",
    "fatal error: newosproc",
    // ENOMEM of a Go program
    "panic: .*cannot allocate memory",
    "panic: failed to start executor binary",
    "panic: executor .*: pthread_create failed",
    "panic: failed to create temp dir",
    "fatal error: unexpected signal .* SIGBUS",
    "signal SIGBUS: bus error",
    "SYZFAIL: SIGBUS",
    "Out of memory: Kill process .* \\(syz-executor\\)",
    "Out of memory: Kill process .* \\(sshd\\)",
    "Killed process .* \\(syz-executor\\)",
    "Killed process .* \\(sshd\\)",
    "lowmemorykiller: Killing 'syz-executor'",
    "lowmemorykiller: Killing 'sshd'",
    "INIT: PANIC: segmentation violation!",
    "\\*\\*\\* stack smashing detected \\*\\*\\*: terminated",
];

/// Every such line has one of these.
pub(crate) const SUPPRESSED_WORDS: &[&str] = &[
    "fatal error:",
    "panic:",
    "signal SIGBUS",
    "SYZFAIL:",
    "Out of memory: Kill process",
    "Killed process",
    "lowmemorykiller:",
    "INIT: PANIC",
    "stack smashing detected",
];

/// What the banner of a panic says.
pub(crate) const PANIC_WORDS: &[&str] = &["Kernel panic - not syncing"];

/// The serial console is gone: what is missing was never printed. Compute Engine's console server says so.
pub(crate) const DISCONNECTED_WORDS: &[&str] = &["serialport: VM disconnected."];

/// What a line says of the lock that a task was about to take or to release, or whose state it changed: lockdep.
pub(crate) const LOCK_WANTED_WORDS: &[&str] =
    &[" is trying to ", " takes:", " just changed the state of lock:"];

/// What heads the locks that a task holds: `lockdep_print_held_locks`, kernel/locking/lockdep.c.
pub(crate) const LOCKS_HELD_WORDS: &[&str] = &[" locks held by ", " lock held by "];

/// What the name of a task of syzkaller's executor stands behind, in the header of a stack dump.
pub(crate) const EXECUTOR_WORDS: &[&str] = &["Comm: syz."];

/// The line before was cut short by another context, and comes once more (`console_prepend_replay`, since 6.10).
pub(crate) const REPLAYING: &str = "** replaying previous printk message **";

/// What rsyslog puts before a record on all terminals, with a colon, and the journal (`server_forward_wall`), with its
/// process: `kernel[1]: `.
pub(crate) const BROADCAST: &str = "kernel";

/// What the line before it begins with: "Message from syslogd@host at Feb 11 19:02:33 ...".
pub(crate) const ANNOUNCEMENTS: &[&str] =
    &["Message from syslogd@", "Broadcast message from systemd-journald@"];

/// A CPU asks others for their backtraces (`nmi_trigger_cpumask_backtrace`).
pub(crate) const NMI_REQUEST: &str = "Sending NMI from CPU ";

/// What the lines of a stack hold: a frame, or the word that there is none (`show_stack_log_lvl`, arch/x86).
pub(crate) const OF_STACKS: &[&str] = &["+0x", ".c:", "stack is not available"];

/// How a line of nothing else begins that a sanitizer's report stands behind: kasan_report, mm/kasan/report.c.
pub(crate) const RULE: &str = "=====================";

/// `CUT_HERE` of `include/asm-generic/bug.h`: what follows belongs to the next banner.
pub(crate) const CUT_HERE: &str = "------------[ cut here ]------------";

/// The same of `arch/arm/mm/fault.c` and `arch/arm/kernel/traps.c`, since 5.1.
pub(crate) const CUT_HERE_ARM: &str = "8<--- cut here ---";

/// Beginnings of lines before a banner that say why: `show_fault_oops`, arch/x86/mm/fault.c; `bad_kernel_fault`,
/// arch/powerpc/mm/fault.c.
pub(crate) const PREFACES: &[&str] =
    &["kernel tried to execute", "unable to execute userspace code", "Kernel attempted to "];

/// What a line holds that says why, before the rule that a banner stands behind: `check_bytes_and_report`, mm/slub.c, since
/// Linux 6.15: "[Poison overwritten] 0x…-0x… @offset=1208. First byte 0x8 instead of 0x6b".
pub(crate) const BEFORE_RULE: &str = " overwritten] 0x";

/// Banners that `show_regs` comes before, and no other line: segv, arch/um/kernel/trap.c.
pub(crate) const AFTER_REGISTERS: &[&str] = &[
    "Kernel panic - not syncing: Kernel mode fault at addr ",
    "Kernel panic - not syncing: Kernel tried to access user memory at addr ",
    "Kernel panic - not syncing: Segfault with no mm",
];

/// The lines of that dump that hold no register: show_regs, arch/x86/um/sysrq_64.c.
pub(crate) const BEFORE_REGISTERS: &[&str] = &["Modules linked in:", "Pid: "];

/// Beginnings of the lines of `dump_page` (mm/debug.c), which `VM_BUG_ON_PAGE` and `VM_WARN_ON_PAGE` print first.
pub(crate) const PAGE_DUMP: &[&str] = &[
    "page:",
    "head:",
    "flags:",
    "anon flags:",
    "ksm flags:",
    "page_type:",
    "raw:",
    "memcg:",
    "aops:",
    "page dumped because:",
];

/// Beginnings of lines that say why a `BUG()` follows: usercopy_abort, mm/usercopy.c; skb_panic, net/core/skbuff.c;
/// __list_add_valid and __list_del_entry_valid, lib/list_debug.c.
pub(crate) const BUG_MESSAGES: &[&str] =
    &["usercopy: ", "skbuff: skb_over_panic:", "skbuff: skb_under_panic:", "list_add ", "list_del "];

/// What the line before the registers of a program says that has crashed: they are no kernel's, whatever stands before.
pub(crate) const USER_FAULTS: &[&str] = &[
    // report_user_fault, arch/s390/mm/fault.c: "User process fault: interruption code 0010 ilc:3 in segv[110,1000000+1000]"
    "User process fault: ",
    // do_trap, arch/riscv/kernel/traps.c: "segv[110]: unhandled signal 11 code 0x1 at 0x0000000000000000"
    "]: unhandled signal ",
    // arm64_show_signal, arch/arm64/kernel/traps.c: "segv[110]: unhandled exception: DABT (lower EL), ESR 0x…"
    "]: unhandled exception: ",
    // show_signal_msg, arch/powerpc/kernel/traps.c and arch/x86/mm/fault.c: "segv[110]: segfault (11) at 0 nip …", "segfault at"
    "]: segfault ",
    // print_fatal_signal, kernel/signal.c: "busybox: sh: potentially unexpected fatal signal 11."
    ": potentially unexpected fatal signal ",
];
/// What these begin with.
pub(crate) const USER_FAULT_BYTES: [u8; 3] = [b'U', b']', b':'];

/// Beginnings of lines that belong to a report also after its end marker.
pub(crate) const TAIL: &[&str] = &[
    "RIP:",
    "EIP:",
    "Code:",
    "note: ",
    "Kernel Offset:",
    // show_kernel_relocation, arch/mips/kernel/relocate.c
    "Kernel relocated by ",
    ".text @ 0x",
    ".data @ 0x",
    ".bss  @ 0x",
    "Rebooting in ",
    "---[ end Kernel panic",
    "Dumping ftrace buffer",
    "(ftrace buffer empty)",
    "Shutting down cpus",
    "CPU features:",
    "Memory Limit:",
    "SMP: stopping secondary CPUs",
    "Modules linked in:",
    "CR2: ",
    "Fixing recursive fault",
    // slab_fix, mm/slub.c, behind the stack
    "FIX ",
    "BUG: ",
    "Kernel panic",
    "Fatal exception",
    "Disabling lock debugging due to kernel taint",
];

/// Beginnings of lines that belong to a report before its end marker.
pub(crate) const INSIDE: &[&str] = &[
    // debug_show_blocker, kernel/hung_task.c: "INFO: task a:7 is blocked on a mutex likely owned by task b:8."
    "INFO: task ",
    "Call Trace:",
    "Call trace:",
    "<TASK>",
    "</TASK>",
    "<IRQ>",
    "</IRQ>",
    "<NMI>",
    "</NMI>",
    "<EOI>",
    "<#D",
    "</#D",
    "CPU:",
    "Hardware name:",
    "Workqueue:",
    "Modules linked in:",
    "Tainted:",
    "Not tainted",
    "task:",
    "Showing all locks",
    "#0:",
    "#1:",
    "#2:",
    "#3:",
    "-> #",
    "lock(",
    "<Interrupt>",
    "*** DEADLOCK",
    "CPU0",
    "----",
    "other info",
    "Possible unsafe",
    "stack backtrace:",
    "Chain exists",
    "irq event stamp",
    "hardirqs last",
    "softirqs last",
    "Allocated by",
    "Freed by",
    "The buggy address",
    "Memory state around",
    "Read of size",
    "Write of size",
    "which belongs to",
    "located",
    "page:",
    "flags:",
    "raw:",
    "page dumped",
    ">ff",
    "ff",
    "^",
    "KASAN:",
    "KFENCE:",
    "kfence-",
    "#PF:",
    "PGD ",
    "Oops:",
    "Sending NMI",
    "NMI backtrace",
    // bad_page_fault, arch/powerpc/mm/fault.c
    "Faulting instruction address: ",
    "Thread overran stack, or stack corrupted",
    // showacpu, drivers/tty/sysrq.c
    "sysrq: CPU",
    "INFO: lockdep is turned off",
    "is blocked on a ",
    "blocked on an rw-semaphore likely owned by",
    "Node ",
    "Tasks state",
    "Mem-Info:",
    "Total swap",
    "Free swap",
    "Swap cache",
    "lowmem_reserve",
    "active_anon",
    "oom-kill:",
    // oom_kill_process, __oom_kill_process, oom_reap_task: mm/oom_kill.c; mem_cgroup_print_oom_meminfo, mm/memcontrol.c
    "Out of memory:",
    "Memory cgroup out of memory:",
    "Killed process ",
    "oom_reaper: ",
    "memory: usage ",
    "memory+swap: usage ",
    "swap: usage ",
    "kmem: usage ",
    "Memory cgroup stats for ",
    // memory_stats, mm/memcontrol.c
    "anon ",
    "file ",
    "kernel ",
    "kernel_stack ",
    "pagetables ",
    "sec_pagetables ",
    "percpu ",
    "sock ",
    "vmalloc ",
    "shmem ",
    "zswap",
    "file_",
    "swapcached ",
    "anon_thp ",
    "shmem_thp ",
    "inactive_",
    "active_",
    "unevictable ",
    "slab_",
    "slab ",
    "workingset_",
    "pgscan",
    "pgsteal",
    "pgfault ",
    "pgmajfault ",
    "pgrefill ",
    "pgactivate ",
    "pgdeactivate ",
    "pglazyfree",
    "pgpromote",
    "pgdemote",
    "thp_",
    // show_free_areas, show_mem: mm/show_mem.c, mm/page_alloc.c
    "unevictable:",
    "mapped:",
    "kernel_misc_reclaimable:",
    "sec_pagetables:",
    "free:",
    // dump_tasks, mm/oom_kill.c
    "[1",
    "[2",
    "[3",
    "[4",
    "[5",
    "[6",
    "[7",
    "[8",
    "[9",
    // amdgpu_job_timedout, amdgpu_device_gpu_recover: drivers/gpu/drm/amd/amdgpu
    "[drm:amdgpu_job_timedout",
    "amdgpu 0",
    "[drm] AMDGPU device coredump",
    "[drm] GPU recovery",
    // nvme_warn_reset, drivers/nvme/host/pci.c
    "nvme nvme",
    "NVRM: GPU ",
    // show_cpu_pools_hogs, kernel/workqueue.c
    "Showing backtraces of running workers",
    // __report_bad_irq, note_interrupt: kernel/irq/spurious.c
    "handlers:",
    "Disabling IRQ #",
    "[ ",
    "rcu:",
    "(detected by",
    "(t=",
    "Stack:",
    "Preemption disabled at:",
    "backtrace",
    "comm \"",
    "hex dump",
    "unreferenced object",
    "Uninit was",
    "Local variable",
    "Bytes ",
    "Memory access of size",
    "value changed",
    "write to 0x",
    "read to 0x",
    "Reported by Kernel",
    "invalid opcode",
    "SMP KASAN",
    "Mem abort",
    "Data abort",
    "ESR =",
    "EC =",
    "SET =",
    "FnV",
    "ISV",
    "CM =",
    "swapper pgtable",
    "user pgtable",
    "Showing busy workqueues",
    "Showing backtraces",
    "workqueue ",
    "pwq ",
    "in-flight:",
    "pending:",
    "inactive:",
    "delayed:",
    "pool ",
    "DMA: ",
    "DMA32: ",
    "Normal: ",
    "HighMem: ",
    "Movable: ",
    "Slab 0x",
    "Object 0x",
    "Redzone ",
    "Object ",
    "Padding ",
    "cache_from_obj:",
    // show_regs and __die of arch/arm/kernel
    "Register r",
    "Exception stack(",
    "Process ",
];

/// What the kernel prints first, and `/proc/version` says: `linux_banner` in `init/version.c`.
pub(crate) const LINUX_VERSION: &str = "Linux version ";
