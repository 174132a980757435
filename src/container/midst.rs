//! What a line is in the midst of where it ends: a message of the kernel's, a number, or a frame without its file.

use crate::text;

/// What the kernel says in one line, word by word: `*` is any word, `#` a number, `@` a function with an offset, `/` a file's
/// line. A log that is broken says the rest in the next one.
const MESSAGES: &[&str] = &[
    // print_error_description and print_access_info, mm/kasan/report.c
    "BUG: KASAN: * in @",
    "BUG: KASAN: double-free or invalid-free in @",
    "of size # at addr # by task *",
    // kmsan_report, mm/kmsan/report.c
    "BUG: KMSAN: * in @",
    // print_report, kernel/kcsan/report.c
    "BUG: KCSAN: data-race in * / *",
    "BUG: KCSAN: data-race in @",
    // kfence_report_error, mm/kfence/report.c
    "BUG: KFENCE: * read in @",
    "BUG: KFENCE: * write in @",
    "BUG: KFENCE: memory corruption in @",
    "BUG: KFENCE: invalid free in @",
    // show_fault_oops, arch/x86/mm/fault.c
    "BUG: unable to handle page fault for address: #",
    "BUG: kernel NULL pointer dereference, address: #",
    "BUG: unable to handle kernel NULL pointer dereference at #",
    "BUG: unable to handle kernel paging request at #",
    // die_kernel_fault, arch/arm64/mm/fault.c, and its likes
    "Unable to handle kernel NULL pointer dereference at virtual address #",
    "Unable to handle kernel paging request at virtual address #",
    "Unable to handle kernel access to user memory outside uaccess routines at virtual address #",
    // report_bug, lib/bug.c
    "kernel BUG at /",
    // __warn, kernel/panic.c
    "WARNING: CPU: # PID: # at / @",
    // check_hung_task, kernel/hung_task.c
    "INFO: task * blocked for more than # seconds.",
    // watchdog_timer_fn, kernel/watchdog.c
    "BUG: soft lockup - * stuck for * *",
    // print_cpu_stall, print_other_cpu_stall, kernel/rcu/tree_stall.h
    "INFO: * self-detected stall on *",
    "INFO: * detected stalls on CPUs/tasks:",
    "INFO: * detected expedited stalls on CPUs/tasks: *",
    // __might_resched, __schedule_bug, kernel/sched/core.c
    "BUG: sleeping function called from invalid context at /",
    "BUG: scheduling while atomic: *",
    // bad_page, mm/page_alloc.c
    "BUG: Bad page state in process *",
    // check_preemption_disabled, lib/smp_processor_id.c
    "BUG: using smp_processor_id() in preemptible * code: *",
    // ubsan_prologue, lib/ubsan.c
    "UBSAN: * in /",
    // kernel/locking/lockdep.c
    "WARNING: possible circular locking dependency detected",
    "WARNING: possible recursive locking detected",
    "WARNING: suspicious RCU usage",
    // exc_general_protection, arch/x86/kernel/traps.c
    "general protection fault, probably for non-canonical address #",
    // oops_end, arch/x86/kernel/dumpstack.c; die of others
    "Kernel panic - not syncing: Fatal exception in interrupt",
];

/// Every such line has one of these, so that most lines need no more.
const MARKS: &[&str] = &[
    "BUG",
    "UBSAN: ",
    "INFO: ",
    "WARNING: ",
    "of size ",
    "nable to handle",
    "general protection",
    "Kernel panic",
    "Krnl PSW : ",
];

/// A message's rest is in so many bytes.
const LONGEST: usize = 250;
/// So many digits have an address and a register of 64 bits.
const DIGITS: usize = 16;

/// Whether `next` is the rest of `line` for sure, and what was between them.
pub(super) fn is_rest(line: &[u8], next: &[u8]) -> Option<&'static [u8]> {
    let spaced = || is_message_cut(line, b" ", next) || is_file_of(line, next) || is_place_of(line, next);
    if is_cut(line, next) {
        Some(b"")
    } else {
        spaced().then_some(if line.ends_with(b" ") { b"" } else { b" " })
    }
}

/// Whether a screen has broken a number or a message where there is no blank, or left the blank: no mail program does.
pub(super) fn is_cut(line: &[u8], next: &[u8]) -> bool {
    is_number_cut(line, next)
        || !line.ends_with(b" ") && !line.ends_with(b"-") && is_message_cut(line, b"", next)
}

