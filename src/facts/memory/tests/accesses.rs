//! Addresses of faults, and what was done there.

use super::*;

#[test]
fn faults() {
    let fault = read(
        "\
BUG: kernel NULL pointer dereference, address: 0000000000000028
#PF: supervisor read access in kernel mode
#PF: error_code(0x0000) - not-present page
PGD 2d1b067 P4D 2d1b067 PUD 0 
Oops: 0000 [#1] SMP
",
    )
    .fault
    .expect("fault");
    assert_eq!((fault.address, fault.access, fault.error_code), (Some(0x28), Some(Access::Read), Some(0)));
    assert_eq!((fault.privilege, fault.mode), (Some("supervisor"), Some("kernel")));
    assert_eq!(fault.reason, Some(&b"not-present page"[..]));
    assert_eq!(fault.tables, [("PGD", 0x2d1_b067), ("P4D", 0x2d1_b067), ("PUD", 0)]);
    let fetch = read("#PF: supervisor instruction fetch in kernel mode").fault.expect("fetch");
    assert_eq!(fetch.access, Some(Access::Execute));
    let rows: &[(&str, u64)] = &[
        ("BUG: unable to handle page fault for address: ffffffffc0001000", 0xffff_ffff_c000_1000),
        ("BUG: unable to handle kernel NULL pointer dereference at 00000008", 8),
        ("BUG: unable to handle kernel NULL pointer dereference at           (null)", 0),
        ("BUG: unable to handle kernel paging request at ffffebe000000020", 0xffff_ebe0_0000_0020),
        (
            "general protection fault, probably for non-canonical address 0xdffffc0000000009: 0000 [#1] SMP KASAN",
            0xdfff_fc00_0000_0009,
        ),
        (
            "Oops: general protection fault, probably for non-canonical address 0xdffffc0000000009: 0000 [#1] SMP",
            0xdfff_fc00_0000_0009,
        ),
        ("Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010", 0x10),
        // bad_page_fault, arch/powerpc/mm/fault.c, 6.1 and 4.14; arm 4.9; mips, loongarch, s390, parisc, um 6.1.
        ("BUG: Unable to handle kernel unaligned access at 0xc00a000000000108", 0xc00a_0000_0000_0108),
        ("BUG: Unable to handle unknown paging fault at 0x00000008", 8),
        ("Unable to handle kernel paging request for data at address 0x00000008", 8),
        ("Unhandled fault: alignment exception (0x221) at 0xc3a4e241", 0xc3a4_e241),
        ("Unhandled prefetch abort: debug event (0x222) at 0x00000000", 0),
        (
            "CPU 1 Unable to handle kernel paging request at virtual address 00000008, epc == 80105e30, ra == 80105e20",
            8,
        ),
        ("Failing address: 000002aa1b2c3000 TEID: 000002aa1b2c3482", 0x02aa_1b2c_3000),
        ("Kernel Fault: Code=15 (Data TLB miss fault) at addr 0000000000000028", 0x28),
        ("Kernel panic - not syncing: Kernel mode fault at addr 0x28, ip 0x64a01008", 0x28),
    ];
    for &(line, address) in rows {
        assert_eq!(read(line).fault.and_then(|f| f.address), Some(address), "{line}");
    }
    for line in ["PGD", "PGD BAD", "BUG: scheduling while atomic: a/1/0x00000002", "#PF:", "#PF: error"] {
        assert_eq!(Memory::read([line.as_bytes()]), None, "{line}");
    }
}

#[test]
fn faults_of_other_cpus() {
    let all = |log| read(log).fault.map(|f| (f.address, f.access, f.reason, f.tables));
    // die_kernel_fault, mem_abort_decode, show_pte, arch/arm64/mm/fault.c, 6.1.
    let arm64 = "\
Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008
Mem abort info:
  ESR = 0x0000000096000046
  EC = 0x25: DABT (current EL), IL = 32 bits
  SET = 0, FnV = 0
  FSC = 0x06: level 2 translation fault
Data abort info:
  CM = 0, WnR = 1
user pgtable: 4k pages, 48-bit VAs, pgdp=0000000041a3b000
[0000000000000008] pgd=0800000041a3b003, p4d=0800000041a3b003, pud=0000000000000000
";
    let tables = vec![("pgd", 0x0800_0000_41a3_b003), ("p4d", 0x0800_0000_41a3_b003), ("pud", 0)];
    let reason = Some(&b"level 2 translation fault"[..]);
    assert_eq!(all(arm64), Some((Some(8), Some(Access::Write), reason, tables)));
    let fetch = "Unable to handle kernel execute from non-executable memory at virtual address ffff80000b3bbd00\n  \
                 EC = 0x21: IABT (current EL), IL = 32 bits\n";
    assert_eq!(read(fetch).fault.and_then(|f| f.access), Some(Access::Execute));
    // __do_kernel_fault, show_pte, arch/arm/mm/fault.c, 6.2.
    let arm = "Unable to handle kernel paging request at virtual address 00000014 when write\n\
               [00000014] *pgd=8358e831, *pte=00000000, *ppte=00000000\n";
    let tables = vec![("pgd", 0x8358_e831), ("pte", 0), ("ppte", 0)];
    assert_eq!(all(arm), Some((Some(0x14), Some(Access::Write), None, tables)));
    // bad_page_fault, arch/powerpc/mm/fault.c, 6.1.
    let powerpc = "BUG: Kernel NULL pointer dereference on read at 0x00000008\n";
    assert_eq!(all(powerpc), Some((Some(8), Some(Access::Read), None, vec![])));
    // dump_fault_info, dump_pagetable, arch/s390/mm/fault.c, 6.1.
    let s390 = "Failing address: 0000000000000000 TEID: 0000000000000483\n\
                AS:000000001c3a4007 R3:00000000fffd0007 S:00000000fffd8000 P:000000000000013d \n";
    let tables = vec![("AS", 0x1c3a_4007), ("R3", 0xfffd_0007), ("S", 0xfffd_8000), ("P", 0x13d)];
    // Bits 52 and 53 of the TEID: a store.
    assert_eq!(all(s390), Some((Some(0), Some(Access::Write), None, tables)));
    // do_DataAbort, arch/arm/mm/fault.c; fsr_info has the words.
    let external = "Unhandled fault: external abort on non-linefetch (0x008) at 0xe0809000\n";
    let reason = Some(&b"external abort on non-linefetch"[..]);
    assert_eq!(all(external), Some((Some(0xe080_9000), Some(Access::Read), reason, vec![])));
    for line in ["[12345678] pgd=1", "AS: 1", "EC = 0x25: DABT (current EL)", "CPU 1 is up", "FSC"] {
        assert_eq!(Memory::read([line.as_bytes()]), None, "{line}");
    }
}

/// Where no word says what was done, the CPU's registers do.
#[test]
fn accesses_by_registers() {
    let read = |log: &'static str| read(log).fault.map(|fault| (fault.address, fault.access));
    for (log, address, access) in [
        // die_kernel_fault, __show_regs: arch/riscv, 6.6 and 7.2
        (
            "Unable to handle kernel paging request at virtual address dead000000000108\n\
             status: 0000000200000120 badaddr: dead000000000108 cause: 000000000000000f\n",
            0xdead_0000_0000_0108,
            Some(Access::Write),
        ),
        (
            "Unable to handle kernel access to user memory without uaccess routines at virtual address 0000000000000018\n\
             status: 0000000200000120 badaddr: 0000000000000018 cause: 000000000000000d\n",
            0x18,
            Some(Access::Read),
        ),
        // do_trap_load_fault has no banner with the address.
        (
            "Oops - load access fault [#1]\n\
             status: 0000000200000120 badaddr: ff20000000105000 cause: 0000000000000005\n",
            0xff20_0000_0010_5000,
            Some(Access::Read),
        ),
        // no_context, print_estat: arch/loongarch, 7.2
        (
            "CPU 0 Unable to handle kernel paging request at virtual address 0000000000000018, era == ffff80000221c4d8, ra == ffff80000221c4f8\n \
             ESTAT: 00020000 [PIS] (IS= ECode=2 EsubCode=0)\n BADV: 0000000000000018\n",
            0x18,
            Some(Access::Write),
        ),
        (
            "Kernel ade access[#3]:\n ESTAT: 00480000 [ADEM] (IS= ECode=8 EsubCode=1)\n BADV: dead000000000108\n",
            0xdead_0000_0000_0108,
            None,
        ),
        // __do_page_fault, __show_regs: arch/mips, 6.1
        (
            "CPU 0 Unable to handle kernel paging request at virtual address 00000004, epc == 80401000, ra == 80401010\n\
             Cause : 0080000c (ExcCode 03)\n",
            4,
            Some(Access::Write),
        ),
        (
            "CPU 1 Unable to handle kernel paging request at virtual address 00000000, epc == 00000000, ra == 80401010\n",
            0,
            Some(Access::Execute),
        ),
        // die of arch/arm, up to 6.1
        (
            "Unable to handle kernel NULL pointer dereference at virtual address 00000000\n\
             Internal error: Oops: 805 [#1] SMP ARM\n",
            0,
            Some(Access::Write),
        ),
        // The same of arm64 is a syndrome, which has another bit for a write.
        (
            "Unable to handle kernel NULL pointer dereference at virtual address 00000000\n\
             Internal error: Oops: 96000005 [#1] SMP\n",
            0,
            Some(Access::Read),
        ),
        // __show_regs of arch/powerpc, up to 5.1
        (
            "Unable to handle kernel paging request for data at address 0x00000010\n\
             CFAR: c000000000008d4c DAR: 0000000000000010 DSISR: 42000000 SOFTE: 1\n",
            0x10,
            Some(Access::Write),
        ),
        (
            "Unable to handle kernel paging request for instruction fetch at address 0x0\n",
            0,
            Some(Access::Execute),
        ),
        // The same of other interrupts than data storage; Book E has other registers
        (
            "BUG: Unable to handle kernel unaligned access at 0xc00000000000001d\n\
             REGS: c0000000fe000000 TRAP: 0600   Tainted: G           O     (5.4.0)\n\
             CFAR: c00000000014bff0 DAR: c00000000000001d DSISR: 42007d2a IRQMASK: 0 \n",
            0xc000_0000_0000_001d,
            None,
        ),
        (
            "BUG: Kernel NULL pointer dereference at 0x00000010\n\
             REGS: c0000000fe000000 TRAP: 0300   Tainted: G           O     (5.4.0)\n\
             CFAR: c00000000014bff0 DAR: 0000000000000010 DSISR: 42000000 IRQMASK: 0 \n",
            0x10,
            Some(Access::Write),
        ),
        (
            "Unable to handle kernel paging request for data at address 0x00000010\n\
             REGS: c0ffde10 TRAP: 0300   Not tainted  (4.19.0)\nDEAR: 00000010 ESR: 00800000 \n",
            0x10,
            Some(Access::Write),
        ),
        (
            "Unable to handle kernel paging request for data at address 0x00000010\n\
             REGS: c0ffde10 TRAP: 0300   Not tainted  (2.6.32)\nDEAR: 00000010, ESR: 00000000\n",
            0x10,
            Some(Access::Read),
        ),
        // A fetch is at the counter: bad_page_fault up to 5.1 and since
        (
            "Unable to handle kernel paging request for instruction fetch\n\
             Faulting instruction address: 0x00000000\n",
            0,
            Some(Access::Execute),
        ),
        (
            "kernel tried to execute exec-protected page (c0080000003b0318) - exploit attempt? (uid: 0)\n\
             BUG: Unable to handle kernel instruction fetch\nFaulting instruction address: 0xc0080000003b0318\n",
            0xc008_0000_003b_0318,
            Some(Access::Execute),
        ),
        (
            "BUG: Unable to handle kernel data access at 0xc00a000000000108\n\
             Faulting instruction address: 0xc000000000148df8\n",
            0xc00a_0000_0000_0108,
            None,
        ),
        // Bits of the status that any abort may have: ExT, CM
        (
            "Unhandled fault: external abort on non-linefetch (0x1808) at 0xe0809000\n",
            0xe080_9000,
            Some(Access::Write),
        ),
        (
            "Unhandled fault: external abort on non-linefetch (0x1008) at 0xe0809000\n",
            0xe080_9000,
            Some(Access::Read),
        ),
        // do_ade, emulate_load_store_insn, __show_regs: arch/mips
        (
            "Unhandled kernel unaligned access[#1]:\nCause : 00800014 (ExcCode 05)\nBadVA : c0001001\n",
            0xc000_1001,
            Some(Access::Write),
        ),
        // TLBRI, TLBXI
        (
            "CPU 1 Unable to handle kernel paging request at virtual address c0001000, epc == 80401000, ra == 80401000\n\
             Cause : 0080004c (ExcCode 13)\n",
            0xc000_1000,
            Some(Access::Read),
        ),
        (
            "CPU 1 Unable to handle kernel paging request at virtual address c0001000, epc == 80401000, ra == 80401000\n\
             Cause : 00800050 (ExcCode 14)\n",
            0xc000_1000,
            Some(Access::Execute),
        ),
        // s390: a call of 0; a load of data; what a die() of x86 would mean by the code does not count
        (
            "Failing address: 0000000000000000 TEID: 0000000000000883\nOops: 0004 ilc:1 [#1] SMP \n\
             Krnl PSW : 0704e00180000000 0000000000000002 (0x2)\n",
            0,
            Some(Access::Execute),
        ),
        (
            "Failing address: 0000000000000000 TEID: 0000000000000083\nOops: 0011 ilc:3 [#1] SMP \n\
             Krnl PSW : 0704e00180000000 000003ff80002b4e (oops_leaf+0x26/0x60 [crashme])\n",
            0,
            None,
        ),
        // data beside the code that reads it; a jump to the beginning of a page's data
        (
            "Failing address: 000003fee0011000 TEID: 000003fee0011803\nOops: 003b ilc:1 [#1] SMP \n\
             Krnl PSW : 0704d00180000000 000003fee0011ea0 (oops_leaf+0xfd/0x170 [crashme])\n",
            0x03fe_e001_1000,
            Some(Access::Read),
        ),
        (
            "Failing address: 000003ff60012000 TEID: 000003ff60012000 ESOP-2 FSI\nOops: 0004 ilc:1 [#14]SMP \n\
             Krnl PSW : 0704c00180000000 000003ff60012242 (data.1+0x2/0x40 [crashme])\n",
            0x03ff_6001_2000,
            Some(Access::Execute),
        ),
        // die of arch/sh: FAULT_CODE_WRITE
        (
            "BUG: unable to handle kernel NULL pointer dereference at 00000008\nPC: [<8c00b1d8>] oops_leaf+0x18/0x30\n\
             pgd = 8c3f0000\n[00000008] *pgd=00000000\nOops: 0001 [#1]\n",
            8,
            Some(Access::Write),
        ),
        // do_page_fault of arch/x86_64, 2.6.18
        (
            "Unable to handle kernel NULL pointer dereference at 0000000000000010 RIP: \nOops: 0002 [1] SMP \n",
            0x10,
            Some(Access::Write),
        ),
        // What die() says next is of another fault, and of no page fault
        (
            "BUG: unable to handle kernel NULL pointer dereference at 0000000000000010\n\
             general protection fault: 0000 [#1] SMP\nOops: 0002 [#2] SMP\n",
            0x10,
            None,
        ),
        (
            "general protection fault, probably for non-canonical address 0x10000000000: 0000 [#1] SMP\nOops: 0002 [#2] SMP\n",
            0x100_0000_0000,
            None,
        ),
        (
            "Oops: general protection fault, probably for non-canonical address 0x10000000000: 0002 [#1] SMP\n",
            0x100_0000_0000,
            None,
        ),
        // __die of arch/x86, 4.9
        (
            "BUG: unable to handle kernel NULL pointer dereference at 0000000000000010\nOops: 0002 [#1] SMP\n",
            0x10,
            Some(Access::Write),
        ),
    ] {
        assert_eq!(read(log), Some((Some(address), access)), "{log}");
    }
    // What arm noticed late is at no known address.
    let late = "Unhandled fault: imprecise external abort (0x1c06) at 0x00000000\nInternal error: : 1c06 [#1] SMP ARM\n";
    assert_eq!(read(late), Some((None, None)));
    // A WARN's registers are of no fault.
    for log in [
        "status: 0000000200000100 badaddr: ffffffff800085a0 cause: 0000000000000003\n",
        " ESTAT: 000c0000 [BRK] (IS= ECode=12 EsubCode=0)\n BADV: 0000000000000018\n",
        "Oops: 0002 [#1] SMP\n",
    ] {
        assert_eq!(Memory::read(log.lines().map(str::as_bytes)), None, "{log}");
    }
}
