//! Guards the crate's layers: imports go strictly down a fixed order of modules, so there is no cycle, and
//! each outside crate, `unsafe` and the data of the formats stay in the modules made for them.
//!
//! It reads the crate's own sources. A module that is not in the order fails as well: whoever adds one
//! says where it belongs.

use std::fs;
use std::path::Path;

/// The modules, lowest first: a module imports only from rows above its own.
const ORDER: &[&[&str]] = &[
    &["text", "kind", "demangle"],
    &["arch"],
    &["line"],
    &["container"],
    &["facts::frame", "facts::code"],
    &["facts::registers", "facts::task", "facts::oops"],
    &["facts::locks", "facts::modules", "facts::message", "facts::offset", "facts::place", "facts::memory"],
    &["facts::detail", "facts::device", "facts::oom"],
    &["facts::trace"],
    &["facts"],
    &["disasm"],
    &["formats"],
    &["scan"],
    &["rules"],
    &["blame"],
    &["title", "guilty"],
    &["extract"],
    &["report"],
    &["signature", "waits"],
    &["reader"],
    &["bisect"],
    &["parallel"],
    &["symbolize"],
    &["render", "ser"],
];

/// Modules that may import from a part of the rows above only: the first is allowed the rest.
const NARROW: &[(&str, &[&str])] = &[("symbolize", &["text", "demangle", "arch", "line", "facts"])];

/// Outside crates, and the modules that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("regex", &["rules"]),
    ("nom", &["text", "line", "facts", "bisect"]),
    ("object", &["symbolize"]),
    ("gimli", &["symbolize"]),
    ("addr2line", &["symbolize"]),
    ("serde", &["ser"]),
    ("iced_x86", &["disasm"]),
    ("yaxpeax_arch", &["disasm"]),
    ("yaxpeax_arm", &["disasm"]),
];

/// Longest file. Tables are exempt: they grow with the formats that the crate knows.
const FILE_LINES: usize = 600;
/// The crate's root has documentation and re-exports.
const ROOT_LINES: usize = 120;

/// A file below `src/`.
struct Source {
    /// Path below `src/`, with `/` between its parts.
    path: String,
    text: String,
}

impl Source {
    /// The module's path: `facts/memory/kasan.rs` is `facts`, `memory`, `kasan`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').collect()
    }

    /// Whether the file has nothing but tests.
    fn is_test(&self) -> bool {
        self.module().contains(&"tests")
    }

    /// The code without comments, texts and unit tests.
    fn code(&self) -> String {
        let bare = without_texts(&self.text);
        match bare.find("#[cfg(test)]\nmod tests {") {
            Some(at) => bare[..at].to_string(),
            None => bare,
        }
    }
}

/// Blanks comments and the contents of string literals.
fn without_texts(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(end) = raw_string(rest) {
            out.push_str("\"\"");
            end
        } else if first == '"' {
            out.push_str("\"\"");
            string_end(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("b'\"'") {
            rest.find("\"'").map_or(1, |at| at + 2)
        } else if rest.starts_with("'\\") {
            rest.char_indices().skip(3).find(|(_, char)| *char == '\'').map_or(1, |(at, _)| at + 1)
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[skip..];
    }
    out
}

/// The end of the raw string literal that `text` begins with.
fn raw_string(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = inside.len() - inside.trim_start_matches('#').len();
    let inside = inside[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let at = inside.find(&end)?;
    Some(text.len() - inside.len() + at + end.len())
}

/// The end of the string literal that `text` begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Places where `word` stands in `code` as a word that begins a path.
fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].trim_end_matches(is_word).len() == at;
        let within = code[..at].ends_with("::") || code[..at].ends_with('.');
        let after = code[at + word.len()..].chars().next().is_none_or(|next| !is_word(next));
        before && !within && after
    })
}

