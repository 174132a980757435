//! Guards what the example `crashparse` makes of bisection logs, and a real `git bisect run` that it is the judge of.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crashparse::{Mark, Outcome, bisection};

/// The binary, which `cargo test` builds beside the tests.
fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples").join("crashparse")
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Standard output, standard error and exit status of the binary; its input is a file, or nothing.
fn run(arguments: &[&str], input: Option<&Path>) -> (String, String, Option<i32>) {
    let input = input.map_or(Stdio::null(), |path| Stdio::from(fs::File::open(path).unwrap()));
    let output = Command::new(binary()).args(arguments).current_dir(here()).stdin(input).output().unwrap();
    texts(output)
}

fn texts(Output { status, stdout, stderr }: Output) -> (String, String, Option<i32>) {
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code())
}

/// A folder of its own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("crashparse-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const CAUSE: &str = "testdata/bisect/cause.log";

#[test]
fn a_bisection_log_is_recognised() {
    let (out, err, status) = run(&[CAUSE], None);
    assert!(err.is_empty() && status == Some(0), "{err}");
    assert!(out.starts_with("Bisection of the cause of: KASAN: use-after-free Read in demo_read\n"), "{out}");
    let (table, crash) = out.split_once("\n\nKASAN: use-after-free Read in demo_read\n").unwrap();
    assert!(table.contains("\n  5f741fb8e3c2     7/10  crash  "), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    assert!(crash.contains("demo_read+0x1c/0x40"), "{crash}");
    // By standard input as well, but for its name.
    let (piped, _, _) = run(&["-"], Some(&here().join(CAUSE)));
    assert_eq!(piped.replace("<stdin>", CAUSE), out);
    // Titles are those of the reports alone.
    let (out, _, _) = run(&["--format", "titles", CAUSE], None);
    assert_eq!(out, format!("{CAUSE}:222: KASAN: use-after-free Read in demo_read\n"));
    // A bisection without a crash is something that was found.
    let (out, _, status) = run(&["testdata/bisect/git-log.log"], None);
    assert!(out.contains("inconclusive: it could be any of 2") && status == Some(0), "{out}");
}

#[test]
fn json_has_the_bisection() {
    let (out, ..) = run(&["--format", "json", "testdata/logs/oops-work.log", CAUSE], None);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let files = document["files"].as_array().unwrap();
    assert!(files[0].get("bisection").is_none());
    let bisection = &files[1]["bisection"];
    assert_eq!(bisection["kind"], "cause");
    assert_eq!(bisection["culprit"]["fixes"][0]["hash"], "0123456789ab");
    assert_eq!(bisection["tests"].as_array().unwrap().len(), 12);
    assert!(bisection["confidence"]["culprit"].as_f64().unwrap() > 0.5);
    assert_eq!(files[1]["reports"].as_array().unwrap().len(), 1);
    let (out, ..) = run(&["--format", "jsonl", CAUSE], None);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["path"]), (2, &serde_json::Value::from(CAUSE)));
    assert_eq!(lines[0]["bisection"], *bisection);
}

#[test]
fn nothing_of_a_bisection_log_reaches_the_terminal_unchecked() {
    let folder = Folder::new("escapes");
    let log = fs::read(here().join(CAUSE)).unwrap();
    let path = folder.0.join("log");
    // At the beginning of each word that is not part of a line's shape.
    for word in ["demo", "KASAN", "ada@", "v6.9", "gcc", "Ada", "drivers", "ci-demo", "failed to", "6.9"] {
        let text = String::from_utf8(log.clone()).unwrap().replace(word, &format!("\x1b[2J\x07{word}"));
        fs::write(&path, text).unwrap();
        let (out, _, _) = run(&[path.to_str().unwrap()], None);
        assert!(!out.contains(['\x1b', '\x07']), "{word}: {out}");
    }
}

#[test]
fn a_crash_that_the_culprits_message_quotes_is_none_of_the_log() {
    let folder = Folder::new("quotes");
    let path = folder.0.join("log");
    let quoted = "    demo: free the ring early\n\n    [   31.0] kernel BUG at mm/slub.c:1!\n";
    let log =
        fs::read_to_string(here().join(CAUSE)).unwrap().replace("    demo: free the ring early\n", quoted);
    fs::write(&path, log).unwrap();
    let (out, ..) = run(&["--format", "jsonl", path.to_str().unwrap()], None);
    assert_eq!((out.lines().count(), out.matches("\"title\":\"kernel BUG").count()), (2, 0), "{out}");
}

#[test]
fn a_verdict_is_a_status_for_git() {
    let title = "general protection fault in oops_leaf";
    let (crash, other, quiet) =
        ("testdata/logs/oops-work.log", "testdata/logs/divide.log", "testdata/negative/sysrq-q.log");
    let judge = |arguments: &[&str]| {
        let (out, _, status) = run(&[&["verdict", "--commit", &"a".repeat(40)], arguments].concat(), None);
        (out.lines().skip(2).map(str::to_string).collect::<Vec<_>>(), status)
    };
    let (record, status) = judge(&["--like", title, quiet, other, crash]);
    assert_eq!((record.len(), record[3].as_str(), status), (4, "same bug: #2 by title", Some(1)));
    assert_eq!(judge(&["--like", title, quiet, quiet]).1, Some(0));
    // What no kernel printed says nothing of one.
    assert_eq!(judge(&["--like", title, "testdata/negative/sshd.log"]).1, Some(125));
    assert_eq!(judge(&["--like", title, quiet, other, other]).1, Some(125));
    assert_eq!(judge(&["--like", title, "--runs", "3", quiet]).1, Some(125));
    // A file's report is the bug as well.
    assert_eq!(judge(&["--like", crash, crash]).1, Some(1));
    assert_eq!(judge(&["--like", crash, other]).1, Some(125));
    for wrong in [
        &["--like", title, "no/such.log"][..],
        &["--like", "nothing"],
        &["--like", quiet, crash],
        &["--lik"],
        &[],
    ] {
        assert_eq!(judge(wrong).1, Some(128), "{wrong:?}");
    }
}

