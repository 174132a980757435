//! The containers of `testdata/containers`, each with the same two reports; cuts, damage and limits; and that a log
//! without a container stays what it is.

use std::borrow::Cow;
use std::io::Read;

use super::recognise::{Verdict, recognise};
use super::unpack::{HEAD, MAX_RECORD};
use super::{Decoder, LineMap, decode, decode_lines};
use crate::tests::support::{self, Random};
use crate::{Line, Origin, reports};

/// File, and the console log that it holds.
const FILES: &[(&str, &str)] = &[
    ("cat-A.log", "plain.log"),
    ("console-output.json", "plain.log"),
    ("dashboard.html", "plain.log"),
    ("dev-kmsg.log", "plain.log"),
    ("dmesg-follow.json", "plain.log"),
    ("dmesg.json", "plain.log"),
    ("journal-pretty.json", "plain.log"),
    ("journal.export", "plain.log"),
    ("journal.json", "plain.log"),
    ("journal-verbose.log", "plain.log"),
    ("junit.xml", "plain.log"),
    ("lava-single.yaml", "plain.log"),
    ("lava.yaml", "plain.log"),
    ("list.json", "plain.log"),
    ("logcat-long.log", "plain.log"),
    ("logcat.log", "plain.log"),
    ("mail-quoted.txt", "plain.log"),
    ("mail-wrapped.txt", "plain.log"),
    ("mail.eml", "plain.log"),
    ("netconsole-lines.log", "netconsole.plain.log"),
    ("netconsole.log", "netconsole.plain.log"),
    ("page.txt", "plain.log"),
    ("pstore-erst.log", "plain.log"),
    ("pstore-two.log", "pstore-two.plain.log"),
    ("ramoops.log", "plain.log"),
];

/// Those whose parts come in another order.
const REORDERED: &[&str] = &["pstore-erst.log", "pstore-two.log", "ramoops.log"];

fn file(name: &str) -> Vec<u8> {
    std::fs::read(support::testdata().join("containers").join(name)).unwrap()
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    FILES.iter().map(|(name, _)| (*name, file(name))).collect()
}

/// Titles and stacks of a log's reports.
fn seen(log: &[u8]) -> Vec<(String, String)> {
    reports(log).map(|report| (report.title().to_string(), format!("{:?}", report.traces()))).collect()
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// What a reader of `size` bytes at a time gives when it is read with a buffer of `room` bytes.
fn streamed(log: &[u8], size: usize, room: usize) -> (Vec<u8>, LineMap) {
    let mut decoder = Decoder::new(Slow { log, size });
    let map = decoder.line_map();
    let (mut out, mut buf) = (Vec::new(), vec![0; room]);
    loop {
        match decoder.read(&mut buf).unwrap() {
            0 => break,
            read => out.extend_from_slice(&buf[..read]),
        }
    }
    let map = map.lock().unwrap().clone();
    (out, map)
}

struct Slow<'a> {
    log: &'a [u8],
    size: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let size = self.size.min(buf.len());
        self.log.read(&mut buf[..size])
    }
}

#[test]
fn a_container_has_the_reports_of_its_log() {
    for (name, plain) in FILES {
        let (log, plain) = (file(name), file(plain));
        let decoded = decode(&log);
        assert!(matches!(decoded, Cow::Owned(_)), "{name} is not recognised");
        assert_eq!(seen(&decoded), seen(&plain), "{name}:\n{}", text(&decoded));
        assert!(matches!(decode(&plain), Cow::Borrowed(_)), "{name}");
        let titles: Vec<String> = reports(&decoded).map(|report| report.title().to_string()).collect();
        let expected = [
            "KASAN: slab-use-after-free Read in demo_read",
            "BUG: unable to handle kernel NULL pointer dereference in demo_step",
        ];
        assert_eq!(titles, expected, "{name}");
    }
}

#[test]
fn a_byte_order_mark_and_empty_lines_are_before_any_container() {
    for (name, log) in files() {
        let (whole, plain) = decode_lines(&log);
        // A mail's headers and the parts of pstore may stand behind other text, which stays.
        for before in ["\u{feff}", "\r\n\n", "\u{feff}\n"] {
            let log = [before.as_bytes(), &log].concat();
            let (decoded, map) = decode_lines(&log);
            let decoded = text(&decoded);
            let bare = |text: &str| text.trim_start_matches(['\u{feff}', '\r', '\n']).to_string();
            assert_eq!(bare(&decoded), bare(&text(&whole)), "{name}, {before:?}");
            let lines = before.matches('\n').count() as u64;
            let at = |decoded: &[u8], map: &LineMap| map.source(line_of(decoded, "KASAN").unwrap());
            assert_eq!(at(decoded.as_bytes(), &map), at(&whole, &plain) + lines, "{name}, {before:?}");
            assert_eq!(text(&streamed(&log, 7, 64).0), decoded, "{name}, {before:?}");
        }
    }
}

/// Bodies of the kernel's lines.
fn kernels(log: &[u8]) -> Vec<String> {
    let lines = log.split(|&byte| byte == b'\n').map(|raw| Line::parse(0, raw));
    let lines = lines.filter(|line| line.prefix.time.is_some());
    lines.map(|line| text(line.body).into_owned()).collect()
}

