//! Functions that are not to blame for a crash, or not for crashes of a kind, and functions that stalls are found by.
//!
//! A pattern is a piece of a function's name; `^` and `$` bind it to the name's ends,
//! `<` and `>` to the ends of one of its words (`spin_lock` holds the words `spin` and `lock`).
//!
//! All are functions of the kernel proper. A module's function is never one of them, whatever its name borrows, unless
//! `MODULES` has its whole name; and where a frame has a source file, the file decides first (`MACHINERY`, `PROPER`).

/// A group of functions.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) holds: Holds,
    /// Where the kernel has them, or what they have in common. Tests print it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the table"))]
    pub(crate) why: &'static str,
    pub(crate) names: &'static [&'static str],
}

/// What is said of a group's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Never to blame: the machinery that finds and reports crashes, and what everything calls.
    Everywhere,
    /// The same of functions that headers define: a module has a copy where the compiler did not inline one.
    Inline,
    /// The same of functions that call nothing where they may fault: on CPUs with a link register they make no frame.
    Leaf,
    /// Not to blame for crashes of these kinds.
    In(&'static [Format]),
    /// The convention's titles name them in crashes of these kinds, but who called them is to blame.
    ToBlame(&'static [Format]),
    /// They dispatch work: what they call is the work, and a stall's blame.
    Anchor,
    /// The same where the stack has no such function: the convention does not know them.
    LateAnchor,
    /// An interrupt enters the kernel by them: where a stack does not say what it stopped, it is who called these.
    Entry,
}

/// Kinds of crashes that have functions of their own that are not to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// No list of its own.
    Plain,
    /// `BUG: KASAN: slab-out-of-bounds in …`.
    Kasan,
    /// `BUG: KASAN: double-free in …`.
    KasanFree,
    /// `BUG: KMSAN: uninit-value in …`.
    Kmsan,
    /// `BUG: KMSAN: kernel-usb-infoleak in …`.
    KmsanUsb,
    /// `unreferenced object 0x… (size 96):`.
    Leak,
    /// `UBSAN: shift-out-of-bounds in …`.
    Ubsan,
    /// `BUG: spinlock bad magic on CPU#0`, `BUG: rwlock …`.
    Spinlock,
    /// `BUG: scheduling while atomic: …`.
    Atomic,
    /// `BUG: using smp_processor_id() in preemptible [00000000] code`.
    Preemptible,
    /// `BUG: Invalid wait context`, and the validator's own WARNs.
    WaitContext,
    /// `kernel BUG at mm/usercopy.c`, or a WARN there.
    Usercopy,
    /// `kernel BUG at …`.
    KernelBug,
    /// `BUG: Bad page state in process …`.
    BadPage,
    /// `page allocation failure: order:10`.
    PageAllocation,
    /// `demo invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0`.
    OutOfMemory,
    /// `WARNING: … at lib/debugobjects.c`.
    Odebug,
    /// `WARNING: … at lib/kobject.c`.
    Kobject,
    /// `WARNING: … at fs/proc/generic.c … proc_register`.
    Proc,
    /// A WARN of the allocator's.
    Kmalloc,
    /// A WARN of usb_submit_urb.
    SubmitUrb,
    /// `WARNING: suspicious RCU usage`.
    SuspiciousRcu,
    /// `INFO: trying to register non-static key`.
    NonStaticKey,
    /// `WARNING: possible circular locking dependency detected`.
    Deadlock,
    /// `INFO: rcu_preempt self-detected stall on CPU`.
    RcuStall,
    /// `INFO: rcu_tasks detected stalls on tasks`.
    RcuTasks,
    /// `INFO: task a:7 can't die for more than 120 seconds`.
    CantDie,
    /// `watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [init:40]`, `BUG: workqueue lockup - pool cpus=1 …`.
    SoftLockup,
    /// `Watchdog detected hard LOCKUP on cpu 1`.
    HardLockup,
    /// `csd: Detected non-responsive CSD lock`.
    Csd,
    /// `Kernel panic - not syncing: corrupted stack end`.
    StackEnd,
    /// `Kernel panic - not syncing: stack-protector:`.
    StackCanary,
    /// `Insufficient stack space to handle exception!`.
    BadStack,
    /// `CFI failure (target: …)`.
    Cfi,
    /// `irq 16: nobody cared`.
    SpuriousIrq,
    /// `rust_kernel: panicked at …`.
    Rust,
    /// `PANIC: zfs: …` of OpenZFS.
    Zfs,
    /// `INFO: task a:7 blocked for more than 120 seconds.`.
    Hung,
    /// Any crash of which the innermost function is asked for.
    Spinning,
}

const fn everywhere(why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::Everywhere, why, names }
}

const fn inline(why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::Inline, why, names }
}

const fn leaf(why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::Leaf, why, names }
}

const fn only(formats: &'static [Format], why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::In(formats), why, names }
}

const fn blame(formats: &'static [Format], why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::ToBlame(formats), why, names }
}

const fn anchors(why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::Anchor, why, names }
}

const fn late_anchors(why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::LateAnchor, why, names }
}

