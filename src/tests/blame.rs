//! Checks who is to blame: the tables of `formats::skip` against what is known of the convention, and against the names
//! of a real kernel's functions, drawn from the `System.map`s of `../shared/lab` beside the project. Where they are
//! absent the tests say so and pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::formats::skip::{self, Format, Holds};
use crate::reports;
use crate::rules::{self, List, Names};
use crate::text;

use super::support::Random;

/// A function that is on no list.
const OUTER: &str = "demo_outer";

/// Kinds of crashes, and how each begins: the banner and what stands before the frames.
const HEADS: &[(Format, &str)] = &[
    (Format::Plain, "BUG: sleeping function called from invalid context at fs/demo.c:1\nCall Trace:"),
    (
        Format::Kasan,
        "BUG: KASAN: use-after-free in kasan_demo+0x1/0x2\nRead of size 8 at addr ffff888005a1c008 by task demo/7\nCall Trace:",
    ),
    (Format::KasanFree, "BUG: KASAN: invalid-free in kasan_demo+0x1/0x2\nCall Trace:"),
    (Format::Kmsan, "BUG: KMSAN: uninit-value in kmsan_demo+0x1/0x2"),
    (Format::Leak, "BUG: memory leak\nunreferenced object 0xffff888005c1f800 (size 96):\n  backtrace:"),
    (Format::Ubsan, "UBSAN: shift-out-of-bounds in fs/demo.c:1:2\nCall Trace:"),
    (Format::Spinlock, "BUG: spinlock bad magic on CPU#0, demo/7\nCall Trace:"),
    (Format::Atomic, "BUG: scheduling while atomic: demo/7/0x00000002\nCall Trace:"),
    (
        Format::Preemptible,
        "BUG: using smp_processor_id() in preemptible [00000000] code: demo/7\nCall Trace:",
    ),
    (Format::WaitContext, "[ BUG: Invalid wait context ]\nCall Trace:"),
    (Format::Usercopy, "kernel BUG at mm/usercopy.c:102!\nCall Trace:"),
    (Format::KernelBug, "kernel BUG at fs/demo.c:1!\nCall Trace:"),
    (
        Format::BadPage,
        "BUG: Bad page state in process demo  pfn:12345\npage last allocated via order 0, migratetype Movable",
    ),
    (Format::Odebug, "WARNING: CPU: 0 PID: 7 at lib/debugobjects.c:505 debug_demo+0x1/0x2\nCall Trace:"),
    (Format::SuspiciousRcu, "WARNING: suspicious RCU usage\nfs/demo.c:1 suspicious\nCall Trace:"),
    (Format::NonStaticKey, "INFO: trying to register non-static key.\nCall Trace:"),
    (Format::Hung, "INFO: task demo:7 blocked for more than 120 seconds.\nCall Trace:"),
    (Format::CantDie, "INFO: task demo:7 can't die for more than 143 seconds.\nCall Trace:"),
];

/// The function in the title of a synthetic report with `frame` on top of its stack.
fn titled(head: &str, frame: &str) -> Option<String> {
    let mut log = String::new();
    let stack = format!(" {frame}\n {OUTER}+0x1/0x2\n do_syscall_64+0x1/0x2\n entry_SYSCALL_64+0x1/0x2");
    for line in head.lines().chain(stack.lines()) {
        log += &format!("[    1.000000][    T7] {line}\n");
    }
    let report = reports(log.as_bytes()).next()?;
    report.frame().map(str::to_string)
}

/// Whether a pattern fits a name, as its definition reads.
fn fits(pattern: &str, name: &str) -> bool {
    let piece = pattern.trim_start_matches(['^', '<']).trim_end_matches(['$', '>']);
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.match_indices(piece).any(|(at, _)| {
        let (before, after) = (&name[..at], &name[at + piece.len()..]);
        (!pattern.starts_with('^') || before.is_empty())
            && (!pattern.ends_with('$') || after.is_empty())
            && (!pattern.starts_with('<') || !word(before.chars().last()))
            && (!pattern.ends_with('>') || !word(after.chars().next()))
    })
}

/// Whether the lists hide a function of the kernel proper from the titles of a kind.
fn is_hidden(format: Format, name: &str) -> bool {
    List::Everywhere.patterns().chain(List::In(format).patterns()).any(|pattern| fits(pattern, name))
}

/// The functions of the lab's kernels, without what compilers append; each once.
fn functions() -> Option<Vec<String>> {
    let mut names = Vec::new();
    for map in ["lab/System.map", "lab/System.map2", "lab7/amd64-debug/System.map"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(map);
        let Ok(map) = fs::read_to_string(path) else { continue };
        let symbols = map.lines().filter_map(|line| line.split_once(' ')?.1.split_once(' '));
        let code = symbols.filter(|(kind, _)| matches!(*kind, "t" | "T" | "w" | "W"));
        names.extend(code.map(|(_, name)| name.split('.').next().unwrap_or(name).to_string()));
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        println!("../shared/lab is absent: nothing to check");
        return None;
    }
    Some(names)
}