#[test]
fn a_container_has_the_lines_of_its_log() {
    for (name, plain) in FILES {
        let (log, plain) = (file(name), file(plain));
        // logcat has no time of the kernel's, and how many blanks were at a line's end a mail does not tell.
        if ["logcat-long.log", "logcat.log", "mail-wrapped.txt"].contains(name) {
            continue;
        }
        assert_eq!(kernels(&decode(&log)), kernels(&plain), "{name}");
    }
}

#[test]
fn records_are_written_as_the_console_writes_them() {
    for name in ["dev-kmsg.log", "dmesg.json", "netconsole.log", "netconsole-lines.log"] {
        let plain = FILES.iter().find(|(file, _)| *file == name).unwrap().1;
        assert_eq!(text(&decode(&file(name))), text(&file(plain)), "{name}");
    }
}

#[test]
fn programs_of_the_journal_keep_their_names() {
    for name in ["journal.export", "journal.json", "journal-pretty.json"] {
        let log = file(name);
        let decoded = decode(&log);
        let lines = decoded.split(|&byte| byte == b'\n').map(|raw| Line::parse(0, raw));
        let of: Vec<String> = lines
            .filter(|line| line.prefix.origin == Origin::Program)
            .map(|line| text(line.body).into_owned())
            .collect();
        assert_eq!(
            of,
            [
                "Accepted publickey: WARNING: CPU: 0 is not a kernel's line",
                "BUG: second line of a program",
                "Started demo.service - \"demo\".",
            ],
            "{name}"
        );
        assert!(text(&decoded).contains("+00:00 host sshd[412]: BUG: second"), "{name}");
    }
}

#[test]
fn a_stream_is_decoded_as_the_whole_is() {
    let mut all = files();
    all.extend(["plain.log"].map(|name| (name, file(name))));
    for (name, log) in &all {
        let (whole, map) = decode_lines(log);
        assert_eq!(decode(log), whole, "{name}");
        for (size, room) in [(1, 1), (1, 4096), (7, 65536), (4096, 7), (65536, 4096), (100_000, 100_000)] {
            let (out, lines) = streamed(log, size, room);
            assert_eq!(text(&out), text(&whole), "{name}, {size} bytes at a time");
            let count = whole.iter().filter(|byte| **byte == b'\n').count() as u64;
            for line in 1..=count {
                assert_eq!(lines.source(line), map.source(line), "{name}, {size} bytes at a time: {line}");
            }
        }
    }
}

/// Where too few lines were seen to be sure, one that fits no container tells that there is none, if it is whole.
#[test]
fn a_short_log_is_told_by_its_whole_lines() {
    let fits = "6.1.0-hand,5,400,0,-,caller=T0;Linux version 6.1.0-hand (build@host)\n";
    for (last, whole) in [("-\n", true), ("6.1.0INFO: trying\n", true), ("6.1.0-hand,6,4", false)] {
        let log = format!("{fits}{last}").into_bytes();
        let decoded = decode(&log);
        assert_eq!(matches!(decoded, Cow::Borrowed(_)), whole, "{last}: {}", text(&decoded));
        for size in [1, 7, 50, 256] {
            let (out, _) = streamed(&log, size, 4096);
            assert_eq!(text(&out), text(&decoded), "{last}: {size} bytes at a time");
        }
    }
}

#[test]
fn damaged_containers_are_decoded_alike_in_any_pieces() {
    let mut random = Random::new(7);
    let all = files();
    for round in 0..300 {
        let (name, log) = &all[round % all.len()];
        let mut log = log.clone();
        for _ in 0..=random.below(6) {
            let at = random.below(log.len());
            match random.below(5) {
                0 => log.truncate(at.max(1)),
                1 => log[at] = random.byte(),
                2 => log[at] = b"\n{}[]\"\\<>&;=,:- "[random.below(16)],
                3 => {
                    let other = &all[random.below(all.len())].1;
                    let from = random.below(other.len());
                    log.splice(at..at, other[from..(from + 200).min(other.len())].iter().copied());
                }
                _ => drop(log.drain(at..(at + random.below(60)).min(log.len()))),
            }
            if log.is_empty() {
                log.push(b'x');
            }
        }
        let whole = decode(&log);
        let _ = seen(&whole);
        for size in [1 + random.below(40), 1 + random.below(5000)] {
            let (out, _) = streamed(&log, size, 1 + random.below(5000));
            assert_eq!(text(&out), text(&whole), "{name}, round {round}, {size} bytes at a time");
        }
    }
}

#[test]
fn a_cut_container_gives_what_it_holds() {
    for (name, log) in files() {
        let whole = decode(&log).into_owned();
        let mut longest = 0;
        for end in (0..log.len()).filter(|end| *end < 3000 || end % 61 == 0) {
            let decoded = decode(&log[..end]);
            if REORDERED.contains(&name) || matches!(decoded, Cow::Borrowed(_)) {
                continue;
            }
            longest = longest.max(decoded.len());
            // All but the record that is cut, of two lines at most.
            let mut kept = decoded.as_ref();
            for _ in 0..3 {
                kept = &kept[..kept.iter().rposition(|byte| *byte == b'\n').unwrap_or(0)];
            }
            let same = whole.starts_with(kept);
            // Pieces of a record that waits are passed on in their order.
            assert!(same || name.starts_with("netconsole"), "{name} cut at {end}:\n{}", text(&decoded));
        }
        assert!(REORDERED.contains(&name) || longest + 200 > whole.len(), "{name}: {longest}");
    }
}