/// All paths of the `use` tree or path that `code` begins with, and where it ends.
fn paths(code: &str) -> (Vec<Vec<String>>, usize) {
    let name = code.len() - code.trim_start_matches(is_word).len();
    let mut all = vec![vec![code[..name].to_string()]];
    let mut at = name;
    let Some(after) = code[at..].strip_prefix("::") else { return (all, at) };
    at += 2;
    let first = all[0][0].clone();
    let mut tails = Vec::new();
    if after.starts_with('{') {
        at += 1;
        loop {
            at += code[at..].len() - code[at..].trim_start_matches([' ', '\n', ',']).len();
            if code[at..].starts_with('}') || at >= code.len() {
                break;
            }
            let (inner, end) = paths(&code[at..]);
            tails.extend(inner);
            let rest = &code[at + end..];
            at += end + rest.find([',', '}']).unwrap_or(rest.len());
        }
        at += 1;
    } else if after.starts_with(is_word) {
        let (inner, end) = paths(after);
        tails = inner;
        at += end;
    }
    if !tails.is_empty() {
        all = tails
            .into_iter()
            .map(|tail| {
                let mut path = vec![first.clone()];
                path.extend(tail);
                path
            })
            .collect();
    }
    (all, at)
}

/// The name of a module's path in the order: of `facts` two parts, else one.
fn key<S: AsRef<str>>(path: &[S]) -> Option<String> {
    let first = path.first()?.as_ref();
    let second = path.get(1).map(AsRef::as_ref);
    let both = second.map(|second| format!("{first}::{second}"));
    let known = |name: &String| ORDER.iter().any(|row| row.contains(&name.as_str()));
    Some(both.filter(known).unwrap_or_else(|| first.to_string()))
}

fn row(key: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&key))
}

/// Full paths of what a file imports from the crate.
fn imports(source: &Source) -> Vec<Vec<String>> {
    let code = source.code();
    let own: Vec<String> = source.module().into_iter().map(str::to_string).collect();
    let mut found = Vec::new();
    for (word, start) in [("crate", Some(0)), ("super", own.len().checked_sub(1)), ("self", Some(own.len()))]
    {
        for at in words(&code, word) {
            for path in paths(&code[at..]).0 {
                let ups = path.iter().skip(1).take_while(|part| *part == "super").count();
                let Some(kept) = start.and_then(|start| start.checked_sub(ups)) else { continue };
                let full = own.iter().take(kept).chain(path.iter().skip(1 + ups)).cloned();
                let full: Vec<String> = full.collect();
                if !(full.is_empty() || path.len() == 1) {
                    found.push(full);
                }
            }
        }
    }
    found
}

/// What is wrong in a file.
fn faults_of(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = source.text.lines().count();
    let root = source.path == "lib.rs";
    let (path, module) = (source.path.as_str(), source.module());
    let table = module[0] == "formats";
    if lines > if root { ROOT_LINES } else { FILE_LINES } && !table && !source.is_test() {
        faults.push(format!("{path}: {lines} lines"));
    }
    if root || source.is_test() {
        return faults;
    }
    let code = source.code();
    faults.extend(import_faults(source));
    for (name, allowed) in CRATES {
        if names_crate(&code, name) && !allowed.contains(&module[0]) {
            faults.push(format!("{path}: `{name}` is for {allowed:?} only"));
        }
    }
    if words(&code, "unsafe").next().is_some() && !path.starts_with("scan/simd") {
        faults.push(format!("{path}: `unsafe` is for scan/simd only"));
    }
    let functions = words(&code, "fn").filter(|&at| !code[..at].trim_end().ends_with("const"));
    if table && functions.filter(|&at| code[at + 2..].starts_with(' ')).count() > 0 {
        faults.push(format!("{path}: formats are data only"));
    }
    faults
}