/// A repository of commits that each write their number, and the hash of each.
fn repository(folder: &Path, commits: usize) -> Option<Vec<String>> {
    let git = |arguments: &[&str]| git(folder).args(arguments).output().ok().filter(|o| o.status.success());
    git(&["init", "--quiet", "."])?;
    (1..=commits)
        .map(|number| {
            fs::write(folder.join("number"), format!("{number}\n")).unwrap();
            git(&["add", "number"])?;
            git(&["commit", "--quiet", "-m", &format!("demo: change {number}")])?;
            let (hash, ..) = texts(git(&["rev-parse", "HEAD"])?);
            Some(hash.trim().to_string())
        })
        .collect()
}

/// Git without the user's configuration.
fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder).stdin(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Demo"),
        ("GIT_AUTHOR_EMAIL", "demo@example.org"),
        ("GIT_COMMITTER_NAME", "Demo"),
        ("GIT_COMMITTER_EMAIL", "demo@example.org"),
        ("LC_ALL", "C"),
    ] {
        git.env(name, value);
    }
    git
}

/// "Tests" the kernel that is checked out: from commit 8 on it crashes, in two of three runs. That of 9 does not boot.
const TEST: &str = r#"
number=$(cat number)
rm -f "$OUT"/run-*
for run in 1 2 3 4 5 6; do
    log=$QUIET
    if [ "$number" -ge 8 ] && [ $(((run + number) % 3)) -ne 0 ]; then log=$CRASH; fi
    if [ "$number" -eq 9 ]; then log=/dev/null; fi
    cat "$log" >"$OUT/run-$run"
done
exec "$JUDGE" verdict --like "$LIKE" --runs 6 "$OUT"/run-*
"#;

#[test]
fn git_bisect_run_finds_the_culprit_and_leaves_a_log() {
    let folder = Folder::new("bisect");
    let work = folder.0.join("work");
    fs::create_dir_all(&work).unwrap();
    let Some(hashes) = repository(&work, 16) else {
        println!("git is missing: nothing to check");
        return;
    };
    fs::write(folder.0.join("test.sh"), TEST).unwrap();
    let mut log = Vec::new();
    let steps: [&[&str]; 3] = [&["start", &hashes[15], &hashes[0]], &["run", "sh", "../test.sh"], &["log"]];
    for step in steps {
        let output = git(&work)
            .arg("bisect")
            .args(step)
            .env("OUT", &folder.0)
            .env("JUDGE", binary())
            .env("CRASH", here().join("testdata/logs/oops-work.log"))
            .env("QUIET", here().join("testdata/negative/sysrq-q.log"))
            .env("LIKE", here().join("testdata/logs/oops-work.log"))
            .output()
            .unwrap();
        let (out, err, status) = texts(output);
        assert_eq!(status, Some(0), "{out}{err}");
        log.extend_from_slice(out.as_bytes());
    }
    let text = String::from_utf8(log).unwrap();
    let bisection = bisection(text.as_bytes()).unwrap();
    assert_eq!(bisection.outcome(), Some(Outcome::Found), "{text}");
    let culprit = bisection.culprit.as_ref().unwrap();
    assert_eq!((culprit.hash, culprit.subject), (hashes[7].as_str(), Some(&b"demo: change 8"[..])), "{text}");
    assert_eq!(culprit.author, Some(&b"Demo <demo@example.org>"[..]));
    assert_eq!(bisection.title(), Some(&b"general protection fault in oops_leaf"[..]));
    assert!(bisection.unknown.is_empty(), "{:?}", bisection.unknown);
    for test in &bisection.tests {
        let number = 1 + hashes.iter().position(|hash| hash == test.commit).unwrap();
        let counts = bisection.counts(test);
        let (same, lost) = match number {
            9 => (0, 6),
            8.. => (4, 0),
            _ => (0, 0),
        };
        assert_eq!((counts.same, counts.lost, counts.runs()), (same, lost, 6), "{number}");
        let expected = if number == 9 {
            Mark::Skip
        } else if number < 8 {
            Mark::Good
        } else {
            Mark::Bad
        };
        assert_eq!(test.mark, Some(expected), "{number}");
        assert_eq!(test.subject, Some(format!("demo: change {number}").as_bytes()));
    }
    let confidence = bisection.confidence().unwrap();
    assert!(confidence.sizes_known && confidence.culprit.unwrap() > 0.8, "{confidence:?}");
    let path = folder.0.join("bisect.log");
    fs::write(&path, &text).unwrap();
    let (out, ..) = run(&[path.to_str().unwrap()], None);
    assert!(out.contains(&format!("culprit: {} demo: change 8", &hashes[7][..12])), "{out}");
    // The record quotes titles, and is no report.
    assert_eq!(crashparse::reports(text.as_bytes()).count(), 0, "{text}");
}