#[test]
fn any_bytes_are_decoded() {
    let mut random = Random::new(11);
    let starts = files();
    for _ in 0..300 {
        let start = &starts[random.below(starts.len())].1;
        let mut log = start[..random.below(400).min(start.len())].to_vec();
        let size = random.below(3000);
        log.extend((0..size).map(|_| random.byte()));
        let whole = decode(&log).into_owned();
        assert_eq!(streamed(&log, 1 + random.below(99), 64).0, whole);
    }
}

#[test]
fn what_a_log_is_does_not_change_with_more_of_it() {
    for (name, log) in files().into_iter().chain(support::all_logs().into_iter().map(|log| ("", log.bytes))) {
        let whole = recognise(log.get(..HEAD).unwrap_or(&log), true);
        for end in 0..log.len().min(if name.is_empty() { 100 } else { 1500 }) {
            let verdict = recognise(&log[..end], false);
            assert!(verdict == Verdict::More || verdict == whole, "{name} cut at {end}: {verdict:?}");
        }
    }
}

/// Logs of `testdata/` that are containers.
const CONTAINERS: &[&str] = &["amd64-7.2-ramoops", "android-logcat", "lava-dispatcher"];
/// Logs in a frame: without the end of their lines they have a stack as well.
const FRAMED: &[&str] = &["boxed"];

#[test]
fn a_log_without_a_container_stays_as_it_is() {
    for log in support::all_logs() {
        let borrowed = matches!(decode(&log.bytes), Cow::Borrowed(_));
        let framed = FRAMED.contains(&log.name.as_str());
        assert_eq!(borrowed, !framed && !CONTAINERS.contains(&log.name.as_str()), "{}", log.name);
        if framed {
            let titles = |log| seen(log).into_iter().map(|(title, _)| title).collect::<Vec<_>>();
            assert_eq!(titles(&decode(&log.bytes)), titles(&log.bytes), "{}", log.name);
        } else if !borrowed {
            assert_eq!(seen(&decode(&log.bytes)), seen(&log.bytes), "{}", log.name);
        }
        if borrowed && log.bytes.len() < 50_000 {
            assert_eq!(streamed(&log.bytes, 777, 1000).0, log.bytes, "{}", log.name);
        }
    }
}

#[test]
fn what_merely_looks_like_a_container_is_none() {
    let console = text(&file("plain.log")).into_owned();
    let firsts = [
        "{\"MESSAGE\":\"of a program\"}\n",
        "{\"__CURSOR\": 1 2}\n{\"level\":\"info\"}\n",
        "{\"level\":\"info\",\"__CURSOR\":\"s=1\"}\n",
        "{\"dmesg\": {}}\n",
        "<?xml version=\"1.0\"?>\n<domain type='kvm'>\n</domain>\n",
        "<html><body>no text is shown</body></html>\n",
        "<testsuit>\n",
        "<6>[    0.000000][    T0] x\n",
        "- {\"dt\": \"2026\"}\n- {\"dt\": \"2026\"}\n",
        "4,1234,5678,-;one line\n",
        " KEY=value\n",
        "__CURSOR=\n",
        "__CURSOR=1\nMESSAGE=x\n",
        "1,2,3;x\nname;x\n",
        "Content-Transfer-Encoding: 8bit\n",
        "Panic#2 Party\n",
        "a =3D b\nc =3D d\n",
        "",
    ];
    for first in firsts {
        let log = format!("{first}{console}");
        let decoded = decode(log.as_bytes());
        assert!(matches!(decoded, Cow::Borrowed(_)), "{first:?}:\n{}", text(&decoded));
    }
    let json = text(&file("journal.json")).into_owned();
    for log in [format!("# journalctl -o json\n{json}"), format!("{console}{json}")] {
        assert!(matches!(decode(log.as_bytes()), Cow::Borrowed(_)));
    }
}

/// Number, from 1, of the first line that holds `what`.
fn line_of(log: &[u8], what: &str) -> Option<u64> {
    let lines = log.split(|&byte| byte == b'\n');
    lines.zip(1..).find(|(line, _)| text(line).contains(what)).map(|(_, number)| number)
}

#[test]
fn decoded_lines_know_where_they_are_from() {
    for (name, log) in files() {
        let (decoded, map) = decode_lines(&log);
        // In pretty JSON a record's lines are those of its first.
        let within = if name == "dmesg.json" || name == "journal-pretty.json" { 16 } else { 0 };
        for what in ["KASAN: slab-use-after-free in demo_read+0x86/0xa0 [demo]", "demo_step+0x1d"] {
            let source = map.source(line_of(&decoded, what).unwrap());
            // The failure's message in an attribute is no line of the log.
            let start = if name == "junit.xml" { 3000 } else { 0 };
            let skipped = log[..start].iter().filter(|byte| **byte == b'\n').count() as u64;
            let Some(found) = line_of(&log[start..], what).map(|line| line + skipped) else {
                assert!(name.starts_with("mail") || name == "junit.xml", "{name}");
                continue;
            };
            assert!((source..=source + within).contains(&found), "{name}: {source}, not {found}: {what}");
        }
    }
}