/// Whether code names an outside crate, other than in a `cfg_attr`.
fn names_crate(code: &str, name: &str) -> bool {
    words(code, name).any(|at| {
        let line = &code[code[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
        let path = code[at + name.len()..].starts_with("::") || line.ends_with("use ");
        (path || line.trim_start().starts_with("#[")) && !line.contains("cfg_attr")
    })
}

fn import_faults(source: &Source) -> Vec<String> {
    let path = &source.path;
    let own = key(&source.module()).unwrap_or_default();
    let Some(from) = row(&own) else {
        return vec![format!("{path}: `{own}` is not in the order of modules: place it there")];
    };
    let mut faults = Vec::new();
    for import in imports(source) {
        let name = import.join("::");
        let Some(target) = key(&import) else { continue };
        let narrow = NARROW.iter().find(|(who, _)| *who == own);
        match row(&target) {
            _ if target == own => {}
            None => faults.push(format!("{path}: crate::{name} names no module of the order")),
            Some(to) if to >= from => faults.push(format!("{path}: crate::{name} is not below `{own}`")),
            Some(_) => {
                let top = target.split("::").next().unwrap_or_default();
                if narrow.is_some_and(|(_, allowed)| !allowed.contains(&top)) {
                    faults.push(format!("{path}: `{own}` may not import crate::{name}"));
                }
            }
        }
    }
    faults
}

fn collect(dir: &Path, base: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, base, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let parts: Vec<_> =
                path.strip_prefix(base).unwrap().iter().map(|part| part.to_string_lossy()).collect();
            found.push(Source { path: parts.join("/"), text: fs::read_to_string(&path).unwrap() });
        }
    }
}

#[test]
fn the_crate_keeps_its_layers() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    collect(&base, &base, &mut sources);
    assert!(sources.len() > 20, "the sources are not where they should be");
    let imports = sources.iter().filter(|source| !source.is_test()).map(|source| imports(source).len());
    assert!(imports.sum::<usize>() > 50, "the imports are not seen");
    let faults: Vec<String> = sources.iter().flat_map(faults_of).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong in a file made up for a test.
fn faults(path: &str, text: &str) -> Vec<String> {
    faults_of(&Source { path: path.into(), text: text.into() })
}

#[test]
fn imports_down_are_right_and_imports_up_are_not() {
    assert!(faults("report.rs", "use crate::facts::trace::StackTrace;\nuse crate::kind::Kind;\n").is_empty());
    assert_eq!(
        faults("kind.rs", "use crate::report::Report;\n"),
        ["kind.rs: crate::report::Report is not below `kind`"]
    );
    assert_eq!(faults("facts/frame.rs", "use crate::facts::trace::StackTrace;\n").len(), 1);
    assert_eq!(faults("facts/locks.rs", "use crate::facts::memory::Memory;\n").len(), 1, "of one row");
    assert!(faults("facts/trace.rs", "use crate::facts::task::Task;\n").is_empty());
}

#[test]
fn paths_in_the_code_and_groups_are_imports_as_well() {
    assert_eq!(faults("text.rs", "fn f() { crate::line::g(); }\n").len(), 1);
    assert_eq!(faults("line.rs", "use crate::{text, report::{self, Report}};\n").len(), 2);
    assert_eq!(faults("line/clock.rs", "use super::super::report;\n").len(), 1);
    assert_eq!(faults("facts/frame.rs", "use super::{trace::StackTrace};\n").len(), 1);
    assert!(faults("facts/memory/kasan.rs", "use super::{Access, slab::Slab};\n").is_empty());
    assert!(faults("line.rs", "/// [`crate::report`]\nconst X: &str = \"crate::report::f\";\n").is_empty());
    assert!(faults("rules.rs", "const Q: u8 = b'\"';\nuse regex::bytes::Regex; // \"\n").is_empty());
}

#[test]
fn modules_outside_the_order_and_names_of_the_root_fail() {
    assert_eq!(
        faults("guess.rs", "fn f() {}\n"),
        ["guess.rs: `guess` is not in the order of modules: place it there"]
    );
    assert_eq!(faults("render.rs", "use crate::Report;\n").len(), 1);
}

#[test]
fn symbolize_does_without_the_report() {
    assert!(faults("symbolize/lookup.rs", "use crate::facts::frame::Frame;\n").is_empty());
    assert_eq!(faults("symbolize/lookup.rs", "use crate::report::Report;\n").len(), 1);
}