/// Whether one number ends with a line and goes on in the next, and has as many digits as it should: an address of 64 bits.
fn is_number_cut(line: &[u8], next: &[u8]) -> bool {
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    let begun = line.iter().rev().take_while(|&&byte| digits(byte)).count();
    let (rest, after) = text::take(next, digits);
    let before = line.get(..line.len() - begun).unwrap_or_default();
    begun > 0
        // Two of 32 bits have as many.
        && begun != DIGITS / 2
        && !rest.is_empty()
        && begun + rest.len() == DIGITS
        && matches!(after, [] | [b' ' | b'(', ..])
        && is_label_of_number(before)
}

/// Whether what stands before a number says that it is a register or an address.
fn is_label_of_number(before: &[u8]) -> bool {
    let end = before.trim_ascii_end();
    let words = [&b" at"[..], b" addr", b" address"];
    end.ends_with(b":") || end.len() < before.len() && words.iter().any(|word| end.ends_with(word))
}

/// Whether a line may be a message's beginning.
pub(super) fn is_begun(line: &[u8]) -> bool {
    MARKS.iter().any(|mark| text::contains(line, mark))
}

/// Whether the function is the next line's that stands in brackets behind s390's program counter (`show_registers`,
/// `arch/s390/kernel/dumpstack.c`): `Krnl PSW : 0704d00180000000 000003fee0011ea0 (demo_seed+0xfd/0x170 [demo])`.
fn is_place_of(line: &[u8], next: &[u8]) -> bool {
    next.starts_with(b"(")
        && text::contains(next, "+0x")
        && text::after(line, "Krnl PSW : ").is_some_and(|rest| words(rest).count() == 2)
}

/// Whether a message goes on, as the kernel words it.
fn is_message_cut(line: &[u8], between: &[u8], next: &[u8]) -> bool {
    // No message is longer.
    let next = next.get(..LONGEST).unwrap_or(next);
    is_begun(line) && {
        let whole = [line, between, next].concat();
        MESSAGES.iter().any(|message| is_message(&whole, line.len(), message))
    }
}

/// Whether a text has a message, and this from before `cut` to behind it, with two words at least begun before.
fn is_message(text: &[u8], cut: usize, message: &str) -> bool {
    let first = message.split(' ').next().unwrap_or_default();
    let Some(start) = text::find(text, first).filter(|start| *start < cut) else { return false };
    let has = |end: usize| {
        let mut words = words(text.get(start..end).unwrap_or_default());
        message.split(' ').all(|wanted| words.next().is_some_and(|word| is_word(word, wanted)))
    };
    let begun = words(text.get(start..cut).unwrap_or_default()).count();
    (2..=message.split(' ').count()).contains(&begun) && !has(cut) && has(text.len())
}

/// Whether a word is what a message has in its place.
fn is_word(word: &[u8], wanted: &str) -> bool {
    match wanted {
        "*" => true,
        "#" => {
            let digits = word.strip_prefix(b"0x").unwrap_or(word);
            let (number, mark) = text::take(digits, |byte| byte.is_ascii_hexdigit());
            !number.is_empty() && (mark.is_empty() || matches!(mark, b":" | b"," | b"."))
        }
        "@" => text::contains(word, "+0x"),
        "/" => is_file(word),
        _ => word == wanted.as_bytes(),
    }
}

/// Whether a line is a frame, `fn+0x1/0x2` or `fn`, and the next one its file: `net/core/dev.c:12 [inline]`.
fn is_file_of(line: &[u8], next: &[u8]) -> bool {
    let mut words = words(next);
    if !words.next().is_some_and(is_file) || words.any(|word| word != b"[inline]") {
        return false;
    }
    let frame = line.trim_ascii();
    let frame = frame.strip_prefix(b"? ").unwrap_or(frame);
    frame.iter().all(|&byte| text::is_word_byte(byte) || matches!(byte, b'.' | b'+' | b'/'))
        && frame.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && !text::contains(frame, "//")
}

/// `net/core/dev.c:12`, `mm/slub.c:12!`
fn is_file(word: &[u8]) -> bool {
    const ENDS: &[&str] = &[".c:", ".h:", ".S:", ".rs:", ".cpp:", ".l:"];
    let number = ENDS.iter().find_map(|end| text::after(word, end));
    number.is_some_and(|number| number.first().is_some_and(u8::is_ascii_digit))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_rest;

    #[test]
    fn the_function_of_a_counter_of_s390_is_the_rest() {
        let counter = b"Krnl PSW : 0704d00180000000 000003fee0011ea0";
        assert_eq!(is_rest(counter, b"(demo_seed+0xfd/0x170 [demo])"), Some(&b" "[..]));
        assert_eq!(is_rest(counter, b"(it broke)"), None);
        assert_eq!(is_rest(b"Krnl PSW : 0704d00180000000", b"(demo_seed+0xfd/0x170 [demo])"), None);
    }
}