#[test]
fn a_map_forgets_what_was_asked_for() {
    let log = file("journal.export");
    let (decoded, mut map) = decode_lines(&log);
    let whole = map.clone();
    assert!(map.runs() > 50);
    let count = decoded.iter().filter(|byte| **byte == b'\n').count() as u64;
    for line in 1..=count {
        map.forget_before(line);
        assert_eq!(map.source(line), whole.source(line));
        assert_eq!(map.source(line + 3), whole.source(line + 3));
    }
    assert_eq!(map.runs(), 1);
    assert_eq!(LineMap::default().source(7), 7);
}

#[test]
fn a_plain_log_is_read_straight_through() {
    struct Asked(Vec<usize>);
    impl Read for Asked {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.0.push(buf.len());
            buf.fill(b'\n');
            Ok(buf.len())
        }
    }
    let mut asked = Asked(Vec::new());
    let mut decoder = Decoder::new(&mut asked);
    let mut buf = vec![0; 300_000];
    while decoder.read(&mut buf).unwrap() < 300_000 {}
    drop(decoder);
    assert_eq!(asked.0.last(), Some(&300_000));
}

#[test]
fn an_error_of_the_reader_is_handed_on_and_nothing_is_lost() {
    struct Broken<'a>(&'a [u8], bool);
    impl Read for Broken<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(std::io::ErrorKind::WouldBlock.into());
            }
            let size = buf.len().min(1000);
            self.0.read(&mut buf[..size])
        }
    }
    let log = file("journal.json");
    let mut decoder = Decoder::new(Broken(&log, false));
    let (mut out, mut buf) = (Vec::new(), [0; 4096]);
    loop {
        match decoder.read(&mut buf) {
            Ok(0) => break,
            Ok(read) => out.extend_from_slice(&buf[..read]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    assert_eq!(text(&out), text(&decode(&log)));
}

/// The last line of a mail's text may go on: where the input pauses it is handed on before that is said.
#[test]
fn nothing_is_held_back_while_the_input_pauses() {
    struct Pausing<'a>(Vec<&'a [u8]>);
    impl Read for Pausing<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            match self.0.pop() {
                Some(mut piece) => piece.read(buf),
                None => Err(std::io::ErrorKind::WouldBlock.into()),
            }
        }
    }
    for line in [
        "[   21.000000] RIP: 0010:fn+0x1/0x2\n",
        "> > quoted by a person, up to\n",
        "RAX: 0000000000000000\n",
    ] {
        let mut decoder =
            Decoder::new(Pausing(vec![line.as_bytes(), b"[   21.000000] kernel BUG at mm/slub.c:1!\n"]));
        let (mut out, mut buf) = (Vec::new(), [0; 4096]);
        let error = loop {
            match decoder.read(&mut buf) {
                Ok(read) => out.extend_from_slice(&buf[..read]),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        assert!(out.ends_with(line.as_bytes()), "{:?}", text(&out));
    }
}

/// What comes before a pause, and what was handed on then; in pieces that each end with one.
fn paused(pieces: &[&str]) -> Vec<String> {
    struct Pausing<'a>(Vec<Option<&'a [u8]>>);
    impl Read for Pausing<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            match self.0.pop() {
                Some(Some(mut piece)) => piece.read(buf),
                Some(None) => Err(std::io::ErrorKind::WouldBlock.into()),
                None => Ok(0),
            }
        }
    }
    let reads = pieces.iter().rev().flat_map(|piece| [None, Some(piece.as_bytes())]).collect();
    let mut decoder = Decoder::new(Pausing(reads));
    let (mut all, mut out, mut buf) = (Vec::new(), Vec::new(), [0; 4096]);
    loop {
        match decoder.read(&mut buf) {
            Ok(0) => break,
            Ok(read) => out.extend_from_slice(&buf[..read]),
            Err(_) => all.push(text(&std::mem::take(&mut out)).into_owned()),
        }
    }
    if !out.is_empty() {
        all.push(text(&out).into_owned());
    }
    all
}