#[test]
fn outside_crates_stay_in_their_modules() {
    assert_eq!(faults("title.rs", "use regex::Regex;\n").len(), 1);
    assert_eq!(faults("report.rs", "fn f() { nom::bytes::take(1) }\n").len(), 1);
    assert_eq!(faults("facts/memory.rs", "use gimli::Dwarf;\n").len(), 1);
    assert!(faults("facts/memory.rs", "struct S { object: u8 }\nfn f(s: S) { s.object; }\n").is_empty());
    assert_eq!(faults("kind.rs", "#[derive(serde::Serialize)]\nstruct K;\n").len(), 1);
    assert_eq!(faults("kind.rs", "#[serde(rename = \"k\")]\nstruct K;\n").len(), 1);
    let optional = "#[cfg_attr(feature = \"serde\", derive(serde::Serialize))]\nstruct K;\n";
    assert!(faults("kind.rs", optional).is_empty());
    assert!(faults("ser.rs", "use serde::Serialize;\n").is_empty());
    assert_eq!(faults("scan/mod.rs", "unsafe fn f() {}\n").len(), 1);
    assert!(faults("scan/simd/x86.rs", "unsafe fn f() {}\n").is_empty());
}

#[test]
fn formats_are_data_and_files_are_short() {
    assert!(faults("formats/mod.rs", "const fn f() {}\nstatic S: fn() = g;\n").is_empty());
    assert_eq!(faults("formats/bug.rs", "fn f() {}\n").len(), 1);
    let long = "const X: u8 = 1;\n".repeat(FILE_LINES + 1);
    assert_eq!(faults("title.rs", &long).len(), 1);
    assert!(faults("formats/skip.rs", &long).is_empty());
    assert!(faults("tests/golden.rs", &long).is_empty());
    assert_eq!(faults("lib.rs", &long).len(), 1);
}

/// The files that a file imports from.
fn files_of<'s>(source: &Source, sources: &'s [Source]) -> Vec<&'s str> {
    let modules: Vec<(Vec<&str>, &str)> = sources.iter().map(|s| (s.module(), s.path.as_str())).collect();
    let file = |path: &[String]| {
        (1..=path.len()).rev().find_map(|parts| {
            modules.iter().find(|(module, _)| module.iter().eq(&path[..parts])).map(|(_, file)| *file)
        })
    };
    imports(source).iter().filter_map(|path| file(path)).filter(|file| *file != source.path).collect()
}

/// Files that import from each other, over others or at once: each with all that it can come back from.
fn circles(sources: &[Source]) -> Vec<String> {
    let direct: Vec<(&str, Vec<&str>)> =
        sources.iter().map(|source| (source.path.as_str(), files_of(source, sources))).collect();
    let reached = |from: &str| {
        let (mut known, mut open) = (Vec::new(), vec![from]);
        while let Some(file) = open.pop() {
            let next = direct.iter().find(|(name, _)| *name == file).map(|(_, next)| next);
            for file in next.into_iter().flatten() {
                if !known.contains(file) {
                    known.push(file);
                    open.push(file);
                }
            }
        }
        known
    };
    let reach: Vec<(&str, Vec<&str>)> = direct.iter().map(|(file, _)| (*file, reached(file))).collect();
    let back = |from: &str, to: &str| reach.iter().any(|(file, reach)| *file == to && reach.contains(&from));
    let circle = |(file, reach): &(&str, Vec<&str>)| {
        let mut others: Vec<&str> = reach.iter().copied().filter(|to| back(file, to)).collect();
        others.sort_unstable();
        (!others.is_empty()).then(|| format!("{file}: {}", others.join(", ")))
    };
    reach.iter().filter_map(circle).collect()
}

#[test]
fn files_import_in_no_circle() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    collect(&base, &base, &mut sources);
    sources.retain(|source| !source.is_test() && source.path != "lib.rs");
    let circles = circles(&sources);
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn circles_are_seen() {
    let files = [
        ("extract.rs", "use self::a::A;"),
        ("extract/a.rs", "use super::b::B;"),
        ("extract/b.rs", "use crate::extract::c::C;"),
        ("extract/c.rs", "use super::a::A;\nuse crate::text;"),
        ("text.rs", ""),
    ];
    let sources: Vec<Source> =
        files.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).into() }).collect();
    let all = "extract/a.rs, extract/b.rs, extract/c.rs";
    assert_eq!(circles(&sources), ["a", "b", "c"].map(|file| format!("extract/{file}.rs: {all}")));
}