const fn entries(why: &'static str, names: &'static [&'static str]) -> Group {
    Group { holds: Holds::Entry, why, names }
}

/// A CPU is stopped where it happens to be, and its registers tell where.
const STALLS: &[Format] = &[Format::SoftLockup, Format::HardLockup, Format::RcuStall, Format::Csd];

/// All groups.
#[rustfmt::skip]
pub(crate) const GROUPS: &[Group] = &[
    everywhere("Sanitizers and their reports: mm/kasan, mm/kmsan, mm/kfence, kernel/kcsan", &[
        "^__sanitizer", "<asan", "<kasan", "<hwasan", "<msan", "<kmsan", "^kcsan_", "^__tsan", "^kfence_",
        "^check_memory_region", "^check_region_inline$", "^check_heap_object$", "^__check_heap_object$",
        "^check_stack_object$", "^__check_object_size$", "^check_object$", "^read_word_at_a_time$",
        "^read_once_", "^write_once_", "^__read_once_", "^__write_once_", "^instrument_",
        "^print_address_description", "^print_report$", "^start_report$", "^end_report$", "^__ubsan",
        "^ubsan_",
    ]),
    everywhere("panic and who calls it for others: kernel/panic.c, arch, file systems", &[
        "^panic$", "^__panic$", "^vpanic$", "^nmi_panic", "^check_panic_on_warn$", "^panic_saved_regs$",
        "^panic_bad_stack$", "^handle_bad_stack$", "^__bad_stack$", "^kernel_stack_invalid$",
        "^handle_kernel_stack_overflow$", "^kernel_stack_overflow$", "^handle_stack_overflow$",
        "^do_panic_on_target_cpu$", "^panic_smp_self_stop$", "^panic_print_sys_info$", "^__reiserfs_panic$",
        "^__btrfs_panic$", "^ufs_panic$", "^skb_panic$", "^spl_panic$", "^lbug_with_loc$", "assertfail",
        "^__stack_chk_fail",
    ]),
    everywhere("WARN, BUG and traps: kernel/panic.c, lib/bug.c, arch/*/kernel/traps.c", &[
        "<warn_slowpath", "^do_bp$", "^warn_alloc", "^warn_bogus", "^__warn", "^report_bug$", "^__report_bug$",
        "^fixup_bug", "^handle_bug$", "^bug_handler$", "^call_break_hook$", "^brk_handler$",
        "^do_debug_exception$", "<invalid_op>", "^do_error", "_trap$", "^do_trap", "^program_check_",
        "^exc_", "^asm_exc_", "^asm_sysvec_", "^__fortify_", "^fortify_panic", "^__schedule_bug$",
        "^__irq_exit",
    ]),
    everywhere("die and what prints before it: arch/*/kernel/dumpstack.c, kernel/panic.c", &[
        "^die$", "^die_addr$", "^__die", "^oops_begin$", "^oops_end$", "^oops_enter$", "^oops_exit$",
        "^print_tainted$", "^get_taint$", "^show_regs", "^show_stack", "^show_trace", "<dump_stack",
        "^walk_stack", "^dump_backtrace", "^spl_dumpstack$",
    ]),
    everywhere("Page faults: arch/*/mm/fault.c", &[
        "^do_page_fault$", "^__do_page_fault$", "^no_context$", "^page_fault_oops$", "^kernelmode_fixup_or_oops$", "^do_tag_check_fault$", "^do_bad_area$", "^do_mem_abort$",
        "^do_translation_fault$", "^do_kernel_fault$", "^__do_kernel_fault$", "^die_kernel_fault$",
        "^do_DataAbort$", "^do_sea$", "^el1_dbg$", "^el1h_64_sync", "^el1_sync", "^el1_abort$",
        "^el1_irq$",
    ]),
    everywhere("Unwinders: kernel/stacktrace.c, arch/*/kernel/unwind*", &[
        "^stack_trace_", "^arch_stack_walk$", "^save_stack", "^unwind_get_return_address",
        "^unwind_backtrace$", "^unwind_frame$", "^kernel_text_address$", "^__kernel_text_address$",
    ]),
    everywhere("Reports of pages and slabs: mm/debug.c, mm/slub.c, mm/slab.c", &[
        "^dump_page$", "^__dump_page", "^bad_page$", "^print_trailer$", "^object_err$", "^slab_err$",
        "^slab_bug$", "^check_slab_allocation$", "^slab_pad_check$", "^cache_free_debugcheck", "^poison_",
    ]),
    everywhere("Page allocator: mm/page_alloc.c, mm/mempolicy.c, mm/folio-compat.c", &[
        "<alloc_page", "^__alloc_frozen", "^alloc_frozen", "^folio_alloc", "^__folio_alloc", "^get_page$",
    ]),
    inline("Slab allocators: mm/slub.c, mm/slab.c, mm/slab_common.c, mm/util.c, mm/vmalloc.c", &[
        "^allocate_slab", "^alloc_slab_page", "^___slab_alloc$", "^__slab_alloc$", "^slab_alloc",
        "^slab_post_alloc_hook$", "^slab_pre_alloc_hook$", "^__memcg_slab_post_alloc_hook$", "^slab_free",
        "^__slab_free$", "^do_slab_free$", "^set_freepointer$", "^slab_destroy", "^___cache_free$", "^__cache_free$",
        "<kmem_cache", "<kmalloc", "<kzalloc", "<kcalloc", "<krealloc", "<kvmalloc", "<kvzalloc",
        "<kvcalloc", "<vmalloc", "<vzalloc", "<vcalloc", "^__do_kmalloc", "^__do_krealloc", "^do_kmalloc",
        "^kfree$", "^__kfree$", "^kvfree$", "^free$",
    ]),
    everywhere("Allocators on top of those: net/core, lib, mm/percpu.c", &[
        "<kfree_skb", "^kfree_skbmem", "^sock_wmalloc$", "^sock_omalloc$", "^pcpu_mem_zalloc$",
        "^bitmap_zalloc$", "<ida_free", "<ida_remove",
    ]),
    everywhere("Page cache: mm/filemap.c, fs/buffer.c", &[
        "^filemap_alloc_folio", "^__filemap_get_folio", "^pagecache_get_page$", "^find_or_create_page$",
        "^grab_cache_page_write_begin$", "^do_read_cache_folio$", "^do_read_cache_page$",
        "^read_cache_page$", "^read_cache_pages$", "^read_cache_page_gfp$", "^find_lock_entr",
        "^next_uptodate_page$", "^truncate_inode_pages_range$", "^mark_buffer_dirty$", "^folio_unlock",
        "^lock_page$", "^__lock_page$", "^unlock_page$", "^__unlock_page",
    ]),
    everywhere("Debug objects: lib/debugobjects.c, lib/ref_tracker.c", &[
        "<debug_object", "^debug_check_no_obj", "^debug_print_object", "^__debug_", "_is_static_object$",
        "^ref_tracker",
    ]),
    everywhere("Lock validator: kernel/locking/lockdep.c, kernel/trace", &[
        "<lockdep", "^lock_acquire", "^lock_release", "^lock_class", "^__lock_acquire", "^__lock_release",
        "^hlock_class$", "^print_lock_class_header$", "^validate_chain", "^check_prev", "^check_deadlock",
        "^check_noncircular", "^check_wait_context", "^print_lock_invalid_wait_context$", "^print_lock_nested_lock_not_held$",
        "^print_circular_bug", "^print_deadlock",
        "^print_bad_irq", "^print_irq_inversion", "^print_unlock", "^print_usage_bug", "<imbalance_bug",
        "^lock_downgrade", "^lock_set_class", "^mark_lock", "^mark_usage$", "^mark_held_locks$", "^reacquire_held_locks$",
        "^register_lock_class$", "^look_up_lock_class$", "<trace_hardirq", "<trace_softirq",
        "^trace_.*irqs", "<might_", "^seqprop_assert", "^__seqprop_assert", "^check_flush_dependency$",
        "<perf_trace", "<bh_enable", "<bh_disable", "^preempt_count_", "^debug_smp_processor_id$",
    ]),
    inline("RCU's readers: include/linux/rcupdate.h, kernel/rcu", &[
        "^rcu_read_", "^__rcu_read_", "^rcu_is_cq", "^rcu_lock_acquire$", "^rcu_lock_release$",
        "^cleanup_srcu_struct$",
    ]),
    everywhere("Where a lock is waited for: .text.lock.NAME, LOCK_SECTION_NAME of include/linux/spinlock.h, up to Linux 2.6.19", &["^text$"]),
    leaf("Spin and read-write locks: kernel/locking", &[
        "<raw_spin_rq", "<spin_", "<raw_read_", "<raw_write_", "^queued_", "^_raw_", "^do_raw_",
        "<read_lock", "<read_unlock", "<read_trylock", "<write_lock", "<write_unlock", "<write_trylock",
        "^owner_on_cpu", "^osq_", "^__task_rq_lock$", "^task_rq_lock$",
    ]),
    everywhere("Sleeping locks: kernel/locking, drivers/tty/tty_ldsem.c", &[
        "^mutex_", "^__mutex_", "^rt_mutex_", "^__rt_mutex", "<rt_mutex", "^task_blocks_on_rt_mutex$",
        "^down$", "^down_read", "^down_write", "^down_trylock$", "^up_", "^ldsem_down_", "^ldsem_up_",
        "^call_rwsem_down_", "^rwsem_down_", "^__rwsem_down_write_failed_common$", "^percpu_down_", "^percpu_up_",
        "^__percpu_down",
    ]),
    leaf("Sleeping locks that nobody holds, the way that calls nothing: kernel/locking/mutex.c, rwsem.c; outlined checks of mm/kasan/sw_tags.c", &[
        "^mutex_lock$", "^mutex_lock_interruptible$", "^mutex_lock_killable$", "^mutex_trylock$", "^mutex_unlock$", "^down_read$",
        "^down_read_trylock$", "^down_write$", "^down_write_trylock$", "^up_read$", "^up_write$", "^__hwasan_check_x",
    ]),
    leaf("Atomics and bits: include/linux/atomic, include/asm-generic/bitops", &[
        "^atomic_add", "^atomic_and", "^atomic_cmpxchg", "^atomic_dec", "^atomic_fetch", "^atomic_inc",
        "^atomic_long_", "^atomic_or", "^atomic_read", "^atomic_set", "^atomic_sub", "^atomic_try",
        "^atomic_xchg", "^atomic_xor", "^atomic64_", "^raw_atomic", "^__atomic", "^arch_atomic",
        "^_atomic_dec_and_lock$", "^_atomic_dec_and_lock_irqsave$", "<set_bit", "<clear_bit",
        "<change_bit", "<test_bit", "<test_and_", "^arch_test_bit", "^const_test_bit",
    ]),
    inline("References: lib/refcount.c, include/linux/kref.h, fs", &[
        "^refcount_add", "^refcount_sub", "^refcount_inc", "^refcount_dec", "^refcount_set$",
        "^refcount_read$", "^refcount_warn_saturate$", "^refcount_error_report$", "^__refcount_", "^kref_",
        "^drop_nlink$", "^iput$", "^ihold$", "^dput$", "^fast_dput$", "^dput_to_list$", "^sget_userns$",
    ]),
    leaf("Strings and memory: lib/string.c, mm/util.c", &[
        "<memcpy", "<memcmp", "<memset", "<memmove", "<memchr", "<memscan", "<memdup", "^kmemdup",
        "^vmemdup_user$", "^devm_kmemdup$", "^sock_kmemdup$", "<strlen", "<strnstr", "<strnlen", "<strcmp",
        "<strncmp", "<strcpy", "<strncpy", "<strlcpy", "<strscpy", "<strchr", "<strrchr", "<strstr",
        "<strcat", "<strncat", "<strlcat", "<strcasecmp", "<strncasecmp", "<strsep", "<strspn", "<strcspn",
        "<strim", "<strdup", "<kstrdup", "<kstrndup", "^strndup_user$", "^copy_string_kernel$",
        "^copy_strings_kernel$", "^rep_movs", "^rep_stos",
    ]),
    leaf("Copies from and to programs: lib/usercopy.c, lib/iov_iter.c, arch/*/lib", &[
        "<copy_to_user", "<copy_from_user", "<copy_in_user", "<copy_to_iter", "<copy_from_iter",
        "^copy_page_to_iter", "^copy_page_from_iter", "^copy_folio_", "^copyin$", "^copyout$", "^_copy_",
        "^__copy_to_", "^__copy_from_", "^__copy_in_", "^__copy_overflow$", "^__copy_user", "^copy_user_enhanced_fast_string$",
        "^copy_user_short_string$", "^copy_user_flushcache$", "<put_user", "<get_user>", "^__get_user_",
        "^__put_user_", "^raw_copy_", "^iterate_and_advance", "^extract_iter_to_sg$",
        "^copy_to_kernel_nofault", "^copy_from_kernel_nofault", "^clear_user$", "^__clear_user",
    ]),
    leaf("Lists and trees: include/linux/list.h, lib", &[
        "^__list_add$", "^__list_add_rcu$", "^__list_add_valid", "^__list_del$", "^__list_del_entry",
        "^list_add$", "^list_add_tail$", "^list_add_rcu$", "^list_add_tail_rcu$", "^list_del$",
        "^list_del_init$", "^list_del_init_careful$", "^list_del_rcu$", "^list_del_event$", "^list_move$",
        "^list_move_tail$", "^list_replace$", "^list_replace_init$", "^list_replace_rcu$", "^list_splice",
        "^hlist_", "^__hlist", "^llist_add_batch$", "^llist_del_first$", "^plist_add$", "^plist_del$",
        "^klist_", "^rb_", "^__rb_", "^xas_start", "^xas_load", "^xas_find", "^rhashtable_lookup",
        "^__rhashtable_lookup",
    ]),
    everywhere("vsprintf: lib/vsprintf.c, kernel/trace/trace_printk.c", &[
        "<vprintf", "<snprintf", "<vsnprintf", "<vscnprintf", "<scnprintf", "<sprintf", "<vsprintf",
        "<kvasprintf", "<kasprintf", "^string$", "^string_nocheck$", "^hex_string$", "^widen_string$",
        "^ip4_string$", "^ip6_string$", "^uuid_string$", "^bitmap_string$", "^flags_string$",
        "^fourcc_string$", "^fwnode_string$", "^resource_string$", "^ip_addr_string$", "^escaped_string$",
        "^symbol_string", "^ip4_addr", "^ip6_addr", "^mac_address", "^address_val", "^dentry_name",
        "^pointer$", "^pointer_string$", "^check_pointer$", "^default_pointer$", "^restricted_pointer$",
        "^va_format", "^format_decode", "^trace_vbprintk$",
    ]),
    everywhere("printk and its wrappers: kernel/printk, drivers/base/core.c, net/core/dev.c", &[
        "<printk", "<vprintk", "^dev_printk", "^dev_vprintk", "^__dev_printk", "^dev_info$", "^_dev_info",
        "^dev_notice", "^_dev_notice", "^dev_warn", "^_dev_warn", "^dev_err", "^_dev_err", "^dev_crit",
        "^_dev_crit", "^dev_alert", "^_dev_alert", "^dev_emerg", "^_dev_emerg", "^netdev_info$",
        "^netdev_warn$", "^netdev_err$", "^netdev_notice$", "^netdev_alert$", "^netdev_crit$",
        "^netdev_emerg$", "^ibdev_info$", "^ibdev_warn$", "^ibdev_err$", "^ibdev_notice$", "^ibdev_alert$",
        "^ibdev_crit$", "^ibdev_emerg$", "<hex_dump", "^hex_dump_", "^print_hex_dump",
    ]),
    everywhere("Timers, work and waits: kernel/time/timer.c, kernel/workqueue.c, kernel/sched", &[
        "<del_timer", "<timer_delete", "^__timer_delete_sync", "^__mod_timer", "^lock_timer_base",
        "^detach_timer", "^sk_stop_timer", "<flush_work", "<flush_delayed_work", "<flush_scheduled",
        "^__flush_work", "^start_flush_work", "^cancel_work", "^__cancel_work", "^try_to_grab_pending",
        "^drain_workqueue", "^destroy_workqueue", "<queue_work", "<insert_work", "<queue_delayed_work",
        "^kthread_stop", "^finish_wait", "<wait_for_completion", "^wait_for_common", "^complete$",
        "^__wake_up",
    ]),
    everywhere("A label within schedule(), x86-64 up to Linux 2.6.37: switch_to, arch/x86/include/asm/system.h", &["^thread_return$"]),
    everywhere("Device core: drivers/base, lib/kobject.c, fs/sysfs, net/core/dev.c", &[
        "^kobject_", "^__kobject", "^add_uevent_var", "^device_add$", "^device_del$", "^device_unregister",
        "^device_destroy", "^device_release", "^device_remove_file", "^device_for_each_child$",
        "^device_for_each_child_reverse$", "^root_device_unregister$", "^platform_device_unregister$",
        "^cdev_device_add$", "^cdev_device_del$", "^get_device$", "^put_device$", "^get_device_parent$",
        "^devres_release_all", "^dpm_sysfs", "^sysfs_remove", "^tty_unregister_device$",
        "^hwrng_unregister$", "^rollback_registered", "^unregister_netdev", "<unregister_netdevice",
        "^i2c_del_adapter", "^__unregister_client$",
    ]),
    everywhere("USB core: drivers/usb/core, the dummy controller", &[
        "^usb_kill_", "^usb_submit_", "^usb_control_", "^__usb_control_msg$", "^usb_internal_control_msg$", "^usb_hcd_submit",
        "^dummy_urb_enqueue", "^dummy_hcd_urb",
    ]),
    leaf("I/O and checksums: include/asm-generic/io.h, lib/crc*", &[
        "^readb$", "^readw$", "^readl$", "^readq$", "^writeb$", "^writew$", "^writel$", "^writeq$",
        "^inb$", "^outb$", "^logic_in", "^logic_out", "^__raw_read", "^__raw_write", "^crc1", "^crc3",
        "^crc4", "^crc6", "^crc7", "^crc8", "^crc_itu_t",
    ]),
    everywhere("Compiler's and linker's thunks, address checks, injected faults", &[
        "^__indirect_thunk", "<indirect_thunk_", "^__x86_indirect", "^__pfx_", "^__phys_addr",
        "^__virt_addr_valid", "^virt_to_", "^should_fail",
    ]),
    only(&[Format::Kasan], "mm/kasan's way in from a fault: arch/arm64/mm/fault.c, arch/arm64/kernel/entry-common.c", &[
        "kernel_fault", "tag_check", "mem_abort", "^el1_", "^el1h_",
    ]),
    only(&[Format::KasanFree], "mm/slub.c, mm/vmalloc.c: who frees", &[
        "kfree", "vfree", "vunmap",
    ]),
    only(&[Format::Kmsan], "crypto: a cipher's input is another's output", &[
        "_encrypt$", "^crypto_", "^cipher_", "^drbg_", "^rng_",
    ]),
    only(&[Format::Kmsan], "net/netlink/af_netlink.c: they send on what others wrote", &[
        "netlink_ack>", "netlink_rcv_skb>",
    ]),
    only(&[Format::Kmsan, Format::KmsanUsb], "net/core/skbuff.c: where all packets come from", &[
        "alloc_skb",
    ]),
    only(&[Format::KmsanUsb], "drivers/usb/core/message.c: they send on what drivers wrote", &[
        "^usb_bulk_msg", "^usb_interrupt_msg$", "^usb_start_wait_urb$",
    ]),
    only(&[Format::Leak], "mm: where all objects come from", &[
        "<kmemleak", "mmap", "<kmem", "<slab", "alloc", "<create_object$", "<vm_area_dup",
        "<list_lru_init", "<pcpu_",
    ]),
    only(&[Format::Leak], "lib: idr, strings", &[
        "<idr_", "<kstrdup", "<strndup",
    ]),
    only(&[Format::Ubsan], "lib/ubsan.c", &[
        "^handle_null_ptr_deref$", "^handle_object_size_mismatch$", "^handle_misaligned_access$", "^handle_missaligned_access$",
        "^handle_overflow$", "^val_to_string$",
    ]),
    only(&[Format::Spinlock], "kernel/locking", &[
        "spin_", "_lock", "_unlock",
    ]),
    only(&[Format::Atomic], "kernel/sched/core.c, idle.c", &[
        "schedule", "^dequeue_task$", "^dequeue_task_idle$",
    ]),
    only(&[Format::Preemptible], "lib/smp_processor_id.c and what asks it: include/linux/percpu-defs.h", &[
        "preempt", "debug_", "this_cpu", "processor_id",
    ]),
    only(&[Format::WaitContext], "net/core/sock.c, net/unix/af_unix.c: a lock that is half owned", &[
        "^lock_sock", "^__lock_sock", "^release_sock", "^__release_sock", "^unix_release_sock",
    ]),
    only(&[Format::Usercopy], "mm/usercopy.c", &[
        "usercopy", "^__check",
    ]),
    only(&[Format::KernelBug], "arch/arm/kernel/traps.c: BUG() before Linux 3.2, which then writes to NULL", &[
        "^__bug$",
    ]),
    only(&[Format::KernelBug], "net/core/skbuff.c: they check what their callers do", &[
        "^skb_",
    ]),
    only(&[Format::BadPage], "mm: who allocates and frees pages", &[
        "alloc", "folio", "get_page", "free_page", "put_page", "vmap", "truncate_inode_pages", "^free_pcp",
        "^free_unref", "<prep_new_page", "<get_page_from_freelist", "<set_page_owner",
        "<add_to_page_cache", "<pagecache",
    ]),
    only(&[Format::PageAllocation, Format::OutOfMemory], "mm/page_alloc.c, mm/mempolicy.c, mm/filemap.c, include/linux/highmem.h", &[
        "^alloc_", "^__alloc_", "^__get_free_pages$", "^get_zeroed_page", "^get_free_pages_noprof$", "^folio_alloc",
        "^__folio_alloc", "^vma_alloc_folio", "^vma_alloc_zeroed_movable_folio$", "^filemap_alloc_folio", "^__page_cache_alloc$",
    ]),
    only(&[Format::OutOfMemory], "mm/oom_kill.c, mm/memcontrol.c, mm/mempolicy.c, mm/filemap.c", &[
        "^dump_header$", "^oom_kill_process", "^out_of_memory$", "^pagefault_out_of_memory$", "^mem_cgroup_out_of_memory$",
        "^mem_cgroup_oom", "^try_charge", "^charge_memcg$", "^mem_cgroup_charge", "^__mem_cgroup_charge",
        "^mem_cgroup_try_charge", "^mem_cgroup_swapin_charge_", "^obj_cgroup_charge", "^__memcg_kmem_charge", "^memcg_",
        "^pagecache_get_page$", "^__filemap_get_folio", "^filemap_add_folio$", "^__filemap_add_folio$", "add_to_page_cache",
        "^new_slab$", "^cache_grow", "^cache_alloc_refill$", "^fallback_alloc$", "^____cache_alloc", "^kmem_getpages$",
    ]),
    only(&[Format::OutOfMemory], "Readahead, whoever reads: mm/readahead.c, mm/filemap.c", &[
        "^page_cache_ra_", "^ondemand_readahead$", "^force_page_cache_", "^page_cache_sync_", "^page_cache_async_",
        "^do_page_cache_ra$", "^__do_page_cache_", "^do_page_cache_readahead$", "^ra_submit$", "^page_cache_read$", "^page_cache_readahead$",
        "^filemap_get_pages$", "^filemap_create_folio$",
    ]),
    only(&[Format::OutOfMemory], "A program touched memory of its own, which comes from files, swap or nowhere: mm/memory.c, mm/filemap.c, mm/huge_memory.c, mm/hugetlb.c", &[
        "^do_anonymous_page$", "^alloc_anon_folio$", "^do_fault$", "^__do_fault$", "^do_read_fault$", "^do_cow_fault$",
        "^do_shared_fault$", "^do_fault_around$", "^filemap_map_pages$", "^do_wp_page$", "^wp_page_copy$", "^folio_prealloc$",
        "^page_copy_prealloc$", "^do_no_page$", "^do_linear_fault$", "^filemap_fault$", "^filemap_nopage$",
        "_filemap_fault$", "^do_sync_mmap_readahead$", "^do_async_mmap_readahead$", "^handle_pte_fault$", "handle_mm_fault$",
        "^__pte_alloc", "^pte_alloc_", "^__pmd_alloc$", "^pmd_alloc_one", "^__pud_alloc$", "^__p4d_alloc$",
        "^do_huge_pmd_", "^__do_huge_pmd_", "^vma_alloc_anon_folio_pmd$", "^hugetlb_fault$", "^hugetlb_no_page$", "^hugetlb_wp$",
    ]),
    only(&[Format::OutOfMemory], "The same, of what was swapped out, and of memory that programs share: mm/swap_state.c, mm/shmem.c", &[
        "^do_swap_page$", "^swapin_", "^swap_cluster_readahead$", "^swap_vma_readahead$", "^read_swap_cache_async$",
        "^__read_swap_cache_async$", "^swap_cache_alloc_folio$", "^alloc_swap_folio$", "^shmem_fault$", "^shmem_getpage",
        "^shmem_get_folio", "^shmem_alloc_", "^shmem_swapin",
    ]),
    only(&[Format::OutOfMemory], "A driver or a call needs a program's memory, whoever asks for it: mm/gup.c", &[
        "^faultin_page$", "^__get_user_pages", "^get_user_pages", "^__gup_longterm_locked$", "^pin_user_pages",
        "^internal_get_user_pages_fast$", "^gup_fast_fallback$", "^fixup_user_fault$", "^populate_vma_page_range$", "^__mm_populate$",
    ]),
    only(&[Format::OutOfMemory], "How a program's fault comes in: arch/*/mm/fault.c, arch/*/kernel/entry*", &[
        "^do_user_addr_fault$", "do_page_fault$", "^page_fault$", "^error_exit$", "^error_code$", "^el0_da$", "^el0_ia$",
        "^el0t_64_sync", "^el0t_32_sync", "^el0_sync", "^__dabt_", "^__pabt_", "^do_exception$", "^do_dat_exception$",
        "^__do_pgm_check$", "^pgm_check_handler$", "^data_access_common", "^instruction_access_common", "^handle_page_fault$",
        "^mm_fault_error$", "^handle_exception$", "^common_exception$", "^ret_from_exception$", "^tlb_do_page_fault_", "^do_sparc",
        "^sparc64_realfault_common$",
    ]),
    only(&[Format::Odebug], "lib/debugobjects.c and the kinds of objects: timers, work, RCU", &[
        "debug_", "rcu", "timer_", "work_", "<percpu_", "<vunmap", "<vfree", "^__free_", "<init_timer",
        "^free_pages_prepare",
    ]),
    only(&[Format::Kobject], "lib/kobject.c", &[
        "<kobject_",
    ]),
    only(&[Format::Proc], "fs/proc/generic.c", &[
        "<proc_",
    ]),
    only(&[Format::Kmalloc], "mm/slub.c, mm/slab_common.c", &[
        "<slab", "<kmem",
    ]),
    only(&[Format::SubmitUrb], "drivers/usb/core", &[
        "^usb_start_wait_urb", "^usb_bulk_msg", "^usb_interrupt_msg",
    ]),
    only(&[Format::SuspiciousRcu], "kernel/rcu, and the allocators that its lists are made by", &[
        "rcu", "kmem", "slab",
    ]),
    only(&[Format::NonStaticKey], "kernel/locking/lockdep.c", &[
        "^assign_lock_key$", "<lock_acquire", "IRQ",
    ]),
    only(&[Format::Deadlock], "kernel/workqueue.c: who runs work and waits for it", &[
        "^process_one_work$", "^flush_workqueue", "^__flush_workqueue$", "^drain_workqueue",
        "^destroy_workqueue",
    ]),
    blame(&[Format::Deadlock], "kernel/workqueue.c, kernel/kthread.c: they run everybody's work", &[
        "^worker_thread$", "^kthread$", "^ret_from_fork",
    ]),
    only(&[Format::RcuStall], "kernel/rcu and the timer's interrupt, which finds the stall", &[
        "apic_timer_interrupt", "rcu",
    ]),
    only(&[Format::RcuStall], "arch/*/kernel/process.c: where a task's stack begins that is dumped while it runs", &[
        "^__switch_to$",
    ]),
    only(&[Format::RcuTasks, Format::CantDie], "kernel/sched/core.c", &[
        "^__schedule$", "<schedule",
    ]),
    only(&[Format::HardLockup], "The way from the NMI to the detector: exc_nmi (do_nmi up to Linux 5.7), arch/x86; kernel/watchdog.c; arch/powerpc/kernel/watchdog.c", &[
        "^watchdog_overflow_callback$", "^watchdog_hardlockup_check$", "^__perf_event_overflow$",
        "^perf_event_overflow$", "^handle_pmi_common$", "^intel_pmu_handle_irq$", "^x86_pmu_handle_irq$",
        "^amd_pmu_", "^perf_event_nmi_handler$", "^nmi_handle$", "^default_do_nmi$", "^do_nmi$",
        "^end_repeat_nmi$", "^soft_nmi_interrupt$", "^soft_nmi_common$", "^wd_lockup_ipi$", "^watchdog_smp_panic$",
    ]),
    only(&[Format::Csd], "kernel/smp.c", &[
        "^csd_lock", "^smp_call_function", "^on_each_cpu", "^generic_exec_single$",
    ]),
    only(&[Format::StackEnd], "kernel/sched/core.c: schedule_debug finds it", &[
        "<schedule", "<retint_kernel",
    ]),
    only(&[Format::StackCanary], "kernel/panic.c: __stack_chk_fail", &[
        "stack_chk",
    ]),
    only(&[Format::BadStack], "arch/arm64/kernel/traps.c", &[
        "bad_stack",
    ]),
    only(&[Format::Cfi], "kernel/cfi.c", &[
        "^__cfi_", "^handle_cfi_failure$",
    ]),
    only(&[Format::SpuriousIrq], "kernel/irq, arch/*/kernel/irq.c", &[
        "^__report_bad_irq$", "^note_interrupt$", "^handle_", "^__handle_", "^generic_handle_", "^asm_",
        "^common_interrupt", "^__common_interrupt$", "^do_IRQ$",
    ]),
    only(&[Format::Rust], "Rust's core library and its panic handler: rust/kernel/lib.rs", &[
        "rust_begin_unwind", "<rust_panic", "<rust_helper_", "core::", "^<<core::", "^alloc::", "^<<alloc::",
        "^kernel::panic",
    ]),
    only(&[Format::Hung], "kernel/sched, kernel/locking, kernel/rcu: a task that hangs waits in them", &[
        "<sched", "<schedule", "resched>", "_lock>", "slowlock", "<down", "<rwsem", "<completion",
        "<kthread", "<wait>", "^waiting", "fdatawait", "swait", "wait4", "waitid", "<synchronize",
        "^context_switch", "^__switch_to", "^cancel_delayed_work", "rcu_barrier",
    ]),
    blame(&[Format::Hung, Format::Atomic], "They only wait, for whoever called them: kernel/time/timer.c, kernel/sched, kernel/workqueue.c, mm/filemap.c", &[
        "^schedule$", "^__schedule$", "^preempt_schedule", "^___preempt_schedule", "^schedule_preempt_disabled$", "^msleep", "^ssleep$", "^usleep_range", "^fsleep$", "^schedule_timeout", "^schedule_hrtimeout",
        "^io_schedule", "^do_nanosleep$", "^wait_for_", "^wait_on_", "^wait_woken$", "^__wait_",
        "^wait_rcu_gp$", "^__wait_rcu_gp$", "^bit_wait", "^out_of_line_wait_", "^folio_wait_",
        "^__folio_lock", "^folio_lock", "^flush_", "^__flush_", "^drain_workqueue", "^cancel_work",
        "^__cancel_work", "^kthread_stop", "^kthread_park$", "^kthread_flush_", "^rtnl_lock",
        "^synchronize_", "^__synchronize_", "^rcu_barrier", "^srcu_barrier", "^mutex_lock", "^down_",
        "^__down", "^cond_resched", "^__cond_resched", "^_cond_resched$", "^completion_", "^console_lock$",
        "^lock_sock_nested$", "^__lock_sock$",
    ]),
    blame(&[Format::Hung, Format::Atomic], "The same, of work, devices, CPUs and timers: kernel/workqueue.c, kernel/stop_machine.c, net/core/dev.c, block, mm", &[
        "^disable_work_sync$", "^disable_delayed_work_sync$", "^work_on_cpu", "^schedule_on_each_cpu$",
        "^execute_in_process_context$", "^stop_machine", "^stop_one_cpu", "^stop_two_cpus$", "^__stop_cpus$",
        "^smp_call_on_cpu$", "^hrtimer_cancel", "^tasklet_kill$", "^tasklet_disable", "^tasklet_unlock_",
        "^napi_disable", "^disable_irq$", "^smpboot_park_threads$", "^percpu_ref_switch_to_atomic_sync$",
        "^rcu_sync_enter$", "^kernfs_drain$", "^blk_mq_freeze_queue", "^blk_freeze_queue", "^blk_mq_quiesce_",
        "^blk_execute_rq", "^blkdev_issue_flush$", "^submit_bio_wait$", "^get_request_wait$",
        "^balance_dirty_pages", "^throttle_direct_reclaim$", "^reclaim_throttle$", "^throttle_vm_writeout$",
        "^inode_sleep_on_writeback$", "^lru_add_drain_all$", "^__lru_add_drain_all$", "^drain_all_pages$",
        "^__drain_all_pages$", "^sleep_on_page", "^sleep_on_buffer$", "^sync_buffer$", "^sync_page",
        "^sync_dirty_buffer$", "^__sync_dirty_buffer$", "^__bread", "^__bh_read", "^bh_submit_read$",
        "^__lock_buffer$", "^do_cpu_nanosleep$", "^sleep_on", "^interruptible_sleep_on",
    ]),
    blame(&[Format::Hung, Format::Atomic], "Locks by other names: kernel/cpu.c, fs", &[
        "^get_online_cpus$", "^cpu_maps_update_begin$", "^cpu_hotplug_begin$", "^__sb_start_write$",
        "^sb_start_write$", "^mnt_want_write", "^lock_rename", "^lock_two_", "^lock_mount", "^lock_system_sleep$",
        "^__rwsem_", "^rwsem_", "^ww_mutex_",
    ]),
    blame(&[Format::Hung, Format::Atomic], "A journal that takes nothing more: fs/jbd2, fs/jbd, fs/ext4/ext4_jbd2.c, fs/xfs/xfs_log.c, xfs_trans.c, xfs_buf.c", &[
        "^jbd2_log_wait_commit$", "^log_wait_commit$", "^jbd2_complete_transaction$", "^jbd2__journal_start$",
        "^jbd2_journal_start$", "^journal_start$", "^start_this_handle$", "^add_transaction_credits$", "^do_get_write_access$",
        "^jbd2_journal_get_write_access$", "^journal_get_write_access$", "^jbd2_journal_force_commit",
        "^__ext4_journal_start", "^__ext4_journal_get_write_access$", "^xlog_grant_head_", "^xfs_log_reserve$",
        "^xfs_trans_reserve$", "^xfs_trans_alloc", "^xfs_log_force", "^xlog_force_", "^xfs_buf_iowait$", "^xfs_buf_lock$",
    ]),
    blame(&[Format::Hung, Format::Atomic], "Servers and other machines that do not answer: net/sunrpc, fs/gfs2/glock.c, fs/dlm, fs/fuse, net/9p, fs/ceph, fs/smb", &[
        "^__rpc_execute$", "^rpc_execute$", "^rpc_run_task$", "^rpc_call_sync$", "^rpc_wait_", "^gfs2_glock_nq",
        "^gfs2_glock_wait$", "^gfs2_glock_async_wait$", "^dlm_posix_lock$", "^fuse_simple_request$", "^__fuse_simple_request$",
        "^fuse_request_send$", "^__fuse_request_send$", "^p9_client_rpc$", "^p9_client_zc_rpc$", "^ceph_mdsc_do_request$",
        "^cifs_send_recv$", "^compound_send_recv$", "^SendReceive",
    ]),
    blame(STALLS, "They tell the time, for whoever passes it: kernel/time, arch/*/kernel/tsc.c, pvclock.c", &[
        "^ktime_get", "^ktime_add", "^sched_clock", "^local_clock", "^native_sched_clock", "^read_tsc$", "^rdtsc",
        "^native_read_tsc$", "^kvm_clock_", "^kvm_sched_clock_read$", "^pvclock_", "^paravirt_sched_clock",
        "^xen_clocksource_", "^xen_sched_clock$", "^read_hv_", "^arch_counter_get_", "^__arch_counter_get_",
        "^arch_timer_read_", "^arch_timer_get_", "^getnstimeofday", "^__getnstimeofday", "^do_gettimeofday$", "^get_cycles$",
        "^read_hpet$", "^acpi_pm_read", "^delay_halt", "^delay_mwaitx$", "^delay_tpause$", "^use_tsc_delay$",
        "^timebase_read$", "^ktime_mono_to_any$",
    ]),
    blame(STALLS, "A guest that waits for a lock, and calls of its host: arch/x86/kernel/kvm.c, arch/x86/xen, arch/x86/hyperv, arch/powerpc/lib/locks.c", &[
        "^kvm_wait$", "^kvm_kick_cpu$", "^xen_poll_irq", "^xen_qlock_wait$", "^xen_lock_spinning$", "^xen_hypercall_",
        "^hypercall_page$", "^hv_qlock_wait$", "^hv_do_hypercall", "^pv_wait", "^pv_native_safe_halt$", "^plpar_hcall",
        "^yield_to_preempted$", "^splpar_spin_yield$", "^__spin_yield$", "^__rw_yield$", "^arch_spin_relax$",
    ]),
    blame(STALLS, "They wait for other CPUs: kernel/smp.c, kernel/stop_machine.c, arch/*/mm/tlb.c", &[
        "^smp_call_function", "^on_each_cpu", "^csd_lock_wait$", "^__csd_lock_wait$", "^generic_exec_single$",
        "^native_flush_tlb_", "^flush_tlb_", "^kvm_flush_tlb_", "^xen_flush_tlb_", "^hyperv_flush_tlb_",
        "^arch_tlbbatch_flush$", "^text_poke_", "^kick_all_cpus_sync$",
    ]),
    blame(STALLS, "An idle CPU does nothing: kernel/sched/idle.c, drivers/idle, arch/*/kernel/process.c", &[
        "^native_safe_halt$", "^xen_safe_halt$", "^default_idle", "^arch_cpu_idle", "^__arch_cpu_idle$", "^cpu_do_idle$",
        "^cpuidle_", "^acpi_idle_", "^acpi_safe_halt$", "^acpi_processor_ffh_cstate_enter$", "^intel_idle", "^mwait_idle",
        "^poll_idle$", "^do_idle$", "^cpu_idle", "^cpu_startup_entry$", "^cpu_enter_idle$", "^haltpoll_", "^psw_idle",
        "^enabled_wait$", "^power_nap", "^pseries_lpar_idle$", "^dedicated_cede_loop$", "^shared_cede_loop$",
        "^start_secondary", "^secondary_start", "^__secondary_switched$", "^smp_callin$", "^rest_init$", "^start_kernel$",
        "^arch_call_rest_init$", "^x86_64_start_", "^secondary_startup_64", "^__r4k_wait", "^r4k_wait", "^cpu_bringup_and_idle$",
    ]),
    blame(STALLS, "What a preempted task comes back to: kernel/sched/core.c", &[
        "^finish_task_switch", "^schedule_tail$", "^__cond_resched", "^_cond_resched$", "^cond_resched", "^yield$",
        "^yield_to$",
    ]),
    blame(&[Format::Spinlock], "kernel/locking/spinlock_debug.c: they report", &[
        "^rwlock_bug$", "^spin_bug$", "^spin_dump$",
    ]),
    only(&[Format::Spinning], "arch/*/lib: they touch the memory of programs, whoever asks them", &[
        "^clear_user_", "^__arch_clear_user", "^arm_clear_user$", "^lclear_user$", "^copy_user_generic_", "^__copy_tofrom_user",
        "^fallback_scalar_usercopy", "^__asm_vector_usercopy", "^enter_vector_usercopy$", "^enter_vmx_usercopy$",
        "^copy_mc_", "^__xtensa_copy_user$", "^copy_user_highpage",
    ]),
    only(&[Format::Spinning], "arch/*/lib, lib/string.c: copies and sets by names of their own, in kallsyms the last one of a place", &[
        "^mmioset$", "^mmiocpy$", "^__memzero$", "^cacheable_mem", "^generic_memcpy$", "^backwards_memcpy$", "^__bzero", "^bzero$",
        "^bcopy$", "^bcmp$", "^rmemcpy$", "^__rmemcpy", "^__constant_c_memset$", "^GENmem", "^GENbzero$", "^GENcopy_",
        "^U1mem", "^U1copy_", "^U3mem", "^U3copy_", "^NGmem", "^NGbzero$", "^NGcopy_", "^NG2mem", "^NG2copy_", "^NG4mem",
        "^NG4bzero$", "^NG4copy_", "^M7mem", "^M7bzero$", "^M7copy_", "^__movmem", "^movmem", "^stpcpy$", "^strpbrk$",
    ]),
    only(&[Format::Spinning], "arch/*/lib: pages and checksums, whosesoever they are; __pi_ is arm64's other name of what may run before its mapping", &[
        "^__pi_clear_page$", "^__pi_copy_page$", "^__pi_dcache_", "^__pi_caches_", "^__pi_icache_", "^clear_page$", "^clear_page_",
        "^copy_page$", "^copypage_power7$", "^csum_partial", "^__csum_partial", "^do_csum$", "^__csum_ipv6_magic$", "^csum_ipv6_magic$",
        "^ip_fast_csum$", "^ip_compute_csum$",
    ]),
    only(&[Format::Spinning], "They pass the time, check or print: arch/*/lib/delay.c, mm/slub.c, mm/oom_kill.c, kernel/rcu", &[
        "^delay_tsc$", "^__delay$", "^__udelay$", "^__ndelay$", "^__const_udelay$", "^cpu_relax$",
        "^check_preemption_disabled$", "^check_bytes_and_report$", "^free_debug_processing$",
        "^alloc_debug_processing$", "^check_object$", "^check_slab$", "^on_freelist$", "^__slab_err$",
        "^free_to_partial_list$", "^get_from_partial_node$", "^dump_header$", "^print_bad_pte$", "^rcu_dump_cpu_stacks$",
        "^__schedule$", "^schedule$", "^__schedule_loop$", "^schedule_idle$", "^_cond_resched$", "^wait_for_completion",
        "^wait_for_common", "^__wait_for_common$", "^synchronize_", "^__synchronize_srcu$", "^__wait_rcu_gp$",
        "^wait_rcu_gp", "^udelay$", "^__delay_cycles$", "^delay_loop$",
        "^ndelay$", "^__loop_udelay$", "^__loop_const_udelay$", "^__timer_udelay$", "^__timer_const_udelay$", "^udelay_simple$",
        "^__loop_delay$", "^__timer_delay$", "^arch_timer_read_cntvct_el0$", "^arch_counter_get_cntvct",
        "^__arch_counter_get_cntvct", "^arch_timer_read_counter_long$", "^schedule_timeout",
        "^schedule_hrtimeout", "^io_schedule", "^msleep", "^ssleep$", "^fsleep$", "^usleep_range",
    ]),
    blame(STALLS, "Consoles, which are slow: kernel/printk, drivers/tty/serial. Who prints is to blame", &[
        "^console_unlock$", "^__console_unlock$", "^console_flush_all$", "^console_emit_next_record$",
        "^call_console_drivers", "^__call_console_drivers$", "^console_cont_flush$", "^console_trylock_spinning$",
        "^nbcon_", "^univ8250_console_write$", "^serial8250_console_write$", "^serial8250_console_putchar$",
        "^serial8250_tx_wait_empty$", "^wait_for_xmitr$", "^wait_for_lsr$", "^uart_console_write$",
        "^io_serial_in$", "^io_serial_out$", "^mem_serial_in$", "^mem32_serial_in$", "^pl011_console_write",
        "^pl011_console_putchar$", "^hvc_console_print$", "^sclp_con", "^sbi_console_write", "^early_serial_",
    ]),
    only(&[Format::Spinning], "The switch of a task that was preempted, from an interrupt's end: kernel/sched/core.c, kernel/entry", &[
        "^preempt_schedule", "^___preempt_schedule", "^__cond_resched$", "^irqentry_exit", "^raw_irqentry_exit",
        "^arm64_preempt_schedule_irq$", "^el1_interrupt$", "^el1h_64_irq",
    ]),
    only(&[Format::Spinning], "What prints stacks: kernel/sched/core.c, lib/nmi_backtrace.c", &[
        "^sched_show_task$", "^show_state_filter$", "^dump_cpu_task$", "^nmi_cpu_backtrace$",
        "^nmi_trigger_cpumask_backtrace$",
    ]),
    only(&[Format::Spinning], "They find what their callers did wrong, and only say it: mm/slub.c, fs/sysfs/dir.c, kernel/dma/debug.c", &[
        "^warn_free_bad_obj", "^cache_from_obj", "^sysfs_warn_dup$", "^check_unmap$", "^check_sync$", "^debug_dma_", "^add_dma_entry$",
        "^active_cacheline_", "^err_printk$", "^dma_map_page_attrs$", "^dma_unmap_page_attrs$", "^dma_map_phys$", "^dma_unmap_phys$",
        "^dma_map_sg_attrs$", "^__dma_map_sg_attrs$", "^dma_unmap_sg_attrs$", "^dma_sync_s", "^__dma_sync_s",
    ]),
    only(&[Format::Spinning], "They wake who waits for what their callers hold: kernel/sched/completion.c, swait.c", &[
        "^swake_up_", "^complete_all$", "^complete_with_flags$", "^complete_on_current_cpu$",
    ]),
    only(&[Format::Zfs], "The way to a panic: module/os/linux/spl of OpenZFS", &[
        "^spl_", "^vcmn_err$", "^cmn_err$", "^zfs_panic_recover$",
    ]),
    blame(&[Format::SoftLockup, Format::HardLockup, Format::RcuStall, Format::Spinning], "Interrupts that were put off come here: arch/powerpc/kernel/irq.c, irq_64.c", &[
        "^arch_local_irq_restore$", "^restore_check_irq_replay$", "^__check_irq_replay$", "^replay_soft_interrupts",
    ]),
    blame(&[Format::BadPage], "Who frees or takes a page finds that it is bad: mm/page_alloc.c", &[
        "^bad_page$", "^check_new_page", "^check_free_page", "^free_page_is_bad", "^free_pages", "^__free_pages", "^___free_pages", "^__free_page$",
        "free_frozen_pages", "^free_pcp", "^free_unref", "^free_tail_page", "^free_contig", "^prep_new_page$",
        "^rmqueue", "^__rmqueue", "^get_page_from_freelist$", "^__alloc_pages", "^alloc_pages", "^vma_alloc_folio",
    ]),
    entries("x86 since Linux 5.8: arch/x86/include/asm/idtentry.h, entry_64.S, entry_64_fred.S", &[
        "^asm_sysvec_", "^asm_common_interrupt$", "^common_interrupt$", "^asm_spurious_interrupt$",
        "^asm_exc_nmi", "^asm_noist_exc_nmi$", "^asm_xenpv_exc_nmi$", "^xen_asm_xenpv_exc_nmi$", "^xen_asm_exc_xennmi$",
        "^asm_exc_xennmi$", "^asm_exc_xen_hypervisor_callback$", "^exc_xen_hypervisor_callback$",
        "^asm_fred_entrypoint_kernel$", "^asm_fred_entry_from_kvm$",
    ]),
    entries("x86 up to Linux 5.7: entry_64.S, entry_32.S, arch/x86/include/asm/entry_arch.h, irq_vectors.h", &[
        "apic_timer_interrupt", "reschedule_interrupt$", "^call_function_interrupt$", "^trace_call_function_interrupt$",
        "^call_function_single_interrupt$", "^trace_call_function_single_interrupt$", "^invalidate_interrupt", "^irq_work_interrupt$",
        "^trace_irq_work_interrupt$", "^perf_pending_interrupt$", "^reboot_interrupt$", "^generic_interrupt$",
        "x86_platform_ipi$", "^kvm_posted_intr_", "threshold_interrupt$", "deferred_error_interrupt$",
        "thermal_interrupt$", "^error_interrupt$", "^spurious_interrupt$", "^mce_self_interrupt$",
        "^irq_move_cleanup_interrupt$", "^uv_bau_message_intr1$", "^ret_from_intr$", "^retint_kernel$",
        "^xen_do_hypervisor_callback$", "^xen_hypervisor_callback$", "^xen_do_upcall$",
        "^xen_hvm_callback_vector$", "^hyperv_callback_vector$", "^hyperv_reenlightenment_vector$",
        "^hv_stimer0_callback_vector$", "^acrn_hv_callback_vector$",
        "^nmi$", "^end_repeat_nmi$", "^repeat_nmi$", "^first_nmi$", "^nmi_stack_correct$", "^nmi_stack_fixup$",
        "^nmi_espfix_stack$", "^nmi_debug_stack_check$", "^need_resched$", "^resume_kernel$",
    ]),
    entries("arm64, arm: arch/arm64/kernel/entry.S, arch/arm/kernel/entry-armv.S", crate::arch::entries::ARM),
    entries("riscv, loongarch, mips: arch/*/kernel/entry.S, genex.S", crate::arch::entries::RISCV),
    entries("The first function in C of those", &["^do_irq$", "^do_vint$", "^nmi_handler$"]),
    entries("powerpc: arch/powerpc/kernel/exceptions-64s.S, exceptions-64e.S, head_32.h, interrupt_64.S", &[
        "^hardware_interrupt_common", "^decrementer_common", "^doorbell_super_common", "^h_doorbell_common",
        "^h_virt_irq_common", "^performance_monitor_common", "^system_reset_common", "^soft_nmi_common$",
        "^hmi_exception_common", "^hardware_interrupt_entry$", "^exc_0x280_common$", "^exc_0x500_common$",
        "^exc_0x900_common$", "^HardwareInterrupt_virt$", "^Decrementer_virt$", "^ret_from_except",
        "^interrupt_return",
    ]),
    entries("s390: arch/s390/kernel/entry.S", crate::arch::entries::S390),
    entries("m68k: arch/m68k/kernel/entry.S, arch/m68k/68000/entry.S, arch/m68k/coldfire/entry.S", &[
        "^auto_inthandler$", "^auto_irqhandler_fixup$", "^user_inthandler$", "^user_irqhandler_fixup$", "^user_irqvec_fixup$",
        "^bad_inthandler$", "^inthandler", "^process_int$",
    ]),
    entries("sparc, parisc, ia64, alpha: arch/*/kernel/entry.S, ttable_64.S", &[
        "^tl0_irq", "^real_irq_continue$", "^intr_return$", "^ia64_leave_kernel$", "^ia64_native_leave_kernel$",
        "^do_entInt$",
    ]),
    late_anchors("arch/*/entry, kernel/workqueue.c, init/main.c", &[
        "^entry_SYSCALL", "^el0_svc", "^__el0_svc", "^worker_thread", "^start_kernel$",
    ]),
    anchors("Ways into the kernel: arch/*/entry", &[
        "^do_syscall_", "^do_fast_syscall_", "^__do_fast_syscall_32", "^sysenter_dispatch",
        "^tracesys_phase2", "^invoke_syscall", "^ret_fast_syscall", "^__sys_trace_return", "^el0_svc_handler",
        "^do_page_fault$", "^page_fault$", "^exit_to_usermode",
        "^prepare_exit_to_usermode", "^__prepare_exit_to_usermode$",
    ]),
    anchors("Threads and interrupts: kernel/workqueue.c, kernel/softirq.c, kernel/time, kernel/sched/idle.c", &[
        "^process_one_work$", "^run_workqueue$", "^kthread$", "^child_rip$", "^ret_from_fork", "^start_secondary",
        "^cpu_startup_entry", "^run_ksoftirqd", "^smpboot_thread_fn", "^do_softirq",
        "^__do_softirq", "^____do_softirq$", "^handle_softirqs$", "^tasklet_action", "^tasklet_hi_action",
        "^call_timer_fn", "^expire_timers", "^_run_timers", "^__run_timers", "^run_timer_softirq",
        "^hrtimer_run", "^__hrtimer_run", "^rcu_do_batch", "^rcu_process_callbacks", "^smp_call_function",
        "flush_smp_call_function_queue", "generic_smp_call_function_single_interrupt", "^task_work_run",
    ]),
    anchors("Files: fs, block/ioctl.c", &[
        "vfs_write$", "vfs_read$", "^vfs_iter_read", "^vfs_iter_write", "^vfs_readv", "^vfs_writev",
        "^do_iter_read", "^do_iter_write", "^do_iter_readv_writev", "^do_loop_readv_writev",
        "^call_read_iter", "^call_write_iter", "^new_sync_read", "^new_sync_write", "^vfs_ioctl",
        "^do_vfs_ioctl", "compat_sys_ioctl", "^compat_SyS_ioctl", "compat_ioctl$", "^blkdev_driver_ioctl",
        "^blkdev_ioctl", "^compat_blkdev_ioctl$", "^vfs_open", "^do_dentry_open", "^__fput$", "^__fput_",
        "^____fput$", "^call_mmap", "^mmap_region", "^do_mmap", "^__do_fault$",
    ]),
    anchors("Sockets: net/socket.c, net/core/sock.c", &[
        "^sock_sendmsg", "^sock_recvmsg", "^sock_release", "^__sock_release", "^__sys_setsockopt$",
        "^sock_ioctl$", "^sock_do_ioctl", "^compat_sock_ioctl", "^sock_common_setsockopt",
        "^sock_common_getsockopt", "^compat_sock_common", "^sock_mmap$", "^sk_common_release$",
        "^kernel_listen$", "^kernel_accept$", "^kernel_connect$", "^kernel_setsockopt$",
    ]),
    anchors("Calls of programs, without their prefix", &[
        "^ioctl", "^connect", "^socketpair", "^setsockopt$", "^listen$", "^accept$",
    ]),
    anchors("Packets: net/core, net/netlink", &[
        "netif_receive_skb", "^nfnetlink_rcv_msg", "^rtnetlink_rcv_msg", "^netlink_dump",
    ]),
];

/// Functions of modules that the lists hold for as for the kernel's own: cores that distributions build as modules, and
/// the kernel's own tests, whose functions the convention takes for what they test.
#[rustfmt::skip]
pub(crate) const MODULES: &[(&[&str], &[&str])] = &[
    // drivers/usb
    (&["usbcore"], &[
        "usb_submit_urb", "usb_kill_urb", "usb_kill_anchored_urbs", "usb_control_msg", "usb_control_msg_send",
        "usb_control_msg_recv", "usb_bulk_msg", "usb_interrupt_msg", "usb_start_wait_urb", "usb_hcd_submit_urb",
    ]),
    (&["dummy_hcd"], &["dummy_urb_enqueue"]),
    // drivers/i2c, drivers/char/hw_random, drivers/infiniband
    (&["i2c_core"], &["i2c_del_adapter"]),
    (&["rng_core"], &["hwrng_unregister"]),
    (&["ib_core"], &[
        "ibdev_info", "ibdev_warn", "ibdev_err", "ibdev_notice", "ibdev_alert", "ibdev_crit", "ibdev_emerg",
    ]),
    // fs
    (&["btrfs"], &[
        "__btrfs_panic", "_btrfs_printk", "btrfs_printk", "assertfail", "btrfs_assertfail", "btrfs_tree_lock", "__btrfs_tree_lock", "btrfs_tree_read_lock",
        "__btrfs_tree_read_lock",
    ]),
    (&["nfs"], &["nfs_wait_bit_killable", "nfs_wait_on_request"]),
    (&["ocfs2"], &["__ocfs2_cluster_lock"]),
    (&["reiserfs"], &["__reiserfs_panic"]),
    (&["ufs"], &["ufs_panic"]),
    (&["jbd2"], &[
        "jbd2_log_wait_commit", "jbd2_complete_transaction", "jbd2__journal_start", "jbd2_journal_start",
        "start_this_handle", "add_transaction_credits", "do_get_write_access", "jbd2_journal_get_write_access",
        "jbd2_journal_force_commit", "jbd2_journal_force_commit_nested",
    ]),
    (&["jbd"], &[
        "log_wait_commit", "journal_start", "start_this_handle", "do_get_write_access", "journal_get_write_access",
    ]),
    (&["f2fs"], &["f2fs_filemap_fault"]),
    // Waits of cores: drivers/mmc/core/core.c, drivers/gpu/drm/drm_atomic_helper.c, drivers/nvme/host/core.c
    (&["mmc_core"], &["mmc_wait_for_req_done", "mmc_wait_for_req", "mmc_wait_for_cmd"]),
    (&["drm_kms_helper"], &[
        "drm_atomic_helper_wait_for_fences", "drm_atomic_helper_wait_for_vblanks", "drm_atomic_helper_wait_for_flip_done",
    ]),
    (&["nvme_core"], &["nvme_wait_freeze", "nvme_wait_freeze_timeout"]),
    (&["ext4"], &[
        "__ext4_journal_start", "__ext4_journal_start_sb", "__ext4_journal_start_reserved", "__ext4_journal_get_write_access",
        "ext4_filemap_fault",
    ]),
    (&["xfs"], &[
        "assertfail", "xlog_grant_head_wait", "xlog_grant_head_check", "xfs_log_reserve", "xfs_trans_reserve", "xfs_trans_alloc",
        "xfs_trans_alloc_inode", "xfs_trans_alloc_icreate", "xfs_trans_alloc_ichange", "xfs_trans_alloc_empty",
        "xfs_log_force", "xfs_log_force_seq", "xfs_log_force_lsn", "xlog_force_lsn", "xfs_buf_iowait", "xfs_buf_lock", "xlog_wait_on_iclog",
        "xfs_filemap_fault", "__xfs_filemap_fault",
    ]),
    (&["gfs2"], &["gfs2_glock_nq", "gfs2_glock_nq_m", "gfs2_glock_wait", "gfs2_glock_async_wait"]),
    (&["dlm"], &["dlm_posix_lock"]),
    (&["fuse"], &["fuse_simple_request", "__fuse_simple_request", "fuse_request_send", "__fuse_request_send"]),
    (&["9pnet"], &["p9_client_rpc", "p9_client_zc_rpc"]),
    (&["ceph"], &["ceph_mdsc_do_request"]),
    (&["cifs"], &["cifs_send_recv", "compound_send_recv", "SendReceive", "SendReceive2", "SendReceiveNoRsp"]),
    // net/sunrpc, net/netfilter
    (&["nfnetlink"], &["nfnetlink_rcv_msg"]),
    (&["sunrpc"], &[
        "__rpc_execute", "rpc_execute", "rpc_run_task", "rpc_call_sync", "rpc_wait_bit_killable",
        "rpc_wait_for_completion_task",
    ]),
    // lib
    (&["crc16"], &["crc16"]),
    (&["crc_itu_t"], &["crc_itu_t"]),
    (&["crc7"], &["crc7_be"]),
    (&["crc8"], &["crc8"]),
    // OpenZFS, Lustre
    (&["spl", "zfs"], &[
        "spl_panic", "spl_dumpstack", "vcmn_err", "cmn_err", "zfs_panic_recover", "cv_wait_common", "__cv_wait", "__cv_wait_io",
        "__cv_wait_io_sig", "__cv_wait_sig", "__cv_wait_idle",
    ]),
    (&["libcfs"], &["lbug_with_loc"]),
    // mm/kasan/kasan_test_c.c; lib/test_kasan.c up to Linux 6.1
    (&["kasan_test", "test_kasan"], &[
        "kmalloc_oob_right", "kmalloc_oob_left", "kmalloc_node_oob_right", "kmalloc_pagealloc_oob_right",
        "kmalloc_pagealloc_uaf", "kmalloc_pagealloc_invalid_free", "kmalloc_large_oob_right", "kmalloc_large_uaf",
        "kmalloc_large_invalid_free", "kmalloc_big_oob_right", "kmalloc_oob_krealloc_more",
        "kmalloc_oob_krealloc_less", "kmalloc_oob_16", "kmalloc_uaf_16", "kmalloc_oob_in_memset",
        "kmalloc_oob_memset_2", "kmalloc_oob_memset_4", "kmalloc_oob_memset_8", "kmalloc_oob_memset_16",
        "kmalloc_memmove_negative_size", "kmalloc_memmove_invalid_size", "kmalloc_uaf", "kmalloc_uaf_memset",
        "kmalloc_uaf2", "kmalloc_uaf3", "kmalloc_double_kzfree", "kmalloc_track_caller_oob_right",
        "krealloc_more_oob", "krealloc_less_oob", "krealloc_more_oob_helper", "krealloc_less_oob_helper",
        "krealloc_large_more_oob", "krealloc_large_less_oob", "krealloc_uaf", "kmem_cache_oob",
        "kmem_cache_accounted", "kmem_cache_bulk", "kmem_cache_double_free", "kmem_cache_invalid_free",
        "kmem_cache_double_destroy", "kmem_cache_rcu_uaf", "memcg_accounted_kmem_cache", "kasan_global_oob_right",
        "kasan_global_oob_left", "kasan_global_oob", "kasan_stack_oob", "kasan_alloca_oob_left",
        "kasan_alloca_oob_right", "kasan_memchr", "kasan_memcmp", "kasan_strings", "kasan_bitops",
        "kasan_bitops_generic", "kasan_bitops_tags", "kasan_bitops_modify", "kasan_bitops_test_and_modify",
        "kasan_atomics", "kasan_atomics_helper", "kasan_quarantine_cache", "vmalloc_helpers_tags", "vmalloc_oob",
        "vmalloc_percpu", "kmalloc_tests_init", "copy_user_test",
    ]),
];

/// Source files of machinery: a frame that is in one is not to blame, whatever its name. `*` stands for any bytes.
pub(crate) const MACHINERY: &[&str] = &[
    "mm/kasan/*",
    "mm/kmsan/*",
    "mm/kfence/*",
    "mm/slub.c",
    "mm/slab.c",
    "mm/slab_common.c",
    "mm/kmemleak.c",
    "kernel/kcsan/*",
    "kernel/panic.c",
    "kernel/locking/lockdep.c",
    "kernel/locking/spinlock.c",
    "kernel/locking/spinlock_debug.c",
    "kernel/printk/*",
    "kernel/stacktrace.c",
    "lib/bug.c",
    "lib/debugobjects.c",
    "lib/dump_stack.c",
    "lib/fault-inject.c",
    "lib/list_debug.c",
    "lib/refcount.c",
    "lib/smp_processor_id.c",
    "lib/string.c",
    "lib/ubsan.c",
    "lib/vsprintf.c",
    "arch/*/kernel/stacktrace.c",
    "arch/*/kernel/dumpstack*",
    "arch/*/kernel/unwind*",
];

/// Beginnings of the paths of the kernel proper: the names of the functions there are those that the lists are about.
/// In any other file (a driver's, a file system's, a protocol's) a function only borrows such a name.
pub(crate) const PROPER: &[&str] = &[
    "arch/",
    "block/",
    "crypto/",
    "include/",
    "init/",
    "io_uring/",
    "ipc/",
    "kernel/",
    "lib/",
    "mm/",
    "rust/",
    "security/",
    "virt/",
    "drivers/acpi/processor_idle.c",
    "drivers/base/",
    "drivers/char/hw_random/core.c",
    "drivers/clocksource/",
    "drivers/cpuidle/",
    "drivers/i2c/i2c-core",
    "drivers/idle/",
    "drivers/infiniband/core/",
    "drivers/s390/char/sclp_con.c",
    "drivers/tty/hvc/hvc_console.c",
    "drivers/tty/serial/",
    "drivers/tty/tty_",
    "drivers/usb/core/",
    "drivers/usb/gadget/udc/dummy_hcd.c",
    "drivers/xen/events/",
    "fs/btrfs/messages.",
    "fs/ceph/mds_client.c",
    "fs/cifs/transport.c",
    "fs/dlm/plock.c",
    "fs/ext4/ext4_jbd2.c",
    "fs/fuse/dev.c",
    "fs/gfs2/glock.c",
    "fs/iomap/",
    "fs/jbd/",
    "fs/jbd2/",
    "fs/kernfs/",
    "fs/proc/",
    "fs/reiserfs/prints.c",
    "fs/smb/client/transport.c",
    "fs/sysfs/",
    "fs/ufs/super.c",
    "fs/xfs/xfs_buf.c",
    "fs/xfs/xfs_log",
    "fs/xfs/xfs_message.c",
    "fs/xfs/xfs_trans.c",
    "net/9p/client.c",
    "net/core/",
    "net/netfilter/nfnetlink.c",
    "net/netlink/af_netlink.c",
    "net/socket.c",
    "net/sunrpc/",
    "net/unix/af_unix.c",
];

/// Folders of the kernel proper whose own folders are not.
pub(crate) const PROPER_FOLDERS: &[&str] = &["fs"];

/// Prefixes of the functions that enter a system call; a title names the call without them.
pub(crate) const SYSCALL_PREFIXES: &[&str] = &[
    "SYSC_",
    "SyS_",
    "sys_",
    "__x64_",
    "__ia32_",
    "__arm64_",
    "____sys_",
    "___sys_",
    "__sys_",
    "__se_",
    "__se_sys_",
    "__do_sys_",
    "compat_SYSC_",
    "compat_SyS_",
    "ksys_",
];

/// Anchors that are the title themselves, by a piece of their names: what they call is every caller's.
pub(crate) const TITLED_ANCHORS: &[(&str, &str)] = &[("smp_call_function", "smp_call_function")];

/// What they call is a test of KUnit's: `kmalloc_oob_right` of mm/kasan, `test_krealloc` of mm/kfence (lib/kunit/test.c).
pub(crate) const RUNS_TESTS: &[&str] = &["kunit_try_run_case", "kunit_run_case_internal"];

/// Frames that name a hung task's title whatever else waits on the stack: everybody waits here.
pub(crate) const WAITED_FOR: &[(&str, &str)] = &[
    ("rtnl_lock", ""),
    ("synchronize_rcu", "synchronize_rcu"),
    ("synchronize_srcu", "synchronize_rcu"),
    ("synchronize_net", "synchronize_rcu"),
    ("synchronize_sched", "synchronize_rcu"),
];