#[test]
fn what_is_at_hand_is_handed_on_at_a_pause() {
    let last = "[   21.000000] kernel BUG at mm/slub.c:1!\n";
    let object = "{\"log\":\"[   21.000000] x\"}";
    for (pieces, expected) in [
        // Open what it is: a program's objects, one record, the beginning of a line.
        (vec!["{\"level\":\"info\"}\n", last], vec!["{\"level\":\"info\"}\n", last]),
        (
            vec!["{\"level\":\"info\"}\n{\"lev", "el\":1}\n"],
            vec!["{\"level\":\"info\"}\n", "{\"level\":1}\n"],
        ),
        (vec![" KEY=value\n", last], vec![" KEY=value\n", last]),
        (
            vec!["{\"level\":1}\n", object, "\n", last],
            vec!["{\"level\":1}\n", "[   21.000000] x\n", "", last],
        ),
        (vec![last, "[   22.0", "00000] x\n"], vec![last, "[   22.0", "00000] x\n"]),
        // Whole without its line feed; not whole.
        (vec![object, "\n", object], vec!["[   21.000000] x\n", "", "[   21.000000] x\n"]),
        (
            vec![&object[..9], &object[9..], "\n{\"log\":\"[   21.0", "00000] y\"}\n"],
            vec!["", "[   21.000000] x\n", "", "[   21.000000] y\n"],
        ),
        (
            vec!["4,1,1,-;a\n4,2,2,-;b\n", "4,3,", "3,-;c\n"],
            vec!["<4>[    0.000001] a\n<4>[    0.000002] b\n", "", "<4>[    0.000003] c\n"],
        ),
        // Records that wait for others.
        (vec!["Panic#1 Part1\n<4>a\n", last], vec!["Panic#1 Part1\n<4>a\n", last]),
        (
            vec!["4,1,1,-;a\n4,2,2,-,ncfrag=0/9;b\n", "4,3,3,-;c\n"],
            vec!["<4>[    0.000001] a\n<4>[    0.000002] b\n", "<4>[    0.000003] c\n"],
        ),
        (
            vec![
                "Mon 2026-11-22 06:12:01.1 CET [s=5b;i=1;b=9a;m=7ef]\n    _TRANSPORT=kernel\n    MESSAGE=a\n",
                "x\n",
            ],
            vec!["[    0.002031] a\n", "x\n"],
        ),
    ] {
        assert_eq!(paused(&pieces), expected, "{pieces:?}");
    }
}

/// A pipe in which there is no more now.
struct Once(Vec<u8>);
impl Read for Once {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        assert!(!self.0.is_empty(), "more is read than is needed");
        let read = self.0.as_slice().read(buf)?;
        self.0.clear();
        Ok(read)
    }
}

/// What a pipe has so far is decoded before more comes.
#[test]
fn a_record_is_there_when_its_line_is() {
    for (head, record) in [
        ("4,1,1,-;a\n4,2,1,-;b\n4,3,1,-;c\n", "4,4,1,-;now\n"),
        ("{\"dmesg\": [\n", "{\"pri\": 4, \"time\": 0.000001, \"msg\": \"now\"},\n"),
        ("", "{\"__CURSOR\":\"1\",\"MESSAGE\":\"now\"}\n"),
        ("<testsuite><error>", "now\n"),
        ("plain\n", "now\n"),
    ] {
        let mut decoder = Decoder::new(Once([head, record].concat().into_bytes()));
        let mut buf = [0; 4096];
        let read = decoder.read(&mut buf).unwrap();
        assert!(text(&buf[..read]).ends_with("now\n"), "{head:?}: {}", text(&buf[..read]));
    }
}

#[test]
fn a_record_that_is_too_long_is_passed_on_cut() {
    let long = "x".repeat(3 * MAX_RECORD / 2);
    let tail = "4,3,9,-;behind\n";
    let logs = [
        format!("4,1,7,-;before\n4,2,8,-;{long}\n{tail}{tail}"),
        format!(
            "{{\"dmesg\":[{{\"pri\":4,\"time\":0.000008,\"msg\":\"{long}\"}}\n{{\"pri\":4,\"msg\":\"behind\"}}"
        ),
        format!(
            "{{\"__CURSOR\":\"1\",\"MESSAGE\":\"{long}\"}}\n{{\"__CURSOR\":\"1\",\"MESSAGE\":\"behind\"}}\n"
        ),
        format!("__CURSOR=1\n__REALTIME_TIMESTAMP=2\nMESSAGE={long}\n\n__CURSOR=1\nMESSAGE=behind\n\n"),
        format!(
            "<testsuite><failure message=\"{long}\">a</failure>\n<error>{long}</error><error>behind</error>"
        ),
        format!("Panic#1 Part1\n<4>{long}\nPanic#1 Part2\n<4>behind\n"),
        format!("Content-Transfer-Encoding: quoted-printable\n\n{long}=3D{long}\nbehind\n"),
        format!("4,2,8,-,ncfrag=0/{};{long}\n{tail}{tail}", long.len() + 1),
    ];
    for log in logs {
        let whole = decode(log.as_bytes());
        assert!(matches!(whole, Cow::Owned(_)), "{}", &log[..40]);
        assert!(text(&whole).contains("behind"), "{}", &log[..40]);
        assert!(text(&whole).contains(&long[..50_000]), "{}", &log[..40]);
        let (out, _) = streamed(log.as_bytes(), 65536, 65536);
        assert!(out == *whole, "{}", &log[..40]);
    }
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let logs: [(&str, &str); 13] = [
        ("{\"log\":\"[   12.3] x\"}\n", "{\"a\":["),
        ("{\"log\":\"[   12.3] x\"}\n", "{\"a\":[\n"),
        ("Time,Line\nt,[   12.3] x\nt,[   12.3] x\nt,[   12.3] x\n", "t,\"a"),
        ("Time,Line\nt,[   12.3] x\nt,[   12.3] x\nt,[   12.3] x\nt,\"a\n", "t,\"\"\"\"\n"),
        ("{\"__CURSOR\":\"1\",\"SYSLOG_IDENTIFIER\":\"a\",\"MESSAGE\":\"", "\\n"),
        ("__CURSOR=1\n__REALTIME_TIMESTAMP=2\nMESSAGE\n\0\0\0\0\0\0\0\x10", "\n"),
        ("<testsuite><error>", "<a'"),
        ("<html><pre>", "<b'"),
        ("<testsuite>", "<!--"),
        ("Panic#1 Part1\n", "<4>x\n"),
        ("Panic#1 Part1\n", "Oops#1 Part1\n"),
        ("4,1,1,-;x\n4,1,1,-;x\n", "4,1,1,-,ncfrag=7/99;x\n4,2,1,-;\\x0a\n"),
        ("4,1,1,-;x\n4,1,1,-;x\n4,1,1,-,ncfrag=0/99;x\n", " a=b\n"),
    ];
    for (start, again) in logs {
        let size = 3 << 20;
        let log = start.to_string() + &again.repeat(size / again.len());
        let mut decoder = Decoder::new(log.as_bytes());
        let mut buf = vec![0; 65536];
        let mut most = 0;
        while decoder.read(&mut buf).unwrap() > 0 {
            most = most.max(decoder.held());
        }
        assert!(most < 20 << 20, "{start:?}: {most}");
    }
}

