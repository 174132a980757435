//! Guards what the example `crashparse` takes of memory and of the terminal: whatever it is given, memory is bounded, what
//! cannot be done is said, and nothing that is not seen is printed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use wait4::Wait4;

const LOG: &str = "testdata/logs/oops-work.log";
const TITLE: &str = "general protection fault in oops_leaf";
/// What a run takes at most. The system counts what the test took before it, too.
const PEAK_BYTES: u64 = 128 << 20;
/// What bombs unpack to: logs were in memory twice.
const LOG_BYTES: usize = 64 << 20;
const FILE_BYTES: usize = 128 << 20;

/// The binary, which `cargo test` builds beside the tests.
fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples").join("crashparse")
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

/// Standard output, standard error and exit status.
fn run(arguments: &[&str]) -> (String, String, Option<i32>) {
    text_of(command(&binary(), arguments).output().unwrap())
}

fn text_of(Output { status, stdout, stderr }: Output) -> (String, String, Option<i32>) {
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code())
}

/// Standard error, exit status, and the most memory that was taken.
fn measured(arguments: &[&str]) -> (String, Option<i32>, u64) {
    let mut child =
        command(&binary(), arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let ended = child.wait4().unwrap();
    (stderr, ended.status.code(), ended.rusage.maxrss)
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("crashparse-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A small file that unpacks to much: a head, and a text again and again.
fn bomb(path: &Path, bytes: usize, head: &[u8], text: &[u8]) {
    let mut packed = zstd::Encoder::new(File::create(path).unwrap(), 1).unwrap();
    packed.write_all(head).unwrap();
    let piece = text.repeat((1 << 20) / text.len());
    (0..bytes >> 20).for_each(|_| packed.write_all(&piece).unwrap());
    packed.finish().unwrap();
}

#[test]
fn what_unpacks_to_much_takes_little_memory() {
    let dir = folder("bombs");
    let at = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let elf =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/symbolize/vmlinux-dwarf5")).unwrap();
    let (zeros, lines, list, kernel) = (at("zeros.zst"), at("lines.zst"), at("list.zst"), at("vmlinux.zst"));
    bomb(Path::new(&zeros), FILE_BYTES, b"", &[0; 16]);
    bomb(Path::new(&lines), LOG_BYTES, b"", b"[    1.000000] demo: all is well\n");
    bomb(Path::new(&kernel), FILE_BYTES, &elf[..64], &[0; 16]);
    // Ever new titles.
    let mut known = zstd::Encoder::new(File::create(&list).unwrap(), 1).unwrap();
    (0..1_000_000).for_each(|number| writeln!(known, "demo: number {number} of many bugs").unwrap());
    known.finish().unwrap();
    fs::create_dir(dir.join("modules")).unwrap();
    fs::copy(&kernel, dir.join("modules/crashme.ko.zst")).unwrap();
    let modules = at("modules");
    let no_file = "MiB, which no such file does\n";
    let cases: [(&[&str], &str, i32); 8] = [
        (&["verdict", "--like", TITLE, &lines], "", 0),
        (&["verdict", "--like", &lines, LOG], "lines.zst: no report in it\n", 128),
        (&["-k", &zeros, LOG], no_file, 2),
        (&["-k", &kernel, LOG], no_file, 2),
        (&["symbolize", "-k", &kernel, LOG], no_file, 2),
        (&["-m", &modules, LOG], no_file, 2),
        (&["--exclude-known", &zeros, LOG], "a line of more than 64 KiB", 2),
        (&["--exclude-known", &list, LOG], "list.zst: crashes of more than", 2),
    ];
    for (arguments, message, wanted) in cases {
        let (err, status, peak) = measured(arguments);
        assert!(err.contains(message) && (err.is_empty() == message.is_empty()), "{arguments:?}: {err}");
        assert_eq!(status, Some(wanted), "{arguments:?}: {err}");
        assert!(peak < PEAK_BYTES, "{arguments:?}: {peak} bytes");
    }
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn files_of_modules_are_looked_through_once_and_closed() {
    const MODULES: usize = 300;
    let dir = folder("modules");
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/symbolize/snd-fixture.ko");
    (0..MODULES).for_each(|number| {
        fs::copy(&module, dir.join(format!("other-{number}.ko"))).unwrap();
    });
    let mut log =
        String::from("[    1.0] BUG: kernel NULL pointer dereference, address: 0\n[    1.0] Call Trace:\n");
    (0..MODULES).for_each(|number| log += &format!("[    1.0]  fn+0x1/0x20 [unknown_{number}]\n"));
    let path = dir.join("log");
    fs::write(&path, log).unwrap();
    let (err, status, peak) = measured(&["-m", dir.to_str().unwrap(), path.to_str().unwrap()]);
    assert!(err.starts_with("crashparse: no file for module unknown_0\n") && status == Some(0), "{err}");
    assert!(peak < PEAK_BYTES, "{peak} bytes");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_text_of_many_hung_tasks_grows_as_their_number() {
    let dir = folder("hung");
    let path = dir.join("log");
    let text_of = |tasks: usize| {
        let mut log = String::new();
        for task in 10..10 + tasks {
            let owner = 20_000 + task;
            log += &format!(
                "[  100.0] INFO: task w{task}:{task} blocked for more than 122 seconds.\n\
                 [  100.0] task:w{task} state:D stack:0 pid:{task} tgid:{task} ppid:2 flags:0x00004000\n\
                 [  100.0] INFO: task w{task}:{task} is blocked on a mutex likely owned by task own{task}:{owner}.\n"
            );
        }
        fs::write(&path, log).unwrap();
        let (out, _, status) = run(&[path.to_str().unwrap()]);
        assert_eq!(status, Some(0));
        for task in [10, 9 + tasks] {
            let line = format!(
                "\n  w{task} (pid {task}) waits for mutex, held by own{task} (pid {})\n",
                20_000 + task
            );
            assert_eq!(out.matches(&line).count(), 1, "{line}");
        }
        out.len()
    };
    let (some, twice) = (text_of(200), text_of(400));
    assert!(twice < some * 9 / 4, "{some} and {twice} bytes");
    fs::remove_dir_all(dir).unwrap();
}

/// Where there is no room for the stacks of so many threads, there are fewer.
#[cfg(target_os = "linux")]
#[test]
fn any_number_of_threads_may_be_asked_for() {
    let (out, err, status) = run(&["-j", "100000", "--count", LOG]);
    assert_eq!((out.as_str(), err.as_str(), status), ("1\n", "", Some(0)));
    let arguments = [
        "-c",
        "ulimit -v 300000; exec \"$0\" \"$@\"",
        binary().to_str().unwrap(),
        "-j",
        "100000",
        "--count",
        LOG,
        LOG,
    ]
    .map(str::to_string);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (out, err, status) = text_of(command(Path::new("sh"), &arguments).output().unwrap());
    assert_eq!((out, err.as_str(), status), (format!("{LOG}:1\n").repeat(2), "", Some(0)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_is_closed_is_an_error() {
    for (arguments, wanted) in [
        (&["--count", LOG][..], 2),
        (&[LOG], 2),
        (&["symbolize", LOG], 2),
        (&["--generate", "man"], 2),
        (&["--help"], 2),
        // For git 2 is a verdict.
        (&["verdict", "--like", TITLE, LOG], 128),
    ] {
        let with = |redirection: &str| {
            let script = format!("exec \"$0\" \"$@\" {redirection}");
            let program = binary();
            let arguments = [&["-c", &script, program.to_str().unwrap()], arguments].concat();
            text_of(command(Path::new("sh"), &arguments).output().unwrap())
        };
        let (out, err, status) = with(">&-");
        assert_eq!((out.as_str(), err.as_str()), ("", "crashparse: standard output: it is closed\n"));
        assert_eq!(status, Some(wanted), "{arguments:?}");
        let (_, err, status) = with(">/dev/null");
        assert!(!err.contains("standard output") && status != Some(128), "{arguments:?}: {err}");
    }
}

/// Each range of characters that are not seen.
const UNSEEN: &str = "\u{61c}\u{200b}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{e0001}\u{e007f}";
const SHOWN: &str = "\\u{61c}\\u{200b}\\u{200d}\\u{200e}\\u{200f}\\u{2028}\\u{2029}\\u{202a}\\u{202e}\\u{2060}\\u{2066}\\u{2069}\\u{feff}\\u{e0001}\\u{e007f}";

#[test]
fn what_is_not_seen_is_shown() {
    let dir = folder("unseen");
    let log = format!(
        "[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000\n\
         [    1.0] CPU: 0 PID: 7 Comm: in\u{202e}it Not tainted 6.1.0 #1\n\
         [    1.0] Hardware name: {UNSEEN}\n\
         [    1.0] RIP: 0010:fn+0x1/0x2\n\
         [    1.0] Call Trace:\n\
         [    1.0]  caller+0x1/0x2 {UNSEEN}/x.c:12\n\
         [    1.0] Modules linked in: a{UNSEEN}\n\
         [    1.0] Kernel panic - not syncing: {UNSEEN}\n"
    );
    let name = format!("x{UNSEEN}\n");
    let path = dir.join(&name);
    fs::write(&path, &log).unwrap();
    let mut tar = tar::Builder::new(File::create(dir.join("x.tar")).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(log.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, &name, log.as_bytes()).unwrap();
    tar.into_inner().unwrap();
    let at = dir.to_str().unwrap();
    let formats = [
        &["--format", "text"][..],
        &["--format", "text", "--full"],
        &["--format", "titles"],
        &["--format", "markdown", "--full"],
        &["--format", "junit", "--full"],
        &["--count"],
        &["--group"],
    ];
    for format in formats {
        let (out, err, status) = run(&[format, &[at]].concat());
        assert_eq!((err.as_str(), status), ("", Some(0)), "{format:?}");
        assert!(!out.contains(|char| UNSEEN.contains(char)), "{format:?}: {out:?}");
        assert!(out.contains(&format!("x{SHOWN}\\x0a")), "{format:?}: {out}");
        if format.contains(&"--full") {
            assert!(out.contains("in\\u{202e}it (pid 7)"), "{format:?}: {out}");
        }
    }
    // JSON is exact.
    let (out, _, _) = run(&["--format", "jsonl", at]);
    for line in out.lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(report["path"].as_str().unwrap().ends_with(&name), "{line}");
        assert_eq!(report["task"]["comm"], "in\u{202e}it", "{line}");
    }
    assert_eq!(out.lines().count(), 2);
    let missing = format!("no{UNSEEN}");
    let (_, err, _) = run(&[&missing]);
    assert!(err.starts_with(&format!("crashparse: no{SHOWN}: ")), "{err:?}");
    fs::remove_dir_all(dir).unwrap();
}

/// A page makes names, numbers and addresses out of a heading even where they are escaped, but not in code.
#[test]
fn a_heading_tells_nobody_and_leads_nowhere() {
    let dir = folder("headings");
    let path = dir.join("log");
    for (title, heading) in [
        ("ask @all", "` kernel panic: ask @all `"),
        ("see #x", "` kernel panic: see #x `"),
        ("see https://example.org/x", "` kernel panic: see https://example.org/x `"),
        ("www.example.org", "` kernel panic: www.example.org `"),
        ("a`b``c @x", "``` kernel panic: a`b``c @x ```"),
        ("_a_ <b>&amp; [c](d)", "kernel panic: \\_a\\_ \\<b\\>\\&amp; \\[c\\](d)"),
    ] {
        fs::write(&path, format!("[    1.0] Kernel panic - not syncing: {title}\n")).unwrap();
        let (out, _, _) = run(&["--format", "markdown", path.to_str().unwrap()]);
        assert_eq!(out.lines().next(), Some(&*format!("### {heading}")), "{title}");
    }
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_section_that_cannot_be_unpacked_is_named() {
    let dir = folder("sections");
    let path = dir.join("vmlinux");
    let mut kernel =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/symbolize/vmlinux-zlib")).unwrap();
    // The packed bytes of a section begin so: `Elf64_Chdr` with `ELFCOMPRESS_ZLIB`.
    let header = b"\x01\0\0\0\0\0\0\0";
    let at = (0x1000..kernel.len())
        .find(|&at| kernel[at..].starts_with(header) && kernel[at + 24] == 0x78)
        .unwrap();
    kernel[at] = 7;
    fs::write(&path, kernel).unwrap();
    let path = path.to_str().unwrap();
    for arguments in [&["-k", path, LOG][..], &["symbolize", "-k", path, LOG]] {
        let (out, err, status) = run(arguments);
        assert!(err.starts_with(&format!("crashparse: {path}: .debug_")), "{err}");
        assert!(err.contains(" cannot be unpacked: Unsupported ELF compression type\n"), "{err}");
        assert!(out.contains(TITLE) || out.contains("oops_leaf"), "{out}");
        assert_eq!(status, Some(2));
    }
    fs::remove_dir_all(dir).unwrap();
}
