//! The modules of a crashed kernel: `print_modules` in `kernel/module/main.c`.

use crate::text;

/// A module and its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module<'a> {
    /// Name as the kernel has it: `snd_hda_intel`, with `_` where the file name may have `-`.
    pub name: &'a str,
    /// What it taints the kernel with (`P` proprietary, `O` out of tree, `E` unsigned, …), then `+` while it is
    /// loaded and `-` while it is unloaded; empty for a module without flags.
    pub taints: &'a str,
}

/// The modules that a report names.
///
/// ```text
/// Modules linked in: crashme(OE+) crash_helper(OE) [last unloaded: crashme(OE)]
/// Unloaded tainted modules: intel_cstate(E):1 acpi_cpufreq(E):2
/// ```
///
/// Since Linux 6.1 the unloaded modules have a line of their own, and the last one stands at its end.
///
/// Every name is a `pr_cont`: where the line has 1000 bytes, or another CPU prints between two names, the rest stands
/// on lines of its own, each of which begins with a blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Modules<'a> {
    /// In the order printed: the newest first.
    pub loaded: Vec<Module<'a>>,
    /// The last module that was unloaded.
    pub last_unloaded: Option<Module<'a>>,
    /// Unloaded modules that had tainted the kernel, with how often each was unloaded.
    pub unloaded_tainted: Vec<(Module<'a>, u64)>,
}

const LINKED: &[u8] = b"Modules linked in:";
const UNLOADED: &[u8] = b"Unloaded tainted modules:";
const LAST: &str = "[last unloaded: ";
/// A terminal or a mail breaks a line that has this many bytes; the next one does not begin with a blank then.
const WRAP: usize = 60;

impl<'a> Modules<'a> {
    /// Reads the first list of modules in the lines of a report; `None` if there is none.
    /// A list without modules is an empty list.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Option<Modules<'a>> {
        let mut modules: Option<Modules<'a>> = None;
        // The line before, if it is of the list.
        let mut open: Option<&[u8]> = None;
        for body in bodies {
            if let (Some(before), Some(modules)) = (open, &mut modules)
                && modules.last_unloaded.is_none()
                && is_rest(body, before)
            {
                modules.linked(body);
                open = Some(body);
                continue;
            }
            let body = text::skip_blanks(body);
            open = None;
            if let Some(rest) = body.strip_prefix(LINKED) {
                if modules.is_some() {
                    break;
                }
                open = Some(body);
                modules.insert(Modules::default()).linked(rest);
            } else if let (Some(modules), Some(rest)) = (&mut modules, body.strip_prefix(UNLOADED))
                && modules.unloaded_tainted.is_empty()
            {
                modules.unloaded(rest);
            }
        }
        modules
    }

    fn linked(&mut self, rest: &'a [u8]) {
        let (list, last) = match text::find(rest, LAST) {
            Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + LAST.len()..)),
            None => (rest, None),
        };
        // Before a line break was printed between them, both lists shared a line.
        let (list, tainted) = match memchr::memmem::find(list, UNLOADED) {
            Some(at) => (list.get(..at).unwrap_or_default(), list.get(at + UNLOADED.len()..)),
            None => (list, None),
        };
        self.loaded.extend(words(list).map_while(|word| Some(module(word)?.1)));
        self.unloaded(tainted.unwrap_or_default());
        self.last_unloaded = last.and_then(|last| Some(module(last)?.1));
    }

    fn unloaded(&mut self, rest: &'a [u8]) {
        self.unloaded_tainted.extend(words(rest).map_while(|word| {
            let (rest, module) = module(word)?;
            Some((module, text::dec(rest.strip_prefix(b":")?).ok()?.1))
        }));
        if self.last_unloaded.is_none() {
            self.last_unloaded = text::after(rest, LAST).and_then(|last| Some(module(last)?.1));
        }
    }
}

/// Whether a line is the rest of a list that was broken: ` b(O) c(PO+)`.
fn is_rest(body: &[u8], before: &[u8]) -> bool {
    let (list, last) = body.split_at(text::find(body, LAST).unwrap_or(body.len()));
    let dumped = |word: &[u8]| matches!(word.len(), 8 | 16) && word.iter().all(u8::is_ascii_hexdigit);
    let whole = |word| module(word).is_some_and(|(rest, _)| rest.is_empty()) && !dumped(word);
    let broken = body.starts_with(b" ") || before.len() >= WRAP;
    let mut words = words(list).peekable();
    broken && (words.peek().is_some() || !last.is_empty()) && words.all(whole)
}

fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

/// Reads `crashme(OE+)` and returns what follows.
fn module(word: &[u8]) -> Option<(&[u8], Module<'_>)> {
    let (name, rest) = text::take(word, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let name = text::ascii(name).filter(|name| !name.is_empty())?;
    let (taints, rest) = match rest.strip_prefix(b"(") {
        Some(inner) => {
            let (taints, rest) = text::take(inner, |b| b.is_ascii_uppercase() || matches!(b, b'+' | b'-'));
            (text::ascii(taints)?, rest.strip_prefix(b")").unwrap_or(rest))
        }
        None => ("", rest),
    };
    Some((rest, Module { name, taints }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(modules: &[Module<'_>]) -> String {
        modules.iter().map(|m| format!("{}:{} ", m.name, m.taints)).collect()
    }

    #[test]
    fn lists() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("Modules linked in:", "", None),
            ("Modules linked in: ", "", None),
            ("Modules linked in: crashme(O) crash_helper(O)", "crashme:O crash_helper:O ", None),
            (
                "Modules linked in: crashme(OE+) crash_helper(OE) [last unloaded: crashme(OE)]",
                "crashme:OE+ crash_helper:OE ",
                Some("crashme:OE "),
            ),
            ("Modules linked in: a b(PO) d(-) [last unloaded: e]", "a: b:PO d:- ", Some("e: ")),
            // Cut lines, and another CPU's words.
            ("Modules linked in: a b(P", "a: b:P ", None),
            ("Modules linked in: a [last unloaded: ", "a: ", None),
            ("Modules linked in: a \u{fffd} b", "a: ", None),
        ];
        for &(line, loaded, last) in rows {
            let modules = Modules::read([line.as_bytes()]).expect(line);
            assert_eq!(show(&modules.loaded), loaded, "{line}");
            assert_eq!(modules.last_unloaded.map(|m| show(&[m])).as_deref(), last, "{line}");
        }
        assert_eq!(Modules::read([&b"Modules linked"[..]]), None);
    }

    #[test]
    fn broken_list() {
        let long = format!("Modules linked in:{}", " abcdefgh".repeat(110));
        let log = [long.as_bytes(), b" x(O) y", b" z [last unloaded: w]", b"CPU: 0 PID: 1", b" v"];
        let modules = Modules::read(log).expect("list");
        assert_eq!((modules.loaded.len(), modules.last_unloaded.map(|m| m.name)), (113, Some("w")));
        // Another CPU has printed between two names: print_modules, kernel/module/main.c, 6.1.
        let torn = [&b"Modules linked in:"[..], b" a", b" b(O) c", b" [last unloaded: w(O)]", b" x"];
        let modules = Modules::read(torn).expect("list");
        assert_eq!(
            (show(&modules.loaded).as_str(), modules.last_unloaded.map(|m| m.name)),
            ("a: b:O c: ", Some("w"))
        );
        // Wrapped at 72 columns by a mail.
        let line = "Modules linked in: nf_conntrack_netlink xt_conntrack nft_chain_nat xt_MASQUERADE";
        let mail = [line.as_bytes(), b"nf_nat xt_addrtype(E)", b"CPU: 0 PID: 1 Comm: a"];
        assert_eq!(Modules::read(mail).map(|m| m.loaded.len()), Some(6));
        // What follows is something else.
        for next in [" 61d2fda0 64a0104c", "b", " Call Trace:", " fn+0x1/0x2", "", " "] {
            let lines = [&b"Modules linked in: a"[..], next.as_bytes()];
            assert_eq!(Modules::read(lines).map(|m| m.loaded.len()), Some(1), "{next}");
        }
    }

    #[test]
    fn tainted() {
        let one = "Modules linked in: a Unloaded tainted modules: x(E):1 y(OE):12 [last unloaded: y(OE)]";
        let two = "Modules linked in: a\nUnloaded tainted modules: x(E):1 y(OE):12 [last unloaded: y(OE)]\nModules linked in: z";
        for log in [one, two] {
            let modules = Modules::read(log.lines().map(str::as_bytes)).expect(log);
            assert_eq!(show(&modules.loaded), "a: ");
            let tainted: Vec<_> =
                modules.unloaded_tainted.iter().map(|(m, n)| (m.name, m.taints, *n)).collect();
            assert_eq!(tainted, [("x", "E", 1), ("y", "OE", 12)]);
            assert_eq!(modules.last_unloaded.map(|m| show(&[m])).as_deref(), Some("y:OE "));
        }
    }
}