#[track_caller]
fn check(log: &str, expected: &str) {
    assert_eq!(text(&decode(log.as_bytes())), expected);
}

#[test]
fn kmsg() {
    check(
        "4,1,5678,-,caller=T12;a\\x0ab \\x5c \\x\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:01.0\n6,2,12345678,-;c\n",
        "<4>[    0.005678][   T12] a\n<4>[    0.005678][   T12] b \\ \\x\n<6>[   12.345678] c\n",
    );
    // Pieces of one line, before Linux 4.10.
    check(
        "4,1,1,c;a\n4,2,2,+;b\n4,3,3,+;c\n4,4,4,c;d\n4,5,5,-;e",
        "<4>[    0.000001] abc\n<4>[    0.000004] d\n<4>[    0.000005] e\n",
    );
    check(
        "30,1,1,-;systemd[1]: x\nplain\n30,2,1,-;y\n30,3,1,-;z\n",
        "30,1,1,-;systemd[1]: x\nplain\n30,2,1,-;y\n30,3,1,-;z\n",
    );
    check(
        "6,1,1,-;a\n6,2,1,-;b\n6,3,1,-;c\nplain line\n k=v\n",
        "<6>[    0.000001] a\n<6>[    0.000001] b\n<6>[    0.000001] c\nplain line\n k=v\n",
    );
}

#[test]
fn netconsole() {
    let rest = "4,9,9,-;x\n4,10,9,-;y\n4,11,9,-;z\n";
    let out = "<4>[    0.000009] x\n<4>[    0.000009] y\n<4>[    0.000009] z\n";
    // The second piece comes first; behind it another record; the dictionary is dropped.
    check(
        &format!("4,1,1,-,ncfrag=4/12;ef\n k=v\n4,1,1,-,ncfrag=0/12;abcd\n{rest}"),
        &format!("<4>[    0.000001] abcdef\n{out}"),
    );
    // One is lost: what is there is passed on when so many others came.
    let others: String = (0..40).map(|n| format!("4,{},2,-;n\n", n + 2)).collect();
    check(
        &format!("4,1,1,-,ncfrag=0/12;abcd\n4,1,1,-,ncfrag=8/12;ijk\n{others}"),
        &format!("<4>[    0.000001] abcd\n<4>[    0.000001] ijk\n{}", "<4>[    0.000002] n\n".repeat(40)),
    );
    // Records keep the order in which they began.
    check(
        &format!("4,1,1,-,ncfrag=0/9;abcd\n{rest}4,1,1,-,ncfrag=4/9;efgh\n"),
        &format!("<4>[    0.000001] abcdefgh\n{out}"),
    );
}

/// Packets one behind another, as netcat writes them: none but the last of a record ends with a line feed.
#[test]
fn packets_of_netconsole_are_told_by_their_length() {
    let header = |offset: usize| format!("6.13.0,4,1,5,-,ncfrag={offset}/1500;");
    let first = 1000 - header(0).len();
    let other = "4,2,6,-;other\n";
    let text = "x".repeat(1499);
    let log =
        [&header(0), &text[..first], other, &header(first), &text[first..], "\n", other, other].concat();
    let out = "<4>[    0.000006] other\n";
    check(&log, &[&format!("<4>[    0.000005] {text}\n"), out, out, out].concat());
    // The first packet ends in the dictionary.
    let body = format!("{}\n cpu=1\n k={}\n", &text[..900], &text[..588]);
    assert_eq!(body.len(), 1500);
    let log = [&header(0), &body[..first], other, &header(first), &body[first..], other, other].concat();
    check(&log, &[&format!("<4>[    0.000005] {}\n", &text[..900]), out, out, out].concat());
}