/// Whether a title spells the name as it is: it cuts prefixes of system calls and numbers.
fn is_plain(name: &str) -> bool {
    let cut = skip::SYSCALL_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    // A frame of injected faults is a sign of two mixed stacks.
    let injected = name.starts_with("should_fail");
    let digits = name.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() > 5);
    !cut && !injected
        && !digits
        && !name.is_empty()
        && name.len() < 50
        && !name.starts_with("_R")
        && !name.starts_with("_Z")
}

#[test]
fn titles_name_what_no_list_hides() {
    let Some(functions) = functions() else { return };
    let mut wrong = Vec::new();
    for (seed, (format, head)) in HEADS.iter().enumerate() {
        let mut random = Random::new(seed as u64 + 1);
        // Half of all, half of those that a list of this kind hides: they are few.
        let own = Names::new(List::In(*format));
        let everywhere = Names::new(List::Everywhere);
        let hidden: Vec<&String> =
            functions.iter().filter(|name| own.has(name) || everywhere.has(name)).collect();
        let drawn = (0..200).map(|i| match i % 2 {
            0 => &functions[random.below(functions.len())],
            _ => hidden[random.below(hidden.len())],
        });
        for name in drawn.filter(|name| is_plain(name)) {
            let waited_for =
                *format == Format::Hung && skip::WAITED_FOR.iter().any(|(part, _)| name.contains(part));
            if waited_for {
                continue;
            }
            let want = if is_hidden(*format, name) { OUTER } else { name };
            let got = titled(head, &format!("{name}+0x10/0x20"));
            if got.as_deref() != Some(want) {
                wrong.push(format!("{format:?}: {name} gives {got:?}, not {want}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
}

#[test]
fn a_modules_function_only_borrows_the_words() {
    let names = [
        "acme_slab_memset",
        "spin_here",
        "vmalloc_probe",
        "kasan_selftest_x",
        "invalid_free_path",
        "kfence_uaf",
        "slab_oob_memset",
        "vmalloc_oob",
        "kasan_user_access",
        "spin_bad_magic",
        "acme_slab_init",
        "bad_kfree",
        "atomic_user",
        "mutex_in_spin",
        "list_del_corrupt",
        "rcu_stall",
        "debug_timer_work",
        "acme_printk_x",
        "__acme_list_add_rcu",
        "acme_rcu_alloc_lock",
        "queue_work_acme",
        "string",
        "pointer",
        "complete",
    ];
    for (format, head) in HEADS.iter().filter(|(format, _)| *format != Format::Hung) {
        for name in names {
            let got = titled(head, &format!("{name}+0x10/0x20 [acme]"));
            assert_eq!(got.as_deref(), Some(name), "{format:?}");
            let got = titled(head, &format!("{name}+0x10/0x20 drivers/acme/slab.c:7"));
            assert_eq!(got.as_deref(), Some(name), "{format:?}, by its file");
        }
    }
}

#[test]
fn known_functions_of_modules_are_machinery() {
    let plain = HEADS[0].1;
    for frame in [
        "usb_submit_urb+0x1/0x2 [usbcore]",
        "kmalloc_oob_right+0x1/0x2 [kasan_test]",
        // Copies of headers' functions
        "kzalloc.constprop.0+0x1/0x2 [acme]",
        "memcpy+0x1/0x2 [acme]",
        "spl_panic+0x1/0x2 [spl]",
    ] {
        assert_eq!(titled(plain, frame).as_deref(), Some(OUTER), "{frame}");
    }
    assert_eq!(titled(plain, "usb_submit_urb+0x1/0x2 [acme]").as_deref(), Some("usb_submit_urb"));
}

#[test]
fn a_file_decides_before_a_name() {
    let plain = HEADS[0].1;
    for (frame, want) in [
        ("acme_check+0x1/0x2 mm/slub.c:7", OUTER),
        ("acme_check+0x1/0x2 mm/kasan/report.c:7", OUTER),
        ("acme_check (mm/slub.c:7)", OUTER),
        ("kmalloc_acme+0x1/0x2 mm/util.c:7", OUTER),
        ("kmalloc_acme+0x1/0x2 fs/read_write.c:7", OUTER),
        ("kmalloc_acme+0x1/0x2 fs/acme/super.c:7", "kmalloc_acme"),
        ("kmalloc_acme (drivers/acme/slab.c:7) acme", "kmalloc_acme"),
        ("kmalloc_acme (./include/linux/acme.h:3 drivers/acme/slab.c:7)", "kmalloc_acme"),
        ("usb_submit_urb+0x1/0x2 drivers/usb/core/urb.c:7", OUTER),
        ("usb_submit_urb+0x1/0x2 [usbcore] drivers/usb/core/urb.c:7", OUTER),
        // Of a path from the root nobody knows where the kernel's folders begin.
        ("kmalloc_acme+0x1/0x2 /build/linux/mm/util.c:7", OUTER),
        ("kmalloc_acme+0x1/0x2 [acme] /src/acme/mem.c:7", "kmalloc_acme"),
    ] {
        assert_eq!(titled(plain, frame).as_deref(), Some(want), "{frame}");
    }
}

/// Helpers of the core that are never the culprit: the convention skips them.
const CORE: &str = "hex_string widen_string ip4_string ip6_string uuid_string bitmap_string flags_string fourcc_string \
    fwnode_string resource_string ip_addr_string escaped_string pointer_string check_pointer default_pointer \
    restricted_pointer kmemdup kmemdup_nul vmemdup_user devm_kmemdup sock_kmemdup strndup_user copy_string_kernel \
    copy_strings_kernel do_read_cache_folio do_read_cache_page read_cache_page read_cache_pages read_cache_page_gfp \
    grab_cache_page_write_begin find_or_create_page panic_saved_regs panic_bad_stack panic_smp_self_stop \
    panic_print_sys_info __reiserfs_panic __btrfs_panic ufs_panic skb_panic ldsem_down_read ldsem_down_write ldsem_up_read \
    call_rwsem_down_read_failed call_rwsem_down_write_failed_killable __rwsem_down_write_failed_common hlock_class \
    print_lock_class_header rcu_lock_acquire rcu_lock_release _atomic_dec_and_lock_irqsave plist_add plist_del \
    llist_add_batch llist_del_first dput_to_list __unregister_client device_for_each_child device_for_each_child_reverse \
    root_device_unregister platform_device_unregister cdev_device_add cdev_device_del __usb_control_msg netdev_info \
    netdev_emerg ibdev_warn ibdev_crit extract_iter_to_sg pcpu_mem_zalloc bitmap_zalloc sock_wmalloc sock_omalloc \
    __memcg_slab_post_alloc_hook trace_vbprintk xas_start xas_load xas_find __tsan_read8 kcsan_setup_watchpoint \
    kfence_report_error __ubsan_handle_out_of_bounds exc_page_fault asm_exc_page_fault die oops_end show_regs \
    validate_chain check_noncircular check_prev_add should_fail el1_sync el1_dbg el1_irq \
    ubsan_type_mismatch_common btrfs_assertfail print_lock_invalid_wait_context print_lock_nested_lock_not_held mark_usage \
    usb_internal_control_msg do_bad_area";

/// Functions that may well be the culprit, and those whose names only look like machinery's.
const CULPRITS: &str = "read_cache_folio enqueue_timer mod_timer mod_timer_pending detach_if_pending prepare_to_wait \
    prepare_to_wait_event page_cache_ra_unbounded __page_cache_alloc add_to_page_cache_lru list_lru_add list_lru_del \
    xas_store xas_create percpu_ref_get percpu_ref_kill_and_confirm device_create device_create_file device_register \
    device_initialize release_nodes rwsem_mark_wake ww_mutex_trylock_x up __up __down __down_common down_killable \
    down_timeout down_interruptible complete_all vfree put_page seq_printf bstr_printf cancel_delayed_work \
    cancel_delayed_work_sync mod_delayed_work_on csum_partial do_csum crc_ccitt clear_user_rep_good \
    copy_user_generic_unrolled unwind_next_frame arch_cpu_idle arch_cpu_idle_enter atomic_notifier_call_chain \
    usb_poison_urb usb_unanchor_urb new_slab __find_get_block __update_load_avg_cfs_rq __uprobe_register \
    __copy_skb_header acme_cancel_work snd_pcm_pointer acme_name_string acme_device_release drm_atomic_commit \
    bpf_fill_atomic64 acme_list_add acme_readl acme_writel lookup_read acme_dev_info device_add_disk acme_sysfs_remove_x \
    posix_clock_release";

/// By kind: what titles of the kind skip besides, and what they name.
const KINDS: &[(Format, &str, &str)] = &[
    (
        Format::Kasan,
        "die_kernel_fault_x do_tag_check_fault do_mem_abort el1_abort_x el1h_64_x",
        "acme_kfree_x",
    ),
    (Format::KasanFree, "acme_kfree_x vfree_atomic vunmap_range vfree", "el1h_64_x"),
    (
        Format::Kmsan,
        "aes_encrypt crypto_cbc_x cipher_x drbg_x rng_x __alloc_skb netlink_ack netlink_rcv_skb",
        "aes_decrypt encrypt_x do_encrypt_x",
    ),
    (Format::Spinlock, "spin_bug acme_lock_x acme_unlock", "rwlock_bug acme_ratelimit"),
    (
        Format::Atomic,
        "preempt_schedule_irq schedule_timeout acme_schedule",
        "msleep usleep_range __cond_resched acme_sleep",
    ),
    (
        Format::Preemptible,
        "check_preemption_disabled debug_smp_processor_id __this_cpu_preempt_check raw_processor_id_x",
        "acme_cpu",
    ),
    (
        Format::Leak,
        "acme_alloc_x kmalloc_x mmap_region create_object",
        "copy_process getname_flags skb_clone radix_tree_insert",
    ),
    (
        Format::BadPage,
        "prep_new_page post_alloc_hook folio_add_lru get_page_x put_page vmap_x truncate_inode_pages",
        "shmem_getpage filemap_fault",
    ),
    (Format::Ubsan, "handle_null_ptr_deref handle_misaligned_access", "acme_handle_overflow"),
    (Format::SuspiciousRcu, "acme_rcu_x kmem_x acme_slab_x", "kvm_read_guest_page"),
    (Format::Odebug, "rcu_x acme_timer_x debug_x acme_work_x", "destroy_inode free_unref_page acme_kobject"),
    (Format::Usercopy, "acme_usercopy_x usercopy_abort", "acme_copy"),
    (Format::WaitContext, "lock_sock_nested __release_sock unix_release_sock release_sock", "acme_sock"),
    (
        Format::Hung,
        "fdatawait_one_bdev swait_x do_wait4 wait4_x waitid_x acme_resched srcu_barrier schedule acme_lock",
        "shutdown_x teardown_x ifdown_x acme_locked_x",
    ),
];

#[test]
fn the_convention_is_kept() {
    for name in CORE.split_whitespace() {
        assert!(is_hidden(Format::Plain, name), "{name} may be blamed");
    }
    for name in CULPRITS.split_whitespace() {
        assert!(!is_hidden(Format::Plain, name), "{name} is hidden");
    }
    for (format, hidden, named) in KINDS {
        for name in hidden.split_whitespace() {
            assert!(is_hidden(*format, name), "{format:?} names {name}");
        }
        for name in named.split_whitespace() {
            assert!(!is_hidden(*format, name), "{format:?} hides {name}");
        }
    }
}

#[test]
fn lists_are_searched_as_they_read() {
    let names = CORE.split_whitespace().chain(CULPRITS.split_whitespace());
    let names: Vec<&str> =
        names.chain(KINDS.iter().flat_map(|(_, a, b)| a.split(' ').chain(b.split(' ')))).collect();
    let lists = HEADS.iter().map(|(format, _)| List::In(*format));
    for list in lists.chain([List::Everywhere, List::Inline, List::Leaves, List::Anchors, List::LateAnchors])
    {
        let compiled = Names::new(list);
        for name in &names {
            let want = list.patterns().any(|pattern| fits(pattern, name));
            assert_eq!(compiled.has(name), want, "{name} in {list:?}");
        }
    }
}

#[test]
fn every_pattern_is_as_long_as_it_is_found_by() {
    for pattern in skip::GROUPS.iter().flat_map(|group| group.names) {
        let piece = pattern.trim_start_matches(['^', '<']).trim_end_matches(['$', '>']);
        assert!(piece.len() >= rules::HEAD, "{pattern}");
    }
}

/// What a soft lockup is called whose stack is these functions, innermost first.
fn stalled(stack: &[&str]) -> Option<String> {
    let mut log =
        "[    1.000000][    C0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [demo:7]\n".to_string();
    let (counter, callers) = stack.split_first()?;
    log +=
        &format!("[    1.000001][    C0] RIP: 0010:{counter}+0x1/0x2\n[    1.000002][    C0] Call Trace:\n");
    for name in callers {
        log += &format!("[    1.000003][    C0]  {name}+0x1/0x2\n");
    }
    reports(log.as_bytes()).next()?.frame().map(str::to_string)
}

#[test]
fn a_stall_is_named_by_its_anchor() {
    let anchors = "ksys_ioctl __x64_sys_ioctl __sys_connect ioctl_fiemap __x64_sys_setsockopt __sys_listen __sys_accept \
        lo_compat_ioctl compat_sock_ioctl compat_blkdev_ioctl do_mmap do_page_fault page_fault sock_mmap sk_common_release \
        kernel_listen kernel_accept ____do_softirq __do_fast_syscall_32 ____fput __fput_sync __prepare_exit_to_usermode \
        process_one_work worker_thread entry_SYSCALL_64_after_hwframe el0_svc start_kernel";
    for anchor in anchors.split_whitespace() {
        let got = stalled(&["acme_leaf", "acme_work", anchor, "acme_caller", "entry_SYSCALL_64"]);
        assert_eq!(got.as_deref(), Some("acme_work"), "{anchor}");
    }
    for ipi in [
        "flush_smp_call_function_queue",
        "generic_smp_call_function_single_interrupt",
        "smp_call_function_many",
    ] {
        let got = stalled(&["acme_leaf", "acme_work", ipi, "entry_SYSCALL_64"]);
        assert_eq!(got.as_deref(), Some("smp_call_function"), "{ipi}");
    }
    let others = "security_file_ioctl genl_rcv_msg netlink_rcv_skb nfnetlink_rcv rtnetlink_rcv inet_release inet6_release \
        __inet_stream_connect ip_setsockopt ipv6_setsockopt nf_sockopt_find sock_setsockopt sock_getsockopt sock_read_iter \
        sock_write_iter sock_poll sock_close sock_splice_read sock_common_recvmsg __sock_sendmsg kernel_sendmsg \
        kernel_recvmsg vfs_fallocate vfs_fsync vfs_fsync_range vfs_getxattr vfs_setxattr vfs_statx tty_write tty_ioctl_x \
        chrdev_open lookup_open path_openat do_filp_open do_signal get_signal on_each_cpu rcu_core net_rx_action \
        napi_poll __napi_poll irq_exit handle_irq process_backlog";
    for other in others.split_whitespace() {
        let got = stalled(&["acme_leaf", "acme_work", other, "acme_caller", "do_syscall_64"]);
        assert_eq!(got.as_deref(), Some("acme_caller"), "{other}");
    }
    // No anchor, and one that only borrows the name.
    assert_eq!(stalled(&["delay_tsc", "acme_leaf", "acme_work"]).as_deref(), Some("acme_leaf"));
}

#[test]
fn a_hung_task_is_blamed_on_who_decided_to_wait() {
    let blamed = |stack: &[&str]| {
        let mut log =
            "[    1.000000][    T7] INFO: task demo:7 blocked for more than 120 seconds.\n".to_string();
        log += "[    1.000001][    T7] Call Trace:\n";
        stack.iter().for_each(|name| log += &format!("[    1.000002][    T7]  {name}+0x1/0x2\n"));
        let report = reports(log.as_bytes()).next().unwrap();
        (report.frame().unwrap_or_default().to_string(), report.blamed().unwrap_or_default().to_string())
    };
    for (stack, title, culprit) in [
        (
            &["__schedule", "schedule", "schedule_timeout", "msleep", "acme_stop", "kthread"][..],
            "msleep",
            "acme_stop",
        ),
        (&["__schedule", "schedule", "__mutex_lock", "rtnl_lock", "acme_open"], "rtnl_lock", "acme_open"),
        (
            &["schedule", "wait_for_completion", "flush_work", "__flush_work", "acme_close"],
            "acme_close",
            "acme_close",
        ),
        (&["schedule", "synchronize_rcu", "acme_close"], "synchronize_rcu", "acme_close"),
        (
            &["__schedule", "schedule", "acme_wait_work", "process_one_work", "worker_thread", "kthread"],
            "process_one_work",
            "acme_wait_work",
        ),
        (&["__schedule", "schedule", "io_schedule", "folio_wait_bit", "acme_read"], "acme_read", "acme_read"),
    ] {
        assert_eq!(blamed(stack), (title.to_string(), culprit.to_string()), "{stack:?}");
    }
}

#[test]
fn what_waits_for_a_journal_or_a_server_may_be_a_module() {
    let blamed = |frame: &str| {
        let log = format!(
            "[    1.000000][    T7] INFO: task demo:7 blocked for more than 120 seconds.\n\
             [    1.000001][    T7] Call Trace:\n[    1.000002][    T7]  __schedule+0x1/0x2\n\
             [    1.000002][    T7]  {frame}\n[    1.000002][    T7]  acme_commit+0x1/0x2\n"
        );
        reports(log.as_bytes()).next().unwrap().blamed().map(str::to_string)
    };
    let waits = Names::new(List::ToBlame(Format::Hung));
    let mut waiting = 0;
    for (modules, names) in skip::MODULES {
        for (module, name) in modules.iter().flat_map(|module| names.iter().map(move |name| (module, name))) {
            if waits.has(name) {
                waiting += 1;
                let got = blamed(&format!("{name}+0x1/0x2 [{module}]"));
                assert_eq!(got.as_deref(), Some("acme_commit"), "{name} [{module}]");
            }
        }
    }
    assert!(waiting > 30, "{waiting}");
    for frame in [
        "start_this_handle (fs/jbd2/transaction.c:373)",
        "start_this_handle (fs/jbd2/transaction.c:373) jbd2",
        "__rpc_execute (net/sunrpc/sched.c:900) sunrpc",
        "gfs2_glock_nq (fs/gfs2/glock.c:1500)",
    ] {
        assert_eq!(blamed(frame).as_deref(), Some("acme_commit"), "{frame}");
    }
    assert_eq!(blamed("start_this_handle+0x1/0x2 [acme]").as_deref(), Some("start_this_handle"));
}

/// After a call of a bad address the unwinder of x86 vouches for no frame, and those up to the entry are of the fault itself
/// or lie on the stack since.
#[test]
fn what_a_fault_calls_is_not_to_blame() {
    let blamed = |entry: &str| {
        let log = format!(
            "[    4.661724] BUG: unable to handle page fault for address: 0000000000010000\n\
             [    4.661866] #PF: supervisor instruction fetch in kernel mode\n\
             [    4.662144] Oops: 0010 [#5] SMP NOPTI\n\
             [    4.662199] CPU: 0 PID: 88 Comm: init Not tainted 5.10.0 #1\n\
             [    4.662395] RIP: 0010:0x10000\n\
             [    4.663147] Call Trace:\n\
             [    4.663226]  ? __die_body.cold+0x1a/0x1f\n\
             [    4.663339]  ? demo_left+0xe5/0xf0\n\
             [    4.663440]  ? {entry}+0x1e/0x30\n\
             [    4.663498]  ? demo_data+0x20/0x20 [demo]\n\
             [    4.663571]  ? demo_call+0xa/0x10 [demo]\n\
             [    4.663920]  ? ksys_write+0x5f/0xe0\n"
        );
        let blamed = reports(log.as_bytes()).next().and_then(|report| report.blamed().map(str::to_string));
        blamed.unwrap_or_default()
    };
    for entry in [
        "asm_exc_page_fault",
        "asm_exc_general_protection",
        "asm_exc_control_protection",
        "asm_exc_invalid_op",
        "asm_exc_stack_segment",
        "asm_exc_int3",
        "page_fault",
        "general_protection",
        "invalid_op",
        "stack_segment",
        "int3",
        "error_code",
    ] {
        assert_eq!(blamed(entry), "demo_call", "{entry}");
    }
    // No entry: it was left by the call itself.
    assert_eq!(blamed("demo_enter"), "demo_left");
}

/// The thunks of x86 that the scheduler is entered by: `___preempt_schedule` up to 5.7, `preempt_schedule_thunk` since.
#[test]
fn a_preempted_task_is_blamed_where_it_was() {
    for thunk in [
        "___preempt_schedule",
        "___preempt_schedule_notrace",
        "preempt_schedule_thunk",
        "preempt_schedule_notrace_thunk",
    ] {
        let stack = format!(
            " __schedule+0x817/0x1cc0\n preempt_schedule_common+0x4f/0xe0\n preempt_schedule+0x4b/0x60\n \
             {thunk}+0x16/0x18\n demo_busy+0x12/0x34 [demo]\n process_one_work+0x1/0x2\n"
        );
        for head in [
            "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n\
             rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1): P8340\n\
             rcu: \t(detected by 1, t=10502 jiffies, g=5905, q=81)\n\
             demo            R  running task    27832  8340   8338 0x00000000\n",
            "INFO: task demo:8340 blocked for more than 143 seconds.\n\
             demo            R  running task    27832  8340   8338 0x00000000\n",
        ] {
            let log = [head, "Call Trace:\n", &stack].concat();
            let log: String = log.lines().map(|line| format!("[  161.009133][    C1] {line}\n")).collect();
            let report = reports(log.as_bytes()).next().unwrap();
            assert_eq!(report.blamed(), Some("demo_busy"), "{log}");
        }
    }
}

#[test]
fn what_passes_the_time_is_machinery_by_its_file_too() {
    for frame in [
        "io_serial_in (drivers/tty/serial/8250/8250_port.c:455)",
        "pl011_console_putchar (drivers/tty/serial/amba-pl011.c:2300)",
        "hvc_console_print (drivers/tty/hvc/hvc_console.c:170)",
        "read_hv_clock_tsc (drivers/clocksource/hyperv_timer.c:400)",
        "acpi_pm_read (drivers/clocksource/acpi_pm.c:40)",
        "intel_idle (drivers/idle/intel_idle.c:140)",
        "acpi_idle_do_entry (drivers/acpi/processor_idle.c:560)",
        "cpuidle_enter_state (drivers/cpuidle/cpuidle.c:240)",
        "xen_poll_irq (drivers/xen/events/events_base.c:1900)",
    ] {
        let log = format!(
            "[    1.000000][    C1] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [demo:7]\n\
             [    1.000001][    C1] RIP: 0010:{frame}\n[    1.000002][    C1] Call Trace:\n\
             [    1.000003][    C1]  acme_spin (drivers/acme/core.c:7)\n\
             [    1.000003][    C1]  process_one_work (kernel/workqueue.c:2300)\n"
        );
        let report = reports(log.as_bytes()).next().unwrap();
        assert_eq!(report.blamed(), Some("acme_spin"), "{frame}");
    }
}

#[test]
fn memory_is_asked_for_by_whoever_is_not_a_programs_fault() {
    let blamed = |banner: &str, stack: &str| {
        let mut log = format!("[    1.000000][    T7] {banner}\n[    1.000001][    T7] Call Trace:\n");
        stack.split_whitespace().for_each(|name| log += &format!("[    1.000002][    T7]  {name}+0x1/0x2\n"));
        reports(log.as_bytes()).next().unwrap().blamed().map(str::to_string)
    };
    let killer = "demo invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0";
    let panic = "Kernel panic - not syncing: System is deadlocked on memory";
    let before = "dump_stack_lvl dump_header out_of_memory __alloc_pages_slowpath __alloc_pages";
    // By a program's own fault: x86, arm64, powerpc, s390
    for faults in [
        "vma_alloc_folio do_anonymous_page __handle_mm_fault handle_mm_fault do_user_addr_fault exc_page_fault asm_exc_page_fault",
        "alloc_pages_vma wp_page_copy do_wp_page handle_pte_fault __handle_mm_fault handle_mm_fault __do_page_fault do_page_fault page_fault",
        "folio_prealloc do_cow_fault do_fault __handle_mm_fault handle_mm_fault do_page_fault do_translation_fault do_mem_abort el0_da el0t_64_sync_handler el0t_64_sync",
        "__folio_alloc __filemap_get_folio filemap_fault ext4_filemap_fault __do_fault do_read_fault do_fault handle_mm_fault ___do_page_fault data_access_common_virt",
        "__read_swap_cache_async swap_cluster_readahead swapin_readahead do_swap_page handle_mm_fault do_exception do_dat_exception __do_pgm_check pgm_check_handler",
        "pte_alloc_one __pte_alloc do_anonymous_page handle_mm_fault do_page_fault error_code",
        "alloc_pages_vma do_huge_pmd_anonymous_page handle_mm_fault do_page_fault error_exit",
        "shmem_alloc_folio shmem_get_folio_gfp shmem_fault __do_fault handle_mm_fault exc_page_fault asm_exc_page_fault",
        "folio_alloc_mpol_noprof vma_alloc_folio_noprof vma_alloc_zeroed_movable_folio do_anonymous_page handle_mm_fault \
         do_page_fault do_translation_fault do_mem_abort el1_abort el1h_64_sync_handler el1h_64_sync __arch_clear_user",
        "__folio_alloc_noprof do_anonymous_page handle_mm_fault do_page_fault do_DataAbort __dabt_svc __clear_user_std",
    ] {
        for banner in [killer, panic] {
            assert_eq!(blamed(banner, &format!("{before} {faults}")), None, "{faults}");
            let copies =
                format!("{before} {faults} copy_user_generic_string _copy_to_iter acme_read vfs_read");
            assert_eq!(blamed(banner, &copies).as_deref(), Some("acme_read"), "{faults}");
        }
    }
    for asks in [
        "",
        "__get_free_pages",
        "__kmalloc ___slab_alloc new_slab",
        "faultin_page __get_user_pages pin_user_pages",
    ] {
        let stack = format!("{before} {asks} acme_fill kthread");
        assert_eq!(blamed(killer, &stack).as_deref(), Some("acme_fill"), "{asks}");
    }
    let failure =
        "demo: page allocation failure: order:0, mode:0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP)";
    for asks in [
        "alloc_pages_mpol vma_alloc_folio_noprof",
        "folio_alloc_mpol_noprof vma_alloc_folio_noprof vma_alloc_zeroed_movable_folio",
        "filemap_alloc_folio_noprof",
        "__page_cache_alloc",
    ] {
        let stack = format!(
            "dump_stack_lvl warn_alloc __alloc_pages_slowpath __alloc_frozen_pages_noprof {asks} acme_fill"
        );
        assert_eq!(blamed(failure, &stack).as_deref(), Some("acme_fill"), "{asks}");
    }
}

#[test]
fn consoles_are_machinery_only_for_those_that_stall() {
    let stack = "io_serial_in wait_for_lsr serial8250_console_write console_flush_all console_unlock vprintk_emit _printk acme_init";
    let blamed = |banner: &str, frames: &str| {
        let mut log = format!("[    1.000000][    C1] {banner}\n");
        let mut names = frames.split_whitespace();
        let counter = names.next().unwrap();
        log += "[    1.000001][    C1] CPU: 1 PID: 7 Comm: demo Not tainted 6.1.0 #1\n";
        log += &format!(
            "[    1.000001][    C1] RIP: 0010:{counter}+0x1/0x2\n[    1.000001][    C1] Call Trace:\n"
        );
        names.for_each(|name| log += &format!("[    1.000002][    C1]  {name}+0x1/0x2\n"));
        reports(log.as_bytes()).next().unwrap().blamed().map(str::to_string)
    };
    for banner in [
        "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [demo:7]",
        "watchdog: Watchdog detected hard LOCKUP on cpu 1",
        "rcu: INFO: rcu_preempt self-detected stall on CPU",
        "BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!",
    ] {
        assert_eq!(blamed(banner, stack).as_deref(), Some("acme_init"), "{banner}");
    }
    for banner in
        ["BUG: unable to handle page fault for address: ffffc90000000000", "divide error: 0000 [#1] SMP"]
    {
        assert_eq!(blamed(banner, stack).as_deref(), Some("io_serial_in"), "{banner}");
    }
}

/// `CRASHPARSE_SKIPS=1 cargo test --lib what_each_pattern_hides -- --nocapture` prints which functions each pattern hides.
#[test]
fn what_each_pattern_hides() {
    for group in skip::GROUPS {
        assert!(!group.why.is_empty() && !group.names.is_empty(), "{:?}: an empty group", group.holds);
    }
    let asked = std::env::var_os("CRASHPARSE_SKIPS").is_some();
    let Some(functions) = functions().filter(|_| asked) else { return };
    for group in skip::GROUPS {
        println!("\n{:?}: {}", group.holds, group.why);
        for pattern in group.names {
            let hidden: Vec<&str> =
                functions.iter().map(String::as_str).filter(|name| fits(pattern, name)).collect();
            println!("  {pattern:32} {:4}  {}", hidden.len(), hidden.join(" "));
        }
    }
}

#[test]
fn no_pattern_is_twice_in_a_list() {
    let mut seen: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for group in skip::GROUPS {
        let lists: Vec<String> = match group.holds {
            Holds::Everywhere | Holds::Inline | Holds::Leaf => vec!["everywhere".into()],
            Holds::Anchor => vec!["anchor".into()],
            Holds::LateAnchor => vec!["late anchor".into()],
            Holds::Entry => vec!["entry".into()],
            Holds::In(formats) => formats.iter().map(|format| format!("{format:?}")).collect(),
            Holds::ToBlame(formats) => formats.iter().map(|format| format!("to blame {format:?}")).collect(),
        };
        for (pattern, list) in group.names.iter().flat_map(|name| lists.iter().map(move |list| (*name, list)))
        {
            let before = seen.insert((pattern, list.clone()), group.why);
            assert!(before.is_none(), "{pattern} is twice in {list}: {before:?}, {}", group.why);
        }
    }
}

#[test]
fn patterns_are_whole_paths() {
    let fits = text::fits;
    assert!(fits("lib/*", "lib/crypto/aes.c") && !fits("lib/*", "net/lib/x.c"));
    assert!(fits("*.h", "include/linux/fs.h") && !fits("*.h", "fs/x.hc"));
    assert!(
        fits("arch/*/mm/fault.c", "arch/x86/mm/fault.c") && !fits("arch/*/mm/fault.c", "arch/mm/fault.c")
    );
    assert!(fits("mm/sl?b*", "mm/slab_common.c") && !fits("mm/sl?b*", "mm/swap.c"));
    assert!(fits("", "") && fits("**", "") && !fits("?", "") && !fits("", "x"));
}

#[test]
fn a_test_that_kunit_calls_is_to_blame_whatever_its_name_borrows() {
    let report = |stack: &str| {
        let mut log = "[    1.000000] BUG: KASAN: slab-out-of-bounds in kmalloc_oob_demo+0x1/0x2\n\
             [    1.000001] Write of size 1 at addr ffff888004a6b273 by task kunit_try_catch/188\n\
             [    1.000002] CPU: 1 PID: 188 Comm: kunit_try_catch Not tainted 6.5.9 #1\n[    1.000003] Call Trace:\n"
            .to_string();
        stack.split_whitespace().for_each(|name| {
            let (mark, name) = name.strip_prefix('?').map_or(("", name), |name| ("? ", name));
            log += &format!("[    1.000004]  {mark}{name}+0x1/0x2\n");
        });
        let report = reports(log.as_bytes()).next().unwrap();
        (report.title().to_string(), report.blamed().map(str::to_string))
    };
    let title = "KASAN: slab-out-of-bounds Write in kunit_try_run_case".to_string();
    for runs in ["kunit_try_run_case", "kunit_run_case_internal kunit_try_run_case"] {
        let stack =
            format!("dump_stack kasan_report kmalloc_oob_demo ?ktime_get_ts64 {runs} kthread ret_from_fork");
        let (named, blamed) = report(&stack);
        assert_eq!(blamed.as_deref(), Some("kmalloc_oob_demo"), "{runs}");
        assert!(runs.contains(' ') || named == title, "{named}");
    }
    // What is known by its whole name is none.
    let (_, blamed) = report("dump_stack kasan_report kfree kunit_try_run_case kthread");
    assert_eq!(blamed.as_deref(), Some("kunit_try_run_case"));
}

#[test]
fn who_made_a_task_wait_is_to_blame_where_the_scheduler_faults() {
    for waits in
        ["_cond_resched", "wait_for_completion", "wait_for_common", "synchronize_srcu", "__wait_rcu_gp"]
    {
        let log = format!(
            "[    1.000000] general protection fault: 0000 [#1] SMP\n\
             [    1.000001] CPU: 1 PID: 77 Comm: demo Not tainted 5.7.0 #1\n\
             [    1.000002] RIP: 0010:__schedule+0x488/0x830\n[    1.000003] Call Trace:\n\
             [    1.000004]  {waits}+0x1/0x2\n[    1.000005]  demo_close+0x1/0x2\n"
        );
        assert_eq!(reports(log.as_bytes()).next().unwrap().blamed(), Some("demo_close"), "{waits}");
    }
}
