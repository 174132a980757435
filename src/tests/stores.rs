//! What stores of logs export: which member is the line, who wrote it, tables, and what merely looks like one.

use crate::{decode, reports};

const STAMPED: &str =
    "[   12.345678] WARNING: CPU: 0 PID: 9 at a.c:1 f+0x1/0x2, twice\n[   12.345679] Call \"Trace\":\n";

/// A line of the kernel's in quotes of JSON, or of CSV.
fn json(line: &str) -> String {
    format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\""))
}

fn csv(line: &str) -> String {
    format!("\"{}\"", line.replace('"', "\"\""))
}

fn each(lines: &str, record: impl Fn(&str) -> String) -> String {
    lines.lines().map(record).collect()
}

fn decoded(log: &str) -> String {
    String::from_utf8_lossy(&decode(log.as_bytes())).into_owned()
}

#[track_caller]
fn stays(log: &str) {
    assert_eq!(decoded(log), log);
}

/// A record of each store, with `$` for the line.
const RECORDS: &[&str] = &[
    // Docker's json-file, Fluent Bit in Kubernetes
    r#"{"log":$,"stream":"stderr","time":"2024-03-05T10:22:31.000000001Z"}"#,
    r#"{"kubernetes":{"pod_name":"a","message":"z","labels":{"log":"x"}},"log":$,"stream":"stdout"}"#,
    // Splunk
    r#"{"preview":false,"offset":0,"result":{"text":"a record","_raw":$,"source":"/var/log/kern.log"}}"#,
    r#"{"time":1,"host":"h","event":$}"#,
    // Graylog
    r#"{"version":"1.1","host":"h","short_message":"[   12.3","full_message":$,"level":4}"#,
    // Google
    r#"{"insertId":"a","textPayload":$,"logName":"projects/p/logs/serial"}"#,
    r#"{"insertId":"a","jsonPayload":{"PRIORITY":"","MESSAGE":$},"resource":{"labels":{"text":"x"}}}"#,
    // Elastic
    r#"{"@timestamp":"x","log":{"offset":1,"file":{"path":"/x"}},"event":{"original":"y"},"message":$}"#,
    r#"{"_index":"i","_id":"1","_source":{"syslog":{"identifier":"kernel"},"message":$}}"#,
    r#"{"_index":"i","fields":{"message":[$]}}"#,
    // Loki's logcli, OpenTelemetry, Datadog
    r#"{"labels":{"log":"pod-a","text":"b"},"line":$,"timestamp":"x"}"#,
    r#"{"timeUnixNano":"1","body":{"stringValue":$},"attributes":[{"key":"msg","value":{"stringValue":"x"}}]}"#,
    r#"{"id":"1","content":{"timestamp":"x","message":$,"attributes":{"msg":"x"}}}"#,
    // A member that is no text.
    r#"{"message":5,"text":$}"#,
];

#[test]
fn the_text_is_where_the_store_documents_it() {
    for record in RECORDS {
        let log = each(STAMPED, |line| record.replace('$', &json(line)) + "\n");
        assert_eq!(decoded(&log), STAMPED, "{record}");
        for line in ["\r\n", ",\n", "\n\n"] {
            assert_eq!(decoded(&log.replace('\n', line)), STAMPED, "{record} {line:?}");
        }
    }
}

#[test]
fn a_byte_order_mark_and_empty_lines_are_before_a_store_as_well() {
    let objects = each(STAMPED, |line| format!("{{\"log\":{}}}\n", json(line)));
    let table = each(STAMPED, |line| format!("t,{}\n", csv(line)));
    for before in ["\u{feff}", "\n", "\u{feff}\r\n\n"] {
        assert_eq!(decoded(&format!("{before}{objects}")), STAMPED);
        assert_eq!(decoded(&format!("{before}Time,Line\n{table}")), format!("Time,Line\n{STAMPED}"));
    }
}

#[test]
fn objects_are_in_an_array_as_well() {
    let object = |line: &str| format!("{{\"textPayload\": {}}}", json(line));
    let lines: Vec<String> = STAMPED.lines().map(object).collect();
    let pretty: Vec<String> =
        lines.iter().map(|line| line.replace('{', "{\n  ").replace('}', "\n }")).collect();
    for objects in [lines, pretty] {
        for (start, end) in [
            ("[", "]"),
            ("[\n ", "\n]\n"),
            ("{\"took\": 1, \"_shards\": {\"total\": 1}, \"hits\": {\"hits\": [", "]}}"),
            ("{\n \"events\": [\n  ", "\n ]\n}\n"),
        ] {
            for between in [",", ", ", ",\n "] {
                let log = format!("{start}{}{end}", objects.join(between));
                assert_eq!(decoded(&log), STAMPED, "{log}");
            }
        }
    }
}

/// A program of Docker's writes objects itself.
#[test]
fn objects_are_in_the_text_as_well() {
    let inner = |line: &str| format!("{{\"level\":\"info\",\"msg\":{}}}\n", json(line));
    let log =
        each(STAMPED, |line| format!("{{\"log\":{},\"stream\":\"stdout\"}}\n", json(inner(line).trim_end())));
    assert_eq!(decoded(&log), STAMPED);
}

