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