#[test]
fn a_packet_that_is_lost_is_not_waited_for_forever() {
    let others: String = (0..40).map(|n| format!("4,{},2,-;n\n", n + 2)).collect();
    let log = format!("4,1,1,-,ncfrag=0/12;abcd\n{others}");
    let mut buf = [0; 4096];
    let read = Decoder::new(Once(log.into_bytes())).read(&mut buf).unwrap();
    let read = text(&buf[..read]);
    assert!(read.starts_with("<4>[    0.000001] abcd\n<4>[    0.000002] n\n"), "{read}");
}

#[test]
fn journal() {
    check(
        "{\"__CURSOR\":\"1\",\"_TRANSPORT\":\"kernel\",\"PRIORITY\":\"3\",\"__MONOTONIC_TIMESTAMP\":\"1500000\",\
         \"MESSAGE\":[66,85,71,255,10,9]}\n",
        "<3>[    1.500000] BUG\u{fffd}\n<3>[    1.500000] \t\n",
    );
    check(
        "{\"__REALTIME_TIMESTAMP\":\"1732255921123456\",\"_HOSTNAME\":\"h\",\"SYSLOG_IDENTIFIER\":\"a b\",\
         \"MESSAGE\":\"\\u00e9\\ud83d\\ude00\\ud83d \\\"\\/\"}\n{\"__CURSOR\":\"2\",\"MESSAGE\":null}\n",
        "2024-11-22T06:12:01.123456+00:00 h a_b: \u{e9}\u{1f600}\u{fffd} \"/\n",
    );
    check(
        "data: {\"__CURSOR\":\"1\",\"MESSAGE\":[\"a\",\"b\"]}\n\ndata: {\"__CURSOR\":\"1\",\"MESSAGE\":\"c\"}\n",
        "a\nb\nc\n",
    );
    check(
        "\x1e{\"__CURSOR\":\"1\",\"MESSAGE\":\"a\"}\nno JSON\n\x1e{\"__CURSOR\":\"1\",\"MESSAGE\":\"cu",
        "a\nno JSON\ncu\n",
    );
    check(
        "__CURSOR=1\n__REALTIME_TIMESTAMP=2\n_TRANSPORT=kernel\nPRIORITY=4\n_SOURCE_MONOTONIC_TIMESTAMP=7\nMESSAGE\n\
         \x03\0\0\0\0\0\0\0a\nb\n\n__CURSOR=2\nCOREDUMP\n\x02\0\0\0\0\0\0\0\n\n\nMESSAGE=c\n",
        "<4>[    0.000007] a\n<4>[    0.000007] b\nc\n",
    );
}

#[test]
fn dmesg() {
    check(
        "{\"dmesg\": [{\"pri\": 30, \"time\": 1.5, \"caller\": \"C0\", \"msg\": \"a\\n\"},{\"msg\":\"b\"",
        "<30>[    1.500000][    C0] a\nb\n",
    );
    check("{\n\"dmesg\":[ ]\n}\n", "");
    check(
        "{\"dmesg\": [{\"fac\":\"kern\",\"pri\":\"err\",\"time\":\"Mon Nov 22 06:12:01 2026\",\"msg\":\"a\"}]}\nplain\n[    1.0] x\n",
        "<3>[Mon Nov 22 06:12:01 2026] a\nplain\n[    1.0] x\n",
    );
}

#[test]
fn lava() {
    let line = |lvl: &str, msg: &str| format!("- {{\"dt\": \"2026\", \"lvl\": \"{lvl}\", \"msg\": {msg}}}\n");
    let own = line("debug", "\"x \\\"y\\\"\"");
    let log =
        own.clone() + &line("target", "\"a \\\"b\\\" \\\\ \\t\\u00e9\\e[0m\\xE9\"") + &line("feedback", "7");
    check(&log, &format!("{own}a \"b\" \\ \t\u{e9}\x1b[0m\u{e9}\n7\n"));
    check(
        "- {dt: '1', lvl: target, msg: 'it''s'}\n- {dt: '1', lvl: target, msg: [1, 2]}\n",
        "it's\n- {dt: '1', lvl: target, msg: [1, 2]}\n",
    );
    check("{\"dt\": \"2026\", \"lvl\": \"target\", \"msg\": \"a\\\"b", "a\"b\n");
}

#[test]
fn logcat() {
    let of = |rest: &str| format!("11-22 06:12:01.123     0     0 {rest}\n");
    let others =
        "2026-11-22 06:12:01.123  root   512   534 I init    : x: y\n--------- beginning of kernel\n";
    check(
        &[&of("E BUG     : KASAN: x"), others, &of("W         : CPU     : y"), &of("E pc      : f"), "junk"]
            .concat(),
        &[
            &of("E         : BUG: KASAN: x"),
            others,
            &of("W         : CPU     : y"),
            &of("E         : pc : f"),
            "junk",
        ]
        .concat(),
    );
    check(
        "E/BUG     (    0): KASAN\r\nI/init    (   12): x",
        "E/        (    0): BUG: KASAN\r\nI/init    (   12): x",
    );
    check(&of("W workqueue: x").repeat(3), &of("W workqueue: x").repeat(3));
}