#[test]
fn lines_of_programs_that_a_store_names_are_theirs() {
    let panic = "Kernel panic - not syncing: seen on host7";
    for name in ["ident", "appname", "SYSLOG_IDENTIFIER", "program", "_application_name"] {
        let of = |who: &str, text: &str| format!("{{\"{name}\":\"{who}\",\"message\":{}}}\n", json(text));
        let log = each(STAMPED, |line| of("kernel", line)) + &of("myapp", panic) + &of("kernel", "the end");
        let program = format!("1970-01-01T00:00:00.000000+00:00 localhost myapp: {panic}\n");
        assert_eq!(decoded(&log), format!("{STAMPED}{program}the end\n"), "{name}");
        assert_eq!(reports(&decode(log.as_bytes())).count(), 1, "{name}");
        let table = format!("{name},Message\nkernel,{}\nmyapp,\"{panic}\"\n", csv(STAMPED));
        let rows = format!("{name},Message\n{STAMPED}{program}");
        assert_eq!(decoded(&table), rows, "{name}");
    }
    for (name, kernel) in [("facility", "kern"), ("tag", "kernel"), ("_TRANSPORT", "kernel")] {
        let log = format!("{{\"{name}\":\"{kernel}\",\"msg\":\"BUG: a\"}}\n");
        assert_eq!(decoded(&log), "BUG: a\n", "{name}");
    }
    // No store has these for who wrote it.
    for name in ["component", "name", "logger", "source"] {
        stays(&format!("{{\"level\":\"info\",\"{name}\":\"kernel\",\"msg\":\"BUG: a\"}}\n"));
    }
}

#[test]
fn what_is_no_object_stays_and_loses_nothing() {
    let record = |line: &str| format!("{{\"log\":{}}}\n", json(line));
    let log = each(STAMPED, record).repeat(2);
    assert_eq!(decoded(&format!("{log}{STAMPED}")), STAMPED.repeat(3));
    // Cut in its middle, also where the rest of the log may be in it.
    for cut in ["{\"log\":\"a", "{\"stream\":{\"a\":", "{\"a\":[", "{", "{\"a\": 1"] {
        for rest in [STAMPED, log.as_str()] {
            let out = decoded(&format!("{log}{cut}\n{rest}"));
            assert!(out.ends_with(STAMPED), "{cut}: {out}");
        }
    }
    stays("{\"level\":\"info\",\"msg\":\"a kernel panic\"}\n{\"level\":\"info\",\"msg\":\"b\"}\n");
    stays(&format!("[{STAMPED}"));
    stays(&format!("{{\"level\":\"info\"}}\n{STAMPED}"));
}

#[test]
fn a_table_is_told_by_its_columns_and_rows() {
    for (head, row) in [
        ("Time,Line", "t,$"),
        ("\"Time\",\"Line\"", "\"2024-05-14T08:11:12.000Z\",$"),
        ("Time (UTC),message,host.name", "t,$,h"),
        ("Time;Line", "t;$"),
        ("Time\tLine", "t\t$"),
        ("insertId,jsonPayload.x,textPayload", ",,$"),
        ("message,host", "$,h"),
    ] {
        let rows = each(STAMPED, |line| row.replace('$', &csv(line)) + "\n");
        assert_eq!(decoded(&format!("{head}\n{rows}")), format!("{head}\n{STAMPED}"));
        assert_eq!(
            decoded(&format!("{head}\r\n{}", rows.replace('\n', "\r\n"))),
            format!("{head}\r\n{STAMPED}")
        );
    }
    // Rows of others, without text, and none.
    let rows = each(STAMPED, |line| format!("t,{}\n", csv(line))).repeat(2);
    let log = format!("Time,Line\nt,systemd[1]: x\nt,\"\"\n\n{rows}{STAMPED}");
    assert_eq!(decoded(&log), format!("Time,Line\nsystemd[1]: x\n\n\n{}", STAMPED.repeat(3)));
}

/// Some write a line bare although it has separators in it: nothing is behind it.
#[test]
fn the_last_column_goes_to_the_end_of_the_line() {
    let rows = each(STAMPED, |line| format!("t,{line}\n"));
    assert_eq!(decoded(&format!("Time,Line\n{rows}")), format!("Time,Line\n{STAMPED}"));
}

#[test]
fn a_cell_has_several_lines() {
    let rows = format!("a,\"[   12.0] first\"\nb,{}\nc,\"[   13.0] later\"\n", csv(STAMPED));
    let out = format!("Time,Line\n[   12.0] first\n{STAMPED}[   13.0] later\n");
    // The event's own line feed at its end is none of the kernel's.
    assert_eq!(decoded(&format!("Time,Line\n{rows}")), out);
    // What is not closed takes nothing with it.
    let open = format!("Time,Line\nt,\"[   12.0] first\"\nt,\"open\n{STAMPED}");
    assert!(decoded(&open).ends_with(STAMPED), "{}", decoded(&open));
}

#[test]
fn a_console_is_no_table() {
    for first in [
        "Log, as requested",
        "Log, dmesg",
        "log,as requested",
        "x,log",
        "message,x",
        "Time;message",
        "line\tx",
        "a kernel, and text",
        "line",
    ] {
        stays(&format!("{first}\n{STAMPED}"));
        stays(&format!("{first}\n{}", STAMPED.replace('[', "Mar  5 10:22:31 host kernel: [")));
        stays(&format!("{first}\nt,{}{STAMPED}", "a, b\n"));
    }
    stays("time,line\n1,two\n");
}
