//! What a CI reads: which logs could not be read, how many were, and what is new.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{LOG, TITLE, folder, gzip_of, large_log, log, run, tar_of, validator};

fn schema() -> Value {
    validator::closed(serde_json::from_str(crashparse::ser::JSON_SCHEMA).unwrap())
}

/// A document, which is as the schema says.
fn document(arguments: &[&str]) -> (Value, String, Option<i32>) {
    let (out, err, status) = run(arguments, b"");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(validator::faults(&schema(), "", &document), [""; 0]);
    (document, err, status)
}

/// A folder with a crash, a quiet log, an empty one, what is no log, a file that is cut, an archive with a broken member, and
/// what is not there; their names, sorted.
fn broken_logs(name: &str) -> (std::path::PathBuf, Vec<String>) {
    let folder = folder(name);
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(folder.join("h-directory")).unwrap();
    let packed = gzip_of(&large_log(1 << 20));
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0kernel BUG at mm/slub.c:1!\n";
    let files: [(&str, &[u8]); 7] = [
        ("a-crash.log", &log()),
        ("b-quiet.log", b"[    1.000000] demo: all is well\n"),
        ("c-empty.log", b""),
        ("d-vmlinux", elf),
        ("e-cut.log.gz", &packed[..packed.len() / 2]),
        ("f-utf16.log", b"\xff\xfeB\0U\0G\0"),
        ("g-logs.tar", &tar_of(&[("good.log", &log()), ("bad.log", elf)])),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let mut names: Vec<String> = files.iter().map(|(name, _)| name.to_string()).collect();
    names.push("h-directory/gone.log".to_string());
    let at = |name: String| folder.join(name).to_str().unwrap().to_string();
    let paths = names.into_iter().map(at).collect();
    (folder, paths)
}

fn arguments<'a>(options: &[&'a str], paths: &'a [String]) -> Vec<&'a str> {
    options.iter().copied().chain(paths.iter().map(String::as_str)).collect()
}

