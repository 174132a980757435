//! Guards what the example `crashparse` does with its arguments, files and exit status.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

#[path = "../src/tests/validator.rs"]
mod validator;

#[path = "binary/ci.rs"]
mod ci;

/// The binary, which `cargo test` builds beside the tests.
fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples").join("crashparse")
}

fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(binary())
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever does not read its input closes the pipe.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Standard output, standard error and exit status.
fn run(arguments: &[&str], input: &[u8]) -> (String, String, Option<i32>) {
    let Output { status, stdout, stderr } = run_with(arguments, input);
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code())
}

const LOG: &str = "testdata/logs/oops-work.log";
const TITLE: &str = "general protection fault in oops_leaf";

fn log() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(LOG)).unwrap()
}

#[test]
fn status_says_whether_there_was_a_report() {
    let (out, err, status) = run(&["--format", "titles", LOG], b"");
    assert_eq!((out.as_str(), err.as_str(), status), (&*format!("{LOG}:177: {TITLE}\n"), "", Some(0)));
    let (out, err, status) = run(&["--format", "titles"], b"all is well\n");
    assert_eq!((out.as_str(), err.as_str(), status), ("", "", Some(1)));
    let (out, err, status) = run(&[], b"all is well\n");
    assert_eq!((out.as_str(), err.as_str(), status), ("", "crashparse: no report in the log\n", Some(1)));
    // What can be read is read.
    let (out, err, status) = run(&["--format", "titles", "no/such.log", LOG, "/nonexistent"], b"");
    assert_eq!((out.as_str(), status), (&*format!("{LOG}:177: {TITLE}\n"), Some(2)));
    assert!(
        err.starts_with("crashparse: no/such.log: ") && err.contains("crashparse: /nonexistent: "),
        "{err}"
    );
}

#[test]
fn packed_logs_are_read_as_they_are() {
    let log = log();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&log).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&log).unwrap();
    let zstd = zstd::encode_all(log.as_slice(), 1).unwrap();
    for packed in [gzip.finish().unwrap(), xz.finish().unwrap(), zstd] {
        let (out, err, status) = run(&["--format", "titles"], &packed);
        assert_eq!((out.as_str(), err.as_str(), status), (&*format!("<stdin>:177: {TITLE}\n"), "", Some(0)));
        // Two files in one, as `cat` makes them.
        let (out, ..) = run(&["--count", "-"], &[packed.clone(), packed.clone()].concat());
        assert_eq!(out, "2\n");
        // A file that was cut gives what is in it, and a message.
        let (_, err, status) = run(&["--count", "-"], &packed[..packed.len() / 2]);
        assert!(err.starts_with("crashparse: <stdin>: ") && status == Some(2), "{err} {status:?}");
    }
}

#[test]
fn what_fills_up_a_block_behind_gzip_is_no_error() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&log()).unwrap();
    let mut packed = gzip.finish().unwrap();
    packed.resize(packed.len() + 100_000, 0);
    let (out, err, status) = run(&["--count", "-"], &packed);
    assert_eq!((out.as_str(), err.as_str(), status), ("1\n", "", Some(0)));
    packed.extend_from_slice(b"rubbish");
    let (_, err, status) = run(&["--count", "-"], &packed);
    assert!(err.starts_with("crashparse: <stdin>: ") && status == Some(2), "{err} {status:?}");
    let (_, err, status) = run(&["--count", "-"], b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0");
    assert!(err.contains("packed by lzma") && status == Some(2), "{err} {status:?}");
}

/// A tar archive of files.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn each_file_of_an_archive_is_a_log_of_its_own() {
    let dir = folder("archives");
    let crash = log();
    let packed = gzip_of(&crash);
    let quiet = "demo: all is well\n".repeat(100_000);
    let files: [(&str, &[u8]); 4] = [
        ("a/one.log", &crash),
        ("a/quiet.log", quiet.as_bytes()),
        ("a/two.log.gz", &packed),
        ("b\x1b[1m", b"x\n"),
    ];
    let tar = tar_of(&files);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in files {
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    let archives = [("x.tar", tar.clone()), ("x.tar.gz", gzip_of(&tar)), ("x.zip", zip)];
    for (name, bytes) in archives {
        let path = dir.join(name);
        std::fs::write(&path, &bytes).unwrap();
        let path = path.to_str().unwrap();
        for (path, threads) in [(path, "1"), (path, "3"), ("-", "1"), ("-", "3")] {
            let input = if path == "-" { &*bytes } else { b"" };
            let (out, err, status) = run(&["--format", "titles", "-j", threads, path], input);
            let of = if path == "-" { "<stdin>" } else { path };
            let want = ["one.log", "two.log.gz"].map(|file| format!("{of}!a/{file}:177: {TITLE}\n")).concat();
            assert_eq!((out, err.as_str(), status), (want, "", Some(0)), "{name}");
        }
        let (out, ..) = run(&["--count"], &bytes);
        assert_eq!(out.lines().next().unwrap(), "<stdin>!a/one.log:1", "{name}");
    }
}

#[test]
fn a_broken_archive_or_member_does_not_stop_the_other_files() {
    let dir = folder("broken-archives");
    let crash = log();
    let good = dir.join("z.log");
    std::fs::write(&good, &crash).unwrap();
    let good = good.to_str().unwrap();
    // A name that would take all memory: its header says that it has 3 GiB.
    let mut long = tar::Header::new_gnu();
    long.set_entry_type(tar::EntryType::GNULongName);
    long.set_size(3 << 30);
    long.set_cksum();
    let long = [&long.as_bytes()[..], &vec![b'a'; 4 << 20]].concat();
    let inner = tar_of(&[("inner.log", &crash)]);
    let cut = gzip_of(&tar_of(&[("one.log", &crash), ("two.log", &crash)]));
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("long.tar", long, "headers are too large"),
        ("nested.tar", tar_of(&[("x.tar", &inner), ("y.log", b"\n")]), "an archive in an archive"),
        ("cut.tar.gz", cut[..cut.len() / 2].to_vec(), "cut.tar.gz"),
        ("cut.zip", b"PK\x03\x04 and nothing more".to_vec(), "a zip archive"),
    ];
    for (name, bytes, words) in cases {
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        let (out, err, status) = run(&["--format", "titles", path.to_str().unwrap(), good], b"");
        assert!(out.ends_with(&format!("{good}:177: {TITLE}\n")), "{name}: {out}");
        assert!(err.contains(words) && status == Some(2), "{name}: {err} {status:?}");
    }
}

