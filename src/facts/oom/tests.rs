use super::*;

fn read(log: &str) -> Oom<'_> {
    Oom::read(log.lines().map(str::as_bytes))
}

#[test]
fn a_control_group() {
    // dump_header, mem_cgroup_print_oom_meminfo, dump_tasks, __oom_kill_process: 6.1.
    let oom = read(
        "a b invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-998\n\
         memory: usage 102400kB, limit 102400kB, failcnt 34\n\
         swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n\
         Tasks state (memory values in pages):\n\
         [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n\
         [    905]     0   905    26214    25398   249856        0          -998 a b\n\
         [  12345]  1000 12345       14        3    45056        0             0 sh\n\
         oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,b,task_memcg=/a,b/c,task=a,b,pid=905,uid=7\n\
         Memory cgroup out of memory: Killed process 905 (a) b) total-vm:104856kB, anon-rss:101592kB, file-rss:4kB, shmem-rss:8kB, UID:7 pgtables:244kB oom_score_adj:-998\n\
         oom_reaper: reaped process 905 (a) b), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n",
    );
    let request =
        Request { comm: b"a b", gfp_mask: b"GFP_KERNEL", order: Some(0), oom_score_adj: Some(-998) };
    assert_eq!(oom.request, Some(request));
    assert_eq!((oom.constraint, oom.global), (Some("CONSTRAINT_MEMCG"), Some(false)));
    assert_eq!((oom.memcg, oom.task_memcg), (Some(&b"/a,b"[..]), Some(&b"/a,b/c"[..])));
    let usage = Usage { what: "memory", usage: 102_400, limit: Some(102_400), failcnt: Some(34) };
    assert_eq!((oom.usage.len(), oom.usage[0]), (2, usage));
    let victim = Victim {
        comm: b"a) b",
        pid: 905,
        uid: Some(7),
        total_vm: Some(104_856),
        anon_rss: Some(101_592),
        file_rss: Some(4),
        shmem_rss: Some(8),
        pgtables: Some(244),
        oom_score_adj: Some(-998),
        score: None,
    };
    assert_eq!(oom.victims, [victim]);
    assert_eq!(oom.tasks.len(), 2);
    assert_eq!((oom.tasks[0].pid, oom.tasks[0].comm), (905, &b"a b"[..]));
    assert!(oom.tasks[0].values.contains(&("oom_score_adj", -998)));
    assert!(oom.tasks[1].values.contains(&("rss", 3)));
}

#[test]
fn the_machine_by_an_old_kernel() {
    // oom_kill_process, 4.9; the columns and the memory of 2.6.32 and 4.9.
    let oom = read(
        "demo invoked oom-killer: gfp_mask=0x201da, order=2, oom_adj=0\n\
         Mem-Info:\n\
         active_anon:124 inactive_anon:112345 isolated_anon:0\n \
          free:1234 free_pcp:12\n\
         Node 0 active_anon:496kB isolated(anon):0kB all_unreclaimable? no\n\
         Node 0 DMA free:1956kB min:92kB reserved_highatomic:0KB\n\
         lowmem_reserve[]: 0 447 447 447\n\
         Node 0 DMA: 3*4kB (U) = 12kB\n\
         [ pid ]   uid  tgid total_vm      rss cpu oom_adj name\n\
         [  905]     0   905   123456   112233   0     -17 demo\n\
         Out of memory: Kill process 905 (demo) score 912 or sacrifice child\n\
         Killed process 905 (demo) total-vm:493824kB, anon-rss:448932kB, file-rss:0kB\n",
    );
    assert_eq!(
        oom.request.map(|request| (request.gfp_mask, request.order)),
        Some((&b"0x201da"[..], Some(2)))
    );
    assert_eq!(oom.memory.len(), 5);
    assert!(oom.memory.contains(&("free", 1234)));
    let names: Vec<&[u8]> = oom.zones.iter().map(|zone| zone.name).collect();
    assert_eq!(names, [&b"Node 0"[..], b"Node 0 DMA"]);
    assert_eq!(oom.zones[1].values, [("free", 1956), ("min", 92), ("reserved_highatomic", 0)]);
    assert!(oom.tasks[0].values.contains(&("oom_adj", -17)));
    assert_eq!(oom.victims.len(), 1);
    assert_eq!((oom.victims[0].score, oom.victims[0].anon_rss), (Some(912), Some(448_932)));
    assert_eq!(oom.global, Some(true));
}

#[test]
fn what_is_left_of_it() {
    let cut = "Memory cgroup out of memory: Killed process 40771 (demo) total-vm:3149468kB, anon-rss:164992kB, pgtables:";
    let oom = read(cut);
    assert_eq!(oom.victims.len(), 1);
    assert_eq!((oom.victims[0].anon_rss, oom.victims[0].pgtables), (Some(164_992), None));
    let group = read("Task in /a b/c killed as a result of limit of /a b\n");
    assert_eq!((group.memcg, group.task_memcg), (Some(&b"/a b"[..]), Some(&b"/a b/c"[..])));
    let other =
        read("oom_reaper: reaped process 1 (a), now anon-rss:0kB\nprocess 1 (a) exits\nKilled process x\n");
    assert_eq!(other, Oom::default());
}