#[test]
fn junit() {
    check(
        "<testsuite><testcase name='>'><system-out>a &lt;TASK&gt; &amp;amp; &#x1b;[0m&#10;b &unknown; & c\nd <TASK> e</system-out>\
         between<failure><![CDATA[x ]]]]><![CDATA[> <y> &lt;]]></failure><failure/></testcase></testsuite>\nbehind &lt;\n",
        "a <TASK> &amp; \x1b[0m\nb &unknown; & c\nd <TASK> e\nx ]]> <y> &lt;\nbehind &lt;\n",
    );
    let (decoded, map) = decode_lines(b"<testsuite><error>a<!--\n\n-->b\nc</error>");
    assert_eq!((text(&decoded).as_ref(), map.source(1), map.source(2)), ("ab\nc\n", 1, 4));
    check("<?xml version=\"1.0\"?><!-- > --><testsuites><error>cut &l", "cut &l");
    check("<html><p>no</p><PRE>a<br>b <b>c</b> <TASK></PRE>no</html>", "a\nb c <TASK>\n");
}

#[test]
fn mail() {
    check(
        "Subject: x\nContent-Transfer-Encoding: Quoted-Printable\nX: =3D\n\na =3D=\n b=20\r\nc =\r\nd\n\
         From x\nContent-Transfer-Encoding: 7bit\n\n=3D\n",
        "Subject: x\nContent-Transfer-Encoding: Quoted-Printable\nX: =3D\n\na = b \r\nc d\n\
         From x\nContent-Transfer-Encoding: 7bit\n\n=3D\n",
    );
    let header = "Content-Transfer-Encoding: quoted-printable\n\n";
    let part = "--b\nContent-Type: text/plain\n\na=3D\n";
    check(&[header, "a=3D\n", part].concat(), &[header, "a=\n", part].concat());
    let console = "a=3D\n[   12.345678] pid=12\n";
    check(&[header, "x=y\n", console].concat(), &[header, "x=y\n", console].concat());
    check(
        &[header, &"x".repeat(77), "\n", console].concat(),
        &[header, &"x".repeat(77), "\n", console].concat(),
    );
    check("> a=3Db =\nc\n> d=3D=\ne\n", "> a=b c\n> d=e\n");
}

#[test]
fn pstore() {
    check(
        "x\nPanic#2 Part1\n<4>c\n\nPanic#2 Part2\n<4>b\nPanic#2 Part3\n<4>a\n",
        "x\nPanic#2 Part3\n<4>a\n<4>b\n<4>c\n\n",
    );
    // Two boots had a first oops; two dumps of one second are mixed.
    check(
        "Oops#1 Part1\nb\nOops#1 Part2\na\nOops#1 Part1\nd\nOops#1 Part2\nc\n",
        "Oops#1 Part2\na\nb\nOops#1 Part2\nc\nd\n",
    );
    check(
        "Oops#1 Part1\n<4>b\nPanic#2 Part1\n<4>d\nOops#1 Part2\n<4>a\nPanic#2 Part2\n<4>c",
        "Oops#1 Part2\n<4>a\n<4>b\nPanic#2 Part2\n<4>c\n<4>d\n",
    );
    // A later dump holds the end of the log again.
    check("Oops#1 Part1\n<4>a\n<4>b\nPanic#2 Part1\n<4>a\n<4>b\n<4>c\n", "Oops#1 Part1\n<4>a\n<4>b\n<4>c\n");
    check(
        "Oops#1 Part1\n<4>b\n<4>c\nPanic#2 Part1\n<4>d\nPanic#2 Part2\n<4>b\n<4>c\n",
        "Oops#1 Part1\n<4>b\n<4>c\n<4>d\n",
    );
    // What stood before the end of the first is not in it.
    check(
        "Oops#1 Part1\n<4>a\n<4>b\nPanic#2 Part1\n<4>x\n<4>a\n<4>b\n<4>c\n",
        "Oops#1 Part1\n<4>a\n<4>b\nPanic#2 Part1\n<4>x\n<4>a\n<4>b\n<4>c\n",
    );
    // One with a gap, or of another boot, does not.
    check(
        "Oops#1 Part1\n<4>a\n<4>b\nPanic#2 Part1\n<4>a\n<4>c\n",
        "Oops#1 Part1\n<4>a\n<4>b\nPanic#2 Part1\n<4>a\n<4>c\n",
    );
    check(
        "Oops#1 Part1\n<4>a\n<4>b\nOops#1 Part1\n<4>a\n<4>b\n<4>c\n",
        "Oops#1 Part1\n<4>a\n<4>b\nOops#1 Part1\n<4>a\n<4>b\n<4>c\n",
    );
    // What follows on the last part stays behind it.
    let console = "$ \n".repeat(20);
    check(
        &format!("Oops#1 Part1\n<4>b\nOops#1 Part2\n<4>a\n{console}"),
        &format!("Oops#1 Part2\n<4>a\n<4>b\n{console}"),
    );
}