/// Bytes, packed in each of some ways, the first innermost.
fn packed_by(ways: &[&str], bytes: &[u8]) -> Vec<u8> {
    ways.iter().fold(bytes.to_vec(), |bytes, way| match *way {
        "gz" => gzip_of(&bytes),
        "zst" => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
        _ => {
            let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
            xz.write_all(&bytes).unwrap();
            xz.finish().unwrap()
        }
    })
}

#[test]
fn what_is_packed_more_than_once_is_read_or_named() {
    let dir = folder("layers");
    let crash = log();
    let bzip2 = b"BZh91AY&SY and more";
    let utf16 = b"\xff\xfeB\0U\0G\0:\0\n\0";
    let cases: [(&[&str], &[u8], Option<&str>); 8] = [
        (&["gz", "gz"], &crash, None),
        (&["gz", "xz"], &crash, None),
        (&["zst", "gz", "xz", "zst"], &crash, None),
        (&["gz"; 5], &crash, Some("packed more than 4 times over, which is not read")),
        (&["gz"], bzip2, Some("packed by bzip2, which is not read")),
        (&["xz", "zst"], bzip2, Some("packed by bzip2, which is not read")),
        (
            &["gz"],
            utf16,
            Some("a text in UTF-16, which is not read; `iconv -f UTF-16 -t UTF-8` makes UTF-8 of it"),
        ),
        (&["gz", "gz"], b"PK\x03\x04 and more", Some("a zip archive, which is not read")),
    ];
    for (ways, bytes, why) in cases {
        let packed = packed_by(ways, bytes);
        let in_tar = tar_of(&[("x.log", &packed)]);
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("x.log", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&packed).unwrap();
        let in_zip = zip.finish().unwrap().into_inner();
        for (inner, bytes) in [("", packed), ("!x.log", in_tar), ("!x.log", in_zip)] {
            let path = dir.join("packed");
            fs::write(&path, &bytes).unwrap();
            let path = path.to_str().unwrap();
            for (of, path, input, threads) in
                [(path, path, &b""[..], "1"), (path, path, b"", "3"), ("<stdin>", "-", &bytes, "3")]
            {
                let (out, err, status) = run(&["--format", "titles", "-j", threads, path], input);
                let want = match why {
                    Some(why) => (String::new(), format!("crashparse: {of}{inner}: {why}\n"), Some(2)),
                    None => (format!("{of}{inner}:177: {TITLE}\n"), String::new(), Some(0)),
                };
                assert_eq!((out, err, status), want, "{ways:?} {of}{inner}");
            }
        }
    }
    // A tar archive is unpacked however often it was packed; what it holds is no archive.
    let tar = tar_of(&[("one.log", &crash), ("two.tgz", &gzip_of(&tar_of(&[("x", b"y\n")])))]);
    let (out, err, status) = run(&["--format", "titles"], &packed_by(&["xz", "gz"], &tar));
    assert_eq!(out, format!("<stdin>!one.log:177: {TITLE}\n"));
    assert_eq!(
        (err.as_str(), status),
        ("crashparse: <stdin>!two.tgz: an archive in an archive, which is not read\n", Some(2))
    );
    let path = dir.join("runs.tar");
    fs::write(&path, &tar).unwrap();
    for arguments in
        [&["verdict", "--like", TITLE][..], &["symbolize", "-k", "testdata/symbolize/vmlinux-dwarf5"]]
    {
        let (out, err, _) = run(&[arguments, &[path.to_str().unwrap()]].concat(), b"");
        assert!(out.is_empty() && err.ends_with("a tar archive, which is not read here\n"), "{err}");
    }
    // What grows is no packed file.
    let path = dir.join("x.gz");
    fs::write(&path, gzip_of(&crash)).unwrap();
    let (_, err, status) = run(&["--follow", path.to_str().unwrap()], b"");
    assert!(err.ends_with("x.gz: packed, which cannot be followed\n") && status == Some(2), "{err}");
    fs::remove_dir_all(dir).unwrap();
}

/// Lines that pack badly, and a crash after each hundred thousand of bytes.
fn large_log(bytes: usize) -> Vec<u8> {
    let crash = log();
    let (mut large, mut random, mut next) = (Vec::new(), 1_u64, 0);
    while large.len() < bytes {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(
            large,
            "[    1.{:06}] demo: {random:016x}{:016x}",
            large.len() % 1_000_000,
            random.rotate_left(29)
        )
        .unwrap();
        if large.len() >= next {
            large.extend_from_slice(&crash);
            next += 100_000;
        }
    }
    large
}

/// A member as bgzip writes it: its length stands in an extra field.
fn bgzf(text: &[u8]) -> Vec<u8> {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(text).unwrap();
    let packed = deflate.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(text);
    let mut member = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0];
    member.extend_from_slice(&(packed.len() as u16 + 25).to_le_bytes());
    member.extend_from_slice(&packed);
    member.extend_from_slice(&crc.sum().to_le_bytes());
    member.extend_from_slice(&(text.len() as u32).to_le_bytes());
    member
}