#[test]
fn json_tells_what_could_not_be_read_from_what_is_clean() {
    let (folder, paths) = broken_logs("unreadable");
    for threads in ["1", "3"] {
        let (document, err, status) = document(&arguments(&["--format", "json", "-j", threads], &paths));
        assert_eq!(status, Some(2));
        let files = document["files"].as_array().unwrap();
        let name = |file: &Value| Path::new(file["path"].as_str().unwrap()).file_name().unwrap().to_owned();
        let names: Vec<_> = files.iter().map(name).collect();
        assert_eq!(
            names,
            [
                "a-crash.log",
                "b-quiet.log",
                "c-empty.log",
                "d-vmlinux",
                "e-cut.log.gz",
                "f-utf16.log",
                "g-logs.tar!good.log",
                "g-logs.tar!bad.log",
                "gone.log"
            ]
        );
        // An error has the words that are said of it.
        let said: String = files
            .iter()
            .filter_map(|file| {
                let error = file["error"].as_str()?;
                Some(format!("crashparse: {}: {error}\n", file["path"].as_str().unwrap()))
            })
            .collect();
        assert_eq!(said, err);
        let failed: Vec<bool> = files.iter().map(|file| file["error"].is_string()).collect();
        assert_eq!(failed, [false, false, false, true, true, true, false, true, true]);
        let reports: Vec<usize> =
            files.iter().map(|file| file["reports"].as_array().unwrap().len()).collect();
        assert_eq!(
            reports.iter().map(|of| usize::from(*of > 0)).collect::<Vec<_>>(),
            [1, 0, 0, 0, 1, 0, 1, 0, 0]
        );
        // What was read before the cut is there.
        assert!(reports[4] > 2 && files[4]["bytes"].as_u64().unwrap() > 400_000, "{reports:?}");
        assert_eq!((&files[2]["bytes"], &files[8]["bytes"]), (&Value::from(0), &Value::from(0)));
        let totals = &document["totals"];
        assert_eq!((&totals["files"], &totals["errors"]), (&Value::from(9), &Value::from(5)));
        assert_eq!(totals["files_with_reports"], 3);
        assert_eq!(totals["reports"], reports.iter().sum::<usize>());
        let bytes: u64 = files.iter().map(|file| file["bytes"].as_u64().unwrap()).sum();
        assert_eq!(totals["bytes"], bytes);
    }
    // Where only the first is wanted nobody knows how much more there was.
    let (document, ..) = document(&["--format", "json", "--first", LOG]);
    assert_eq!(
        (&document["files"][0]["bytes"], &document["totals"]["reports"]),
        (&Value::Null, &Value::from(1))
    );
    assert_eq!(
        (&document["tool"], &document["files"][0]["reports"][0]["title"]),
        (&Value::from("crashparse"), &Value::from(TITLE))
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn records_tell_what_was_read() {
    let (folder, paths) = broken_logs("records");
    let (document, ..) = document(&arguments(&["--format", "json"], &paths));
    let (out, err, status) = run(&arguments(&["--format", "jsonl", "--stats"], &paths), b"");
    assert_eq!(status, Some(2));
    assert!(!err.contains("logs with errors"), "{err}");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds = ["header", "file", "trailer"];
    for line in &lines {
        let known = kinds.iter().find(|kind| line["type"] == **kind).map(|kind| format!("{kind}_record"));
        assert_eq!(validator::faults(&schema(), known.as_deref().unwrap_or("report"), line), [""; 0]);
        assert_eq!(validator::faults(&schema(), "", line), [""; 0]);
    }
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    assert_eq!((of("header"), of("trailer")), (vec![&lines[0]], vec![lines.last().unwrap()]));
    for name in ["schema", "tool", "version"] {
        assert_eq!(lines[0][name], document[name]);
    }
    assert_eq!(lines.last().unwrap()["totals"], document["totals"]);
    // Each log has a record, behind its reports.
    let mut reports = 0;
    let mut files = document["files"].as_array().unwrap().iter();
    for line in &lines[1..lines.len() - 1] {
        if line["type"].is_null() {
            reports += 1;
            continue;
        }
        let mut file = files.next().unwrap().clone();
        assert_eq!(file["reports"].as_array().unwrap().len(), std::mem::take(&mut reports), "{line}");
        file["reports"] = Value::from(file["reports"].as_array().unwrap().len());
        file["type"] = Value::from("file");
        assert_eq!(line, &file);
    }
    assert!(files.next().is_none());
    // Logs that are followed have no end.
    let (_, err, status) = run(&["--follow", "--format", "jsonl", "--stats", &paths[7]], b"");
    assert!(status == Some(2) && err.contains("--stats"), "{err}");
    // Unless they are asked for a line is a report.
    let (plain, ..) = run(&arguments(&["--format", "jsonl"], &paths), b"");
    let without: String =
        out.lines().filter(|line| !line.starts_with("{\"type\":")).map(|line| format!("{line}\n")).collect();
    assert!(plain == without, "reports are others");
    // Elsewhere it is one line, and none of the output.
    let (plain, ..) = run(&arguments(&["--count"], &paths), b"");
    let (out, err, _) = run(&arguments(&["--count", "--stats"], &paths), b"");
    assert_eq!(out, plain);
    let totals = &document["totals"];
    let said = format!(
        "crashparse: reports: {}, in 3 of 9 logs; bytes: {}; logs with errors: 5",
        totals["reports"], totals["bytes"]
    );
    assert_eq!(err.lines().last(), Some(said.as_str()));
    fs::remove_dir_all(folder).unwrap();
}

/// The names of columns, which are quoted: by that DuckDB knows that values may be.
fn columns(names: &[&str]) -> String {
    format!("\"{}\"", names.join("\",\""))
}

#[test]
fn what_is_counted_is_for_programs_too() {
    let folder = folder("tables");
    let odd = folder.join("z \"odd\", name.log");
    fs::copy(LOG, &odd).unwrap();
    let at = folder.to_str().unwrap();
    let gone = folder.join("gone.log");
    let both = [at, gone.to_str().unwrap()];
    for (option, by) in [("--group", "signature"), ("--summary", "title")] {
        let (text, ..) = run(&[&[option], &both[..]].concat(), b"");
        let (document, _, status) = document(&[&[option, "--format", "json"], &both[..]].concat());
        assert_eq!((status, &document["by"]), (Some(2), &Value::from(by)));
        assert_eq!(
            (&document["totals"]["errors"], &document["totals"]["reports"]),
            (&Value::from(1), &Value::from(4))
        );
        let groups = document["groups"].as_array().unwrap();
        assert_eq!(groups.len(), text.lines().count(), "{text}");
        let divide = &groups[0];
        assert_eq!(
            (&divide["title"], &divide["kind"]),
            (&Value::from("divide error in divide"), &Value::from("DoS"))
        );
        assert_eq!((&divide["reports"], &divide["logs"]), (&Value::from(2), &Value::from(2)));
        assert_eq!(
            divide["paths"],
            serde_json::json!([format!("{at}/a.log"), format!("{at}/deep/er/b.log")])
        );
        let seen =
            |name: &str| serde_json::json!({"path": format!("{at}/{name}"), "line": 177, "time": 15.847809});
        assert_eq!((&divide["first"], &divide["last"]), (&seen("a.log"), &seen("deep/er/b.log")));
        let (csv, ..) = run(&[&[option, "--format", "csv"], &both[..]].concat(), b"");
        let rows: Vec<&str> = csv.lines().collect();
        assert_eq!(
            rows[0],
            columns(&[
                "signature",
                "kind",
                "title",
                "reports",
                "logs",
                "first_path",
                "first_line",
                "first_time",
                "last_path",
                "last_line",
                "last_time",
            ])
        );
        let signature = divide["signature"].as_str().unwrap();
        assert_eq!(
            rows[1],
            format!(
                "{signature},DoS,divide error in divide,2,2,{at}/a.log,177,15.847809,{at}/deep/er/b.log,177,15.847809"
            )
        );
        assert_eq!(rows.len(), groups.len() + 1);
        let quoted = format!("\"{at}/z \"\"odd\"\", name.log\",177,13.935275");
        assert!(csv.contains(&format!(",1,1,{quoted},{quoted}\n")), "{csv}");
    }
    let (document, ..) = document(&[&["--count", "--format", "json"], &both[..]].concat());
    let (csv, ..) = run(&[&["--count", "--format", "csv"], &both[..]].concat(), b"");
    let mut rows = csv.lines();
    assert_eq!(rows.next(), Some(&*columns(&["path", "reports", "bytes", "error"])));
    for (row, count) in rows.by_ref().zip(document["counts"].as_array().unwrap()) {
        let error = count["error"].as_str().unwrap_or_default();
        let ends = format!(",{},{},{error}", count["reports"], count["bytes"]);
        assert!(row.ends_with(&ends), "{row} {count}");
    }
    assert!(csv.ends_with("gone.log,0,0,No such file or directory (os error 2)\n"), "{csv}");
    assert_eq!((document["counts"].as_array().unwrap().len(), csv.lines().count()), (6, 7));
    // As it is it makes crashes known.
    let (csv, ..) = run(&["--group", "--format", "csv", at], b"");
    let known = folder.join("known.csv");
    fs::write(&known, &csv).unwrap();
    let (out, _, status) = run(&["--exclude-known", known.to_str().unwrap(), "--format", "titles", at], b"");
    assert_eq!((out.as_str(), status), ("", Some(1)));
    // The reports, too.
    let (csv, ..) = run(&["--format", "csv", LOG], b"");
    let mut rows = csv.lines();
    assert_eq!(
        rows.next(),
        Some(&*columns(&["path", "line", "boot", "time", "kind", "signature", "title", "blamed"]))
    );
    assert_eq!(rows.next(), Some(&*format!("{LOG},177,1,13.935275,DoS,f8733486a24159ba,{TITLE},oops_leaf")));
    // What is not seen is an escape: a record is a line.
    let crash = b"[    1.0] BUG: unable to handle kernel paging request at 0\n[    1.1] IP: [<ffffffff81000000>] a\x1bb+0x1/0x2\n";
    let (csv, ..) = run(&["--format", "csv", "-"], crash);
    assert_eq!((csv.lines().count(), csv.contains('\x1b')), (2, false), "{csv}");
    for option in ["--group", "--summary", "--count"] {
        let (out, err, status) = run(&[option, "--format", "titles", LOG], b"");
        assert_eq!((out.as_str(), status), ("", Some(2)));
        assert!(err.contains("print text, json or csv"), "{err}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_report_can_win_over_what_could_not_be_read() {
    let (folder, paths) = broken_logs("exit");
    let (crash, quiet, gone) = (&*paths[0], &*paths[1], &*paths[7]);
    let status = |arguments: &[&str]| run(&[&["--format", "titles"], arguments].concat(), b"").2;
    for (logs, without, with) in [
        (&[crash][..], 0, 0),
        (&[quiet], 1, 1),
        (&[gone], 2, 2),
        (&[crash, gone], 2, 0),
        (&[gone, quiet, crash], 2, 0),
        (&[quiet, gone], 2, 2),
    ] {
        assert_eq!(status(logs), Some(without), "{logs:?}");
        assert_eq!(status(&[&["--exit-found"], logs].concat()), Some(with), "{logs:?}");
    }
    // What is not selected was not found.
    assert_eq!(status(&["--exit-found", "--kind", "KASAN", crash, gone]), Some(2));
    assert_eq!(status(&["--exit-found", "--kind", "KASAN", crash]), Some(1));
    // What could not be asked was not answered.
    assert_eq!(status(&["--exit-found", "--exclude-known", gone, crash]), Some(2));
    fs::remove_dir_all(folder).unwrap();
}