#[test]
fn large_logs_give_the_same_however_they_are_packed_and_by_any_number_of_threads() {
    let directory = std::env::temp_dir().join(format!("crashparse-large-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    // More than a range of a thread.
    let log = large_log(9 << 20);
    let frame = |text: &[u8], checksum: bool| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(checksum).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let skipped = [0x5a_u8, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let frames = log.chunks(700_000).enumerate();
    let frames: Vec<u8> = frames.flat_map(|(at, text)| frame(text, at % 2 == 0)).collect();
    let packed = [
        ("plain", log.clone()),
        ("one.zst", frame(&log, true)),
        ("many.zst", [skipped.as_slice(), &frames].concat()),
        ("bgzip.gz", log.chunks(40_000).flat_map(bgzf).collect()),
    ];
    let path = directory.join("log");
    let mut wanted = None;
    for (name, bytes) in &packed {
        std::fs::write(&path, bytes).unwrap();
        for options in [["-j", "1"], ["-j", "2"], ["-j", "7"], ["--mmap", "-j2"]] {
            let path = path.to_str().unwrap();
            let (out, err, status) = run(
                &[["--format", "titles"], options]
                    .concat()
                    .iter()
                    .chain([&path])
                    .copied()
                    .collect::<Vec<_>>(),
                b"",
            );
            assert_eq!((err.as_str(), status), ("", Some(0)), "{name} {options:?}");
            assert_eq!(&out, wanted.get_or_insert_with(|| out.clone()), "{name} {options:?}");
        }
    }
    assert!(wanted.unwrap().lines().count() > 80);
    // A file that ends within a part gives what is in it, and a message.
    let (_, bytes) = &packed[2];
    std::fs::write(&path, &bytes[..bytes.len() - 100_000]).unwrap();
    let (out, err, status) = run(&["--format", "titles", path.to_str().unwrap()], b"");
    assert!(out.lines().count() > 70 && err.contains("log: ") && status == Some(2), "{err} {status:?}");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_report_in_a_container_has_the_line_of_the_file() {
    for (name, first, second) in
        [("journal.export", 64, 642), ("junit.xml", 10, 57), ("pstore-erst.log", 63, 7)]
    {
        let path = format!("testdata/containers/{name}");
        let title = |line: usize, title: &str| format!("{path}:{line}: {title}\n");
        let wanted = [
            title(first, "KASAN: slab-use-after-free Read in demo_read"),
            title(second, "BUG: unable to handle kernel NULL pointer dereference in demo_step"),
        ];
        let (out, err, status) = run(&["--format", "titles", &path], b"");
        assert_eq!((out, err.as_str(), status), (wanted.concat(), "", Some(0)));
    }
}

#[test]
fn logs_are_printed_in_their_order_by_any_number_of_threads() {
    let mut arguments = vec!["--format", "titles", "-j", "3"];
    let logs = ["testdata/logs/panic.kaslr.log", LOG, "no/such.log", "testdata/logs/hung-task.log", LOG];
    arguments.extend(logs);
    let (out, err, status) = run(&arguments, b"");
    let found: Vec<&str> = out.lines().filter_map(|line| line.split(':').next()).collect();
    let mut order: Vec<&str> = found.clone();
    order.dedup();
    assert_eq!(order, [logs[0], LOG, logs[3], LOG]);
    assert!(err.starts_with("crashparse: no/such.log: ") && status == Some(2), "{err}");
    // Of a log that cannot be read there is no number.
    let (out, ..) = run(&["--count", LOG, "no/such.log"], b"");
    assert_eq!(out, format!("{LOG}:1\n"));
}

#[path = "../examples/crashparse/kmsg.rs"]
mod kmsg;

/// `/dev/kmsg` gives a record a read, and fails once where records were written over.
#[test]
fn records_behind_a_gap_of_the_kernels_log_are_read() {
    struct Device(Vec<Option<&'static [u8]>>);
    impl Read for Device {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.pop() {
                Some(Some(mut record)) => record.read(buffer),
                Some(None) => Err(std::io::Error::from_raw_os_error(32)),
                None => Err(std::io::ErrorKind::WouldBlock.into()),
            }
        }
    }
    let records = [Some(&b"4,1,1,-;a\n"[..]), None, Some(b"4,9,9,-;b\n"), None, None, Some(b"4,99,99,-;c\n")];
    let mut gaps = 0;
    let mut out = Vec::new();
    let error =
        kmsg::Kmsg::new(Device(records.into_iter().rev().collect()), || gaps += 1).read_to_end(&mut out);
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!((out.as_slice(), gaps), (&b"4,1,1,-;a\n4,9,9,-;b\n4,99,99,-;c\n"[..], 3));
}

/// A process that ends with the test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A log as it grows: a report comes as soon as it is complete, or after a pause; a file that is put in the place of the
/// other, or cut, is read from its start.
#[test]
fn a_growing_log_is_followed() {
    let directory = std::env::temp_dir().join(format!("crashparse-follow-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("console.log");
    std::fs::write(&path, b"").unwrap();
    let child = Command::new(binary())
        .args(["--follow", "--format", "titles", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap().rsplit(": ").next().unwrap().to_string();
    let append = |text: &[u8]| {
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(text).unwrap();
    };
    // Complete: many lines of others follow.
    append(&log());
    let quiet = "[   20.000000] demo: all is well\n".repeat(60);
    append(quiet.as_bytes());
    assert_eq!(next(), TITLE);
    // The machine stops.
    append(b"[   21.000000] kernel BUG at mm/slub.c:1!\n[   21.000000] RIP: 0010:fn+0x1/0x2\n");
    assert_eq!(next(), "kernel BUG in fn");
    // Another file takes the place.
    let other = directory.join("new.log");
    std::fs::write(&other, b"[    1.000000] Kernel panic - not syncing: demo\n").unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(next(), "demo");
    // It is cut, and written anew.
    std::fs::write(&path, b"[    1.000000] divide error: 0000 [#1]\n").unwrap();
    assert_eq!(next(), "divide error in corrupted");
    drop(child);
    std::fs::remove_dir_all(&directory).unwrap();
    let many = ["--follow", "--format", "titles"].into_iter().chain([LOG; 257]);
    for arguments in [vec!["--follow", "--format", "json", LOG], many.collect()] {
        let (out, err, status) = run(&arguments, b"");
        assert_eq!((out.as_str(), err.lines().count(), status), ("", 1, Some(2)), "{err}");
    }
}

/// Several logs grow, among them standard input: each report has its log's name, each log is followed through rotation, and
/// one that is not there keeps nobody from the others.
#[test]
fn several_growing_logs_are_followed() {
    let directory = std::env::temp_dir().join(format!("crashparse-follow-all-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let at = |name: &str| directory.join(name).to_str().unwrap().to_string();
    let (one, two, list) = (at("one.log"), at("two.log"), at("list"));
    for path in [&one, &two] {
        std::fs::write(path, b"").unwrap();
    }
    std::fs::write(&list, format!("{two}\n{}\n-\n", at("none.log"))).unwrap();
    let child = Command::new(binary())
        .args(["--follow", "--format", "titles", "--name", "console", "--files-from", &list, &one])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let mut stderr = BufReader::new(child.0.stderr.take().unwrap());
    let panic = |word: &str| format!("[    1.000000] Kernel panic - not syncing: {word}\n");
    // The second reports while the first says nothing.
    std::fs::write(&two, panic("second")).unwrap();
    assert_eq!(next(), format!("{two}:1: kernel panic: second"));
    std::fs::write(&one, panic("first")).unwrap();
    assert_eq!(next(), format!("{one}:1: kernel panic: first"));
    let mut stdin = child.0.stdin.take().unwrap();
    stdin.write_all(panic("third").as_bytes()).unwrap();
    drop(stdin);
    assert_eq!(next(), "console:1: kernel panic: third");
    // Rotation of one is none of the other.
    let other = at("new.log");
    std::fs::write(&other, panic("rotated")).unwrap();
    std::fs::rename(&other, &two).unwrap();
    assert_eq!(next(), format!("{two}:1: kernel panic: rotated"));
    std::fs::OpenOptions::new()
        .append(true)
        .open(&one)
        .unwrap()
        .write_all(b"[    9.000000] divide error: 0000 [#1]\n")
        .unwrap();
    assert_eq!(next(), format!("{one}:2: divide error in corrupted"));
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("none.log: No such file"), "{line}");
    drop(child);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn standard_input_has_the_name_that_it_is_given() {
    let named = |arguments: &[&str]| {
        let (out, err, status) = run(&[&["--name", "runs/7 \"q\""], arguments].concat(), &log());
        assert_eq!((err.as_str(), status), ("", Some(0)), "{arguments:?}");
        assert!(!out.contains("stdin"), "{out}");
        out
    };
    let place = "runs/7 \"q\":177";
    assert!(named(&["--format", "titles"]).starts_with(&format!("{place}: ")));
    for arguments in [&[][..], &["-"], &["--format", "markdown"], &["--group"]] {
        assert!(named(arguments).contains(place), "{arguments:?}");
    }
    let json: serde_json::Value = serde_json::from_str(&named(&["--format", "json"])).unwrap();
    assert_eq!(json["files"][0]["path"], "runs/7 \"q\"");
    assert!(named(&["--format", "jsonl"]).contains("\"path\":\"runs/7 \\\"q\\\"\""));
    assert!(named(&["--format", "junit"]).contains("<testsuite name=\"runs/7 &quot;q&quot;\""));
    let (out, ..) = run(&["--count", "--name", "x", "-", LOG], &log());
    assert_eq!(out, format!("x:1\n{LOG}:1\n"));
    let (_, err, _) = run(&["--name", "x"], b"BZh91AY&SY");
    assert_eq!(err, "crashparse: x: packed by bzip2, which is not read\n");
    // It names nothing where standard input is not read.
    for arguments in [&["--name", "x", LOG][..], &["--name", "", "-"], &["--name", "x", "--files-from", "-"]]
    {
        let (out, err, status) = run(arguments, LOG.as_bytes());
        assert_eq!((out.as_str(), status), ("", Some(2)), "{err}");
    }
}

#[test]
fn a_list_names_logs_as_the_command_line_does() {
    let folder = folder("lists");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let odd = at("deep/odd\nname.log");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(LOG), &odd).unwrap();
    let title = |path: &str| format!("{path}:177: divide error in divide\n");
    let (a, b) = (at("a.log"), at("deep/er/b.log"));
    let titles = |list: &[u8], more: &[&str]| {
        run(&[&["--format", "titles", "--files-from", "-"], more].concat(), list)
    };
    // After those that are named, in the order of the list; a directory is searched.
    let both = format!("{}{}", title(&a), title(&b));
    let (out, err, status) = titles(format!("\n{}\r\n\n", at("deep/er")).as_bytes(), &[&a]);
    assert_eq!((out.as_str(), err.as_str(), status), (&*both, "", Some(0)));
    let (out, ..) = titles(format!("{a}\n{b}").as_bytes(), &[]);
    assert_eq!(out, both);
    let (out, err, status) = titles(format!("{b}\0{odd}\0").as_bytes(), &[]);
    let wanted = format!("{}{}:177: {TITLE}\n", title(&b), odd.replace('\n', "\\x0a"));
    assert_eq!((out.as_str(), err.as_str(), status), (&*wanted, "", Some(0)));
    // A name that is none is an error, and the rest is read.
    let (out, err, status) = titles(format!("{a}\n/nonexistent\n{b}\n").as_bytes(), &[]);
    assert_eq!((out.as_str(), status), (&*both, Some(2)));
    assert!(err.starts_with("crashparse: /nonexistent: "), "{err}");
    // In a file; then standard input may be a log in it.
    fs::write(at("list"), format!("-\n{a}\n")).unwrap();
    let (out, err, status) = run(&["--count", "--files-from", &at("list")], &log());
    assert_eq!((out, err.as_str(), status), (format!("<stdin>:1\n{a}:1\n"), "", Some(0)));
    let (out, err, status) = titles(format!("-\n{a}\n").as_bytes(), &[]);
    assert_eq!((out, status), (title(&a), Some(2)));
    assert_eq!(err, "crashparse: -: no log, for standard input is the list of the logs\n");
    // No list is no log on standard input.
    for list in ["/nonexistent", "-"] {
        let (out, err, status) = run(&["--format", "titles", "--files-from", list], b"");
        assert_eq!((out.as_str(), status), ("", Some(2)));
        assert!(err.contains("no files were searched: there is none in the list"), "{err}");
    }
    // A list of one is one of several.
    fs::write(at("list"), &a).unwrap();
    let (out, ..) = run(&["--count", "--files-from", &at("list")], b"");
    assert_eq!(out, format!("{a}:1\n"));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn reports_are_counted_and_summed_up() {
    let (out, _, status) = run(&["--count", LOG, "testdata/negative/android-boot-reason.log"], b"");
    assert_eq!(
        (out.as_str(), status),
        (&*format!("{LOG}:1\ntestdata/negative/android-boot-reason.log:0\n"), Some(0))
    );
    let (out, _, status) = run(&["--summary", LOG, LOG], b"");
    assert_eq!((out.as_str(), status), (&*format!("      2     13.935275     13.935275 {TITLE}\n"), Some(0)));
}

#[test]
fn text_gets_source_lines() {
    let kernel = "testdata/symbolize/vmlinux-dwarf5";
    let text = b"[    1.0] RIP: 0010:copy_process+0x8/0x40\r\n fixture_open+0x12/0x30 [snd_fixture]\n";
    let (out, err, status) = run(&["symbolize", "-k", kernel, "-m", "testdata/symbolize"], text);
    let wanted = "[    1.0] RIP: 0010:read_flags include/linux/task.h:23 [inline]\r\n\
        [    1.0] RIP: 0010:task_is_dead include/linux/task.h:28 [inline]\r\n\
        [    1.0] RIP: 0010:copy_process+0x8/0x40 kernel/fork.c:27\r\n\
        \u{20}read_flags include/linux/task.h:23 [inline]\n\
        \u{20}task_is_dead include/linux/task.h:28 [inline]\n\
        \u{20}fixture_open+0x12/0x30 sound/fixture/main.c:17 [snd_fixture]\n";
    assert_eq!((out.as_str(), err.as_str(), status), (wanted, "", Some(0)));
    // Without its module a frame stays as it was.
    let (out, err, status) = run(&["symbolize", "-k", kernel], text);
    assert!(out.ends_with("\n fixture_open+0x12/0x30 [snd_fixture]\n"), "{out}");
    assert_eq!((err.as_str(), status), ("crashparse: no file for module snd_fixture\n", Some(0)));
}

#[test]
fn files_that_are_no_kernels_are_named_and_reports_come_out() {
    for (file, why) in [
        ("Cargo.toml", "not an ELF file"),
        ("no/such", "No such file or directory (os error 2)"),
        ("src", "not a file"),
        ("testdata/symbolize/vmlinux-stripped", "stripped: no symbols"),
        ("testdata/symbolize/vmlinux-nodwarf", "no DWARF: functions, but no lines"),
    ] {
        let (out, err, status) = run(&["--format", "jsonl", "-k", file, LOG], b"");
        assert!(out.contains(TITLE), "{file}");
        let first = err.lines().next().unwrap_or_default();
        assert_eq!((first, status), (&*format!("crashparse: {file}: {why}"), Some(2)), "{err}");
    }
}

#[test]
fn what_a_text_says_of_its_kernel_counts_until_the_next_boot() {
    let kernel = "testdata/symbolize/vmlinux-dwarf5";
    let cpu = "CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1 0123456789abcdef0123456789abcdef01234567";
    let text = format!("{cpu}\n copy_process+0x24/0x40\n\nLinux version 6.1.0\n copy_process+0x24/0x40\n");
    let (out, err, status) = run(&["symbolize", "-k", kernel], text.as_bytes());
    let wanted = text.replacen(" copy_process+0x24/0x40\n", " copy_process+0x24/0x40\r", 1);
    let wanted = wanted.replace("copy_process+0x24/0x40\n", "copy_process+0x24/0x40 kernel/fork.c:33\n");
    assert_eq!((out, status), (wanted.replace('\r', "\n"), Some(2)));
    assert!(err.contains("build ID is f778c781ca7d3efb3563cf67b47e4717a4ea1598, the log's 0123"), "{err}");
    // So does its slide, and no other file has it.
    let slid = |slide: u64| {
        let address = 0xffff_ffff_8100_0134 + slide;
        format!(
            " 0x{address:x}\nKernel Offset: {slide:#x} from 0xffffffff81000000 (relocation range: 0x0-0x1)\n"
        )
    };
    let both = format!("{}Linux version 6.1.0\n{}", slid(0x1000), slid(0x20_0000));
    let (out, ..) = run(&["-k", kernel, "symbolize"], both.as_bytes());
    assert_eq!(out.matches(" copy_process+0x24 kernel/fork.c:33\n").count(), 2, "{out}");
}

#[test]
fn a_text_is_not_lost_for_want_of_a_kernel() {
    let (out, err, status) = run(&["symbolize"], b" fn+0x1/0x2\n");
    assert_eq!((out.as_str(), status), (" fn+0x1/0x2\n", Some(2)));
    assert_eq!(err, "crashparse: symbolize needs a vmlinux (-k) or modules (-m)\n");
    let module = "testdata/symbolize/snd-fixture.ko";
    let (out, err, status) = run(&["symbolize", "-m", module], b" fixture_open+0x12/0x30 [snd_fixture]\n");
    assert!(out.ends_with(" fixture_open+0x12/0x30 sound/fixture/main.c:17 [snd_fixture]\n"), "{out}");
    assert_eq!((err.as_str(), status), ("", Some(0)));
    // A module is what its .modinfo says, whatever its file is called.
    let directory = std::env::temp_dir().join(format!("crashparse-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(module), directory.join("other.ko")).unwrap();
    let renamed = directory.to_str().unwrap();
    let (out, ..) = run(&["symbolize", "-m", renamed], b" fixture_open+0x12/0x30 [snd_fixture]\n");
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(out.ends_with(" fixture_open+0x12/0x30 sound/fixture/main.c:17 [snd_fixture]\n"), "{out}");
}

#[test]
fn json_has_the_calls_of_a_symbolized_report() {
    let log = b"[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000\n\
        [    1.0] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1\n\
        [    1.0] RIP: 0010:copy_process+0x8/0x40\n\
        [    1.0] Call Trace:\n\
        [    1.0]  <TASK>\n\
        [    1.0]  wait_for+0x14/0x30\n\
        [    1.0]  </TASK>\n";
    let (out, err, status) = run(&["--format", "jsonl", "-k", "testdata/symbolize/vmlinux-dwarf5"], log);
    assert_eq!((err.as_str(), status), ("", Some(0)));
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let place = |frame: &serde_json::Value| {
        let text = |name: &str| frame[name].as_str().unwrap_or("-").to_string();
        format!("{} {}:{}:{}", text("function"), text("file"), frame["line"], frame["column"])
    };
    let pc = &report["registers"]["pc"];
    let mut places: Vec<String> = pc["inlines"].as_array().unwrap().iter().map(place).collect();
    places.push(place(pc));
    places.extend(report["traces"][0]["frames"].as_array().unwrap().iter().map(place));
    assert_eq!(
        places,
        [
            "read_flags include/linux/task.h:23:9",
            "task_is_dead include/linux/task.h:28:10",
            "copy_process kernel/fork.c:27:6",
            "read_flags include/linux/task.h:23:9",
            "task_is_dead include/linux/task.h:28:10",
            "wait_for kernel/fork.c:43:11",
        ]
    );
}

#[test]
fn a_log_of_another_cpu_is_refused_by_its_registers_alone() {
    let kernel = ["symbolize", "-k", "testdata/symbolize/vmlinux-dwarf5"];
    let frame = " copy_process+0x24/0x40\n";
    let source = " copy_process+0x24/0x40 kernel/fork.c:33\n";
    let registers = "x29: 0000000000000001 x28: 0000000000000002 x27: 0000000000000003\n\
        x26: 0000000000000004 x25: 0000000000000005 x24: 0000000000000006\n";
    let text =
        format!("pc : nothing+0x1/0x2\nlr : nothing+0x1/0x2\nsp : ffff800010003d00\n{registers}{frame}");
    let (out, err, status) = run(&kernel, text.as_bytes());
    assert_eq!((out, status), (text, Some(2)));
    assert!(err.contains("the file is of x86_64, the log of aarch64"), "{err}");
    // The words of a program counter's line are those of several CPUs.
    let (out, ..) = run(&kernel, format!("PC is at nothing+0x1/0x2\n{frame}").as_bytes());
    assert!(out.ends_with(source), "{out}");
}

/// A folder of logs: two with the same crash, one with another, one without.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("crashparse-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    let copy = |log: &str, to: &str| fs::copy(format!("testdata/logs/{log}.log"), folder.join(to)).unwrap();
    copy("divide", "a.log");
    copy("divide", "deep/er/b.log");
    copy("null-call", "deep/c.txt");
    fs::write(folder.join("deep/.gitignore"), "*\n").unwrap();
    folder
}

#[test]
fn directories_are_searched_and_crashes_grouped() {
    let folder = folder("group");
    let at = folder.to_str().unwrap();
    let (titles, _, status) = run(&["--format", "titles", at], b"");
    let lines: Vec<&str> = titles.lines().map(|line| line.strip_prefix(at).unwrap()).collect();
    assert_eq!(status, Some(0));
    assert!(lines[0].starts_with("/a.log:177: divide error in divide"), "{titles}");
    assert!(lines[1].starts_with("/deep/c.txt:"), "{titles}");
    assert!(lines[2].starts_with("/deep/er/b.log:177: divide error in divide"), "{titles}");
    let (grouped, _, status) = run(&["--group", at], b"");
    assert_eq!((grouped.lines().count(), status), (2, Some(0)), "{grouped}");
    let words: Vec<&str> = grouped.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(words[..4], ["2", "2", "15.847809", "15.847809"], "{grouped}");
    assert!(grouped.contains(" divide error in divide  "), "{grouped}");
    // What is known is not new: by title, and by signature.
    let known = folder.join("known");
    for list in ["# mended\n\ndivide error in divide\n".to_string(), format!("{}\n", words[4])] {
        fs::write(&known, list).unwrap();
        let arguments = ["--exclude-known", known.to_str().unwrap(), "--format", "titles"];
        let (new, _, status) = run(&[&arguments[..], &[at]].concat(), b"");
        assert_eq!((new.lines().count(), status), (1, Some(0)), "{new}");
        let a = folder.join("a.log");
        let (new, _, status) = run(&[&arguments[..], &[a.to_str().unwrap()]].concat(), b"");
        assert_eq!((new.as_str(), status), ("", Some(1)));
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn reports_are_selected() {
    let log = "testdata/logs/hung-task.log";
    let select = |arguments: &[&str]| {
        let (out, _, status) = run(&[&["--format", "titles"], arguments, &[log]].concat(), b"");
        (out.lines().count(), status)
    };
    assert_eq!(select(&["--kind", "hang"]), (4, Some(0)));
    assert_eq!(select(&["--kind", "KASAN,LOCKDEP"]), (0, Some(1)));
    assert_eq!(select(&["--title", "in hang_waiter$"]), (2, Some(0)));
    assert_eq!(select(&["--since", "40.5", "--until", "40.51"]), (1, Some(0)));
    assert_eq!(select(&["--first"]), (1, Some(0)));
    assert_eq!(select(&["--kind", "nonsense"]).1, Some(2));
    assert_eq!(select(&["--exclude-known", "/nonexistent"]).1, Some(2));
    let (json, _, _) = run(&["--first", "--format", "json", log], b"");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"][0]["reports"].as_array().unwrap().len(), 1);
}

#[test]
fn markdown_and_junit_are_whole() {
    let (markdown, _, _) = run(&["--format", "markdown", "testdata/logs/divide.log"], b"");
    assert!(markdown.starts_with("### divide error in divide\n\n```text\n"), "{markdown}");
    assert_eq!(markdown.matches("```").count(), 4);
    assert!(markdown.contains("divide error: 0000 [#1] SMP KASAN\n"), "{markdown}");
    // A title that is emphasis, and a log with a fence.
    let hostile = b"[    1.0] BUG: unable to handle kernel paging request at 0\n[    1.1] IP: [<ffffffff81000000>] <b>_x_</b>+0x1/0x2\n[    1.2] Call Trace:\n[    1.3]  ````\n[    1.4]  do_it+0x1/0x2\n";
    let (markdown, _, _) = run(&["--format", "markdown"], hostile);
    assert!(markdown.contains("`````text\n"), "{markdown}");
    let arguments =
        ["--format", "junit", "testdata/logs/divide.log", "testdata/negative/bisection.log", "/nonexistent"];
    let (junit, _, status) = run(&arguments, b"");
    assert_eq!(status, Some(2));
    for part in [
        " <testsuite name=\"testdata/logs/divide.log\" tests=\"1\" failures=\"1\" errors=\"0\">\n",
        "<failure message=\"divide error in divide\" type=\"DoS\">",
        "  &gt; divide+0x9/0x20 [crashme]\n",
        " <testsuite name=\"testdata/negative/bisection.log\" tests=\"1\" failures=\"0\" errors=\"0\">\n",
        " <testsuite name=\"/nonexistent\" tests=\"1\" failures=\"0\" errors=\"1\">\n",
    ] {
        assert!(junit.contains(part), "{part} in\n{junit}");
    }
    assert!(junit.ends_with("</testsuites>\n"));
    // More reports than any CI shows are one case together.
    let many = "[    1.0] kernel BUG at mm/slub.c:1!\n[    9.0] usb 1-1: new device\n".repeat(10_050);
    let (junit, _, _) = run(&["--format", "junit"], many.as_bytes());
    assert!(junit.contains("tests=\"10001\" failures=\"10001\""), "{}", &junit[..300]);
    assert_eq!(junit.matches("<testcase ").count(), 10_001);
    assert!(junit.contains("50 more reports"));
}

/// `tests/kcidb.sh` has KCIDB's own package check the same.
#[test]
fn kcidb_gets_a_test_an_issue_and_an_incident_for_each_report() {
    let folder = folder("kcidb");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let frames: String = (0..1000).map(|frame| format!("[    1.0]  demo_\u{e4}_{frame}+0x1/0x2\n")).collect();
    let long =
        format!("[    1.0] BUG: scheduling while atomic: demo/7/0x00000002\n[    1.0] Call Trace:\n{frames}");
    fs::write(at("long.log"), &long).unwrap();
    fs::write(at("quiet.log"), "all is well\n").unwrap();
    fs::write(at("empty.log"), "").unwrap();
    let names = ["a.log", "deep/er/b.log", "long.log", "quiet.log", "empty.log", "none.log"].map(at);
    let logs: Vec<&str> = names.iter().map(String::as_str).collect();
    let document = |options: &[&str], logs: &[&str]| -> serde_json::Value {
        let (out, ..) = run(&[&["--format", "kcidb", "--origin", "our_ci"], options, logs].concat(), b"");
        serde_json::from_str(&out).unwrap()
    };
    let all = document(&["--build", "5f3e"], &logs);
    assert_eq!(all["version"], serde_json::json!({ "major": 5, "minor": 3 }));
    let of = |all: &serde_json::Value, member: &str, field: &str| -> Vec<String> {
        let objects = all[member].as_array().unwrap().iter();
        objects.map(|object| object[field].as_str().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(of(&all, "tests", "status"), ["FAIL", "FAIL", "FAIL", "PASS", "SKIP", "MISS"]);
    assert_eq!(of(&all, "tests", "build_id"), ["our_ci:5f3e"; 6]);
    assert_eq!(of(&all, "tests", "comment")[..2], ["divide error in divide"; 2]);
    assert!(of(&all, "tests", "comment")[5].starts_with("No such file"), "{all}");
    for member in ["tests", "issues", "incidents"] {
        let ids = of(&all, member, "id");
        assert!(ids.iter().all(|id| id.starts_with("our_ci:crashparse:")), "{ids:?}");
        let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        assert_eq!(of(&all, member, "origin"), vec!["our_ci"; ids.len()]);
    }
    // The crash that two logs have is one issue, by its signature.
    let (grouped, ..) = run(&["--group", logs[0]], b"");
    let issue = format!("our_ci:crashparse:{}", grouped.split_whitespace().nth(4).unwrap());
    let incidents = of(&all, "incidents", "issue_id");
    assert_eq!((&incidents[0], &incidents[1], incidents.len()), (&issue, &issue, 3));
    assert_eq!(of(&all, "issues", "id").len(), 2);
    assert_eq!(of(&all, "incidents", "test_id")[..], of(&all, "tests", "id")[..3]);
    // An excerpt is the log's own lines, whole, as many as KCIDB takes of characters, which are no bytes.
    let excerpts = of(&all, "tests", "log_excerpt");
    assert!(excerpts[0].contains("] divide error: 0000 [#1] SMP KASAN\n"), "{}", excerpts[0]);
    assert!((16_340..=16_384).contains(&excerpts[2].chars().count()), "{}", excerpts[2].chars().count());
    assert!(excerpts[2].ends_with("+0x1/0x2\n") && excerpts[3].is_empty());
    // IDs are those of the log, the report and the build, whatever else is read.
    assert_eq!(document(&["--build", "our_ci:5f3e"], &logs), all);
    let alone = document(&["--build", "5f3e", "-j", "1"], &logs[1..2]);
    assert_eq!((&alone["tests"][0], &alone["incidents"][0]), (&all["tests"][1], &all["incidents"][1]));
    let other = document(&["--build", "theirs:5f3e", "--test-path", "boot.log"], &logs[..1]);
    assert_eq!(
        (&other["tests"][0]["build_id"], &other["tests"][0]["path"]),
        (&"theirs:5f3e".into(), &"boot.log".into())
    );
    assert_ne!(other["tests"][0]["id"], all["tests"][0]["id"]);
    assert_eq!(other["issues"][0], all["issues"][1 - usize::from(all["issues"][0]["id"] == issue.as_str())]);
    let ooms = document(&[], &["testdata/families/oom-memcg-6.1.log"]);
    assert!(of(&ooms, "tests", "status").contains(&"DONE".to_string()), "{ooms}");
    // What KCIDB would not take is refused; nothing read is a document all the same.
    for wrong in
        [&["--origin", "our-ci"][..], &["--origin", ""], &["--origin", "x", "--test-path", "a..b"], &[]]
    {
        let (out, _, status) = run(&[&["--format", "kcidb"], wrong, &[LOG]].concat(), b"");
        assert_eq!((out.as_str(), status), ("", Some(2)), "{wrong:?}");
    }
    let none = document(&[], &["--files-from", "/dev/null"]);
    assert_eq!(none["tests"].as_array().unwrap().len(), 0);
    let (_, err, status) = run(&["--format", "kcidb", "--origin", "x", "--follow", LOG], b"");
    assert!(err.starts_with("crashparse: --follow prints ") && status == Some(2), "{err}");
    fs::remove_dir_all(&folder).unwrap();
}

/// The names of all long options, as `--help` lists them.
fn long_options() -> Vec<String> {
    let (help, ..) = run(&["--help"], b"");
    let lines =
        help.lines().filter_map(|line| line.trim_start().strip_prefix("--").or(line.split(", --").nth(1)));
    let names = lines.map(|line| line.split([' ', '[', '=', '<']).next().unwrap().to_string());
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn what_packagers_want_names_every_option() {
    let options = long_options();
    for known in ["format", "vmlinux", "color", "generate", "help"] {
        assert!(options.iter().any(|option| option == known), "{known} is not in {options:?}");
    }
    for (what, spelling) in [
        ("man", "--"),
        ("complete-bash", "--"),
        ("complete-zsh", "--"),
        ("complete-fish", " -l "),
        ("complete-powershell", "'--"),
    ] {
        let (out, err, status) = run(&["--generate", what], b"");
        assert_eq!((err.as_str(), status), ("", Some(0)), "{what}");
        let plain = out.replace("\\-", "-");
        for option in &options {
            let after = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
            let spelled = format!("{spelling}{option}");
            let named = plain.match_indices(&spelled).any(|(at, _)| after(&plain[at + spelled.len()..]));
            assert!(named, "{what} does not name --{option}");
        }
    }
    let (man, ..) = run(&["--generate", "man"], b"");
    let heads: Vec<&str> =
        man.lines().filter_map(|line| line.strip_prefix(".SH ")).map(|head| head.trim_matches('"')).collect();
    for head in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "EXAMPLES"] {
        assert!(heads.contains(&head), "{head} is not in {heads:?}");
    }
    // Nothing else is done with it.
    let (out, _, status) = run(&["--generate", "man", LOG], b"");
    assert_eq!((out.as_str(), status), ("", Some(2)));
}

#[test]
fn documents_are_as_the_schema_says() {
    let (schema, err, status) = run(&["--generate", "schema"], b"");
    assert!(schema == crashparse::ser::JSON_SCHEMA, "another schema is printed");
    assert_eq!((err.as_str(), status), ("", Some(0)));
    let schema = validator::closed(serde_json::from_str(&schema).unwrap());
    let logs_of = |folder: &str| -> Vec<String> {
        let files =
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)).unwrap();
        let files = files.map(|entry| entry.unwrap().path().to_str().unwrap().to_string());
        files.filter(|path| path.ends_with(".log")).collect()
    };
    let (mut logs, bisections) = (logs_of("logs"), logs_of("bisect"));
    logs.extend_from_slice(&bisections);
    logs.push("testdata/negative/android-boot-reason.log".to_string());
    let symbols = ["-k", "testdata/symbolize/vmlinux-dwarf5", "--allow-mismatch"];
    for options in [&[][..], &symbols] {
        let run = |format: &'static str| {
            let logs = logs.iter().map(String::as_str);
            let arguments: Vec<&str> =
                ["--format", format].into_iter().chain(options.iter().copied()).chain(logs).collect();
            run(&arguments, b"").0
        };
        let document: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
        assert_eq!(validator::faults(&schema, "document", &document), [""; 0]);
        assert_eq!(document["files"].as_array().unwrap().len(), logs.len());
        let lines = run("jsonl");
        assert!(lines.lines().count() > 50, "{}", lines.lines().count());
        let mut bisected = 0;
        for line in lines.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let is_bisection = line["bisection"].is_object();
            bisected += usize::from(is_bisection);
            let name = if is_bisection { "bisection_line" } else { "report" };
            assert_eq!(validator::faults(&schema, name, &line), [""; 0]);
            assert!(line["path"].is_string());
        }
        assert_eq!(bisected, bisections.len());
    }
}

#[test]
fn the_source_is_shown_round_the_line_to_blame() {
    let tree = std::env::temp_dir().join(format!("crashparse-source-{}", std::process::id()));
    fs::create_dir_all(tree.join("tree/fs")).unwrap();
    fs::write(tree.join("tree/fs/demo.c"), "one\n\ttwo\nthree \x1b[31m\nfour\nfive\n").unwrap();
    fs::write(tree.join("secret.c"), "a\nb\nc\nd\n").unwrap();
    let log = |file: &str| {
        format!(
            "[   12.0] BUG: scheduling while atomic: demo/77/0x00000002\n\
             [   12.0] CPU: 0 PID: 77 Comm: demo Not tainted 6.1.0 #1\n[   12.0] Call Trace:\n\
             [   12.0]  __schedule_bug+0x6c/0x79 kernel/sched/core.c:1\n\
             [   12.0]  schedule+0x8c/0x250 kernel/sched/core.c:2\n\
             [   12.0]  demo_wait+0x1b/0x50 {file}:2 [demo]\n"
        )
    };
    let shown = |file: &str| {
        let directory = tree.join("tree");
        run(&["--source", directory.to_str().unwrap()], log(file).as_bytes()).0
    };
    let excerpt = "        1 one\n  >      2     two\n         3 three \\x1b[31m\n         4 four\n  ";
    for file in ["fs/demo.c", "/build/linux-6.1/fs/demo.c"] {
        let text = shown(file);
        assert!(text.contains(excerpt), "{text}");
    }
    // A log names no file outside.
    let text = shown("../secret.c");
    assert!(text.contains("../secret.c:2") && !text.contains(" 2 b"), "{text}");
    fs::remove_dir_all(&tree).unwrap();
}

#[test]
fn nothing_searched_is_said() {
    let folder = std::env::temp_dir().join(format!("crashparse-nothing-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let at = folder.to_str().unwrap();
    let (out, err, status) = run(&[at], b"");
    assert_eq!((out.as_str(), status), ("", Some(2)));
    assert!(err.contains("no files were searched"), "{err}");
    // What is no text is named, and the rest is read.
    for (name, head) in
        [("a.zip", &b"PK\x03\x04xxxx"[..]), ("b.bz2", b"BZh91AY"), ("c.txt", b"\xff\xfeB\0U\0G\0")]
    {
        fs::write(folder.join(name), head).unwrap();
    }
    let (out, err, status) = run(&["--format", "titles", at, LOG], b"");
    assert_eq!((out.lines().count(), status), (1, Some(2)));
    for words in ["a.zip: a zip archive", "b.bz2: packed by bzip2", "c.txt: a text in UTF-16"] {
        assert!(err.contains(words), "{err}");
    }
    let (_, err, status) = run(&[], b"BZh91AY&SY");
    assert!(err.contains("<stdin>: packed by bzip2") && status == Some(2), "{err}");
    // A kernel or a dump has the words of all banners, and is no log: named, it is an error, in a directory it is left out.
    let elf = [b"\x7fELF\x02\x01\x01", &b"\0kernel BUG at mm/slub.c:1!\n"[..]].concat();
    let kernels = folder.join("kernels");
    fs::create_dir_all(&kernels).unwrap();
    let at = |name: &str| kernels.join(name).to_str().unwrap().to_string();
    fs::write(at("vmlinux"), &elf).unwrap();
    fs::write(at("vmlinux.gz"), gzip_of(&elf)).unwrap();
    fs::write(at("vmcore"), b"KDUMP   \0BUG: x\n").unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(LOG), at("dmesg")).unwrap();
    for name in ["vmlinux", "vmlinux.gz", "vmcore"] {
        let (out, err, status) = run(&["--format", "titles", &at(name)], b"");
        assert_eq!((out.as_str(), status), ("", Some(2)), "{name}: {err}");
        assert!(err.contains(" and no log; "), "{err}");
    }
    assert_eq!(run(&["--format", "titles"], &elf).2, Some(2));
    fs::remove_file(at("vmlinux.gz")).unwrap();
    let (out, err, status) = run(&["--format", "titles", kernels.to_str().unwrap()], b"");
    assert_eq!((out.lines().count(), status), (1, Some(0)), "{err}");
    assert_eq!(err.matches("note: not read: ").count(), 2, "{err}");
    let (_, err, status) = run(&["--source", "/nonexistent", LOG], b"");
    assert!(err.contains("/nonexistent: no directory of source files") && status == Some(2), "{err}");
    // An empty log has been read, and tells nothing.
    fs::write(folder.join("empty"), "").unwrap();
    let (junit, _, _) = run(&["--format", "junit", folder.join("empty").to_str().unwrap()], b"");
    assert!(junit.contains("<skipped message=\"the log is empty\"/>"), "{junit}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_group_and_titles_print_makes_crashes_known() {
    let known = std::env::temp_dir().join(format!("crashparse-known-{}", std::process::id()));
    for form in [&["--group"][..], &["--format", "titles"], &["--format", "jsonl"]] {
        let (list, _, _) = run(&[form, &[LOG]].concat(), b"");
        fs::write(&known, &list).unwrap();
        let (_, _, status) = run(&["--exclude-known", known.to_str().unwrap(), LOG], b"");
        assert_eq!(status, Some(if form.contains(&"jsonl") { 0 } else { 1 }), "{list}");
    }
    fs::remove_file(&known).unwrap();
}
