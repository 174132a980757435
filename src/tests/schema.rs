//! Guards the JSON Schema: the golden files, all reports and all bisections of `testdata/` are as it says, and it says no
//! more than there is.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::ser::{JSON_SCHEMA, JsonBisection, JsonReport, SCHEMA};
use crate::{LineNumbers, Report, bisection, reports};

use super::support::{self, Log};
use super::validator::{closed, faults};

/// What only the example prints, round reports and bisections: `tests/binary/` has it.
const PRINTED: &[&str] = &[
    "bisection_line",
    "count",
    "counts",
    "document",
    "file",
    "file_record",
    "group",
    "groups",
    "header_record",
    "seen",
    "totals",
    "trailer_record",
];

/// Fields that no report or bisection of `testdata/` has: those of symbolized reports, and what the logs lack.
const UNSEEN: &[&str] = &[
    "frame/column",
    "frame/discriminator",
    "frame/inlines",
    "kasan/mapping",
    "kasan/mapping/end",
    "kasan/mapping/start",
    "kasan/memory_tag",
    "kasan/pointer_tag",
    "kmsan/user_address",
    "lock/released",
    "page/order",
    "report/cut",
    "report/executor",
    "report/executor/id",
    "report/executor/proc",
    "report/path",
];

/// The schema, closed to fields that it does not describe.
fn schema() -> Value {
    closed(serde_json::from_str(JSON_SCHEMA).unwrap())
}

/// All reports of a log, as they are printed.
fn reports_of(log: &Log) -> Vec<Value> {
    let mut numbers = LineNumbers::new(&log.bytes);
    let value = |report: Report<'_>| {
        let line = numbers.of(report.span().start);
        serde_json::to_value(JsonReport::new(&report).line(line).disassembly(true)).unwrap()
    };
    reports(&log.bytes).map(value).collect()
}

/// All reports of `testdata/`.
fn all_reports() -> Vec<(String, Value)> {
    let logs = support::all_logs();
    logs.iter().flat_map(|log| reports_of(log).into_iter().map(|report| (log.name.clone(), report))).collect()
}

/// The bisections of `testdata/`, as they are printed.
fn all_bisections() -> Vec<(Log, Value)> {
    let json = |log: &Log| serde_json::to_value(JsonBisection::new(&bisection(&log.bytes).unwrap())).unwrap();
    support::logs("bisect").into_iter().map(|log| (log.clone(), json(&log))).collect()
}

#[test]
fn the_golden_files_are_as_the_schema_says() {
    let schema = schema();
    let mut checked = 0;
    for log in support::all_logs() {
        let Ok(golden) = fs::read_to_string(log.path.with_extension("json")) else { continue };
        let mut golden: Value = serde_json::from_str(&golden).unwrap();
        for report in golden.as_array_mut().unwrap() {
            // The goldens have the number of its lines.
            report["text"] = json!("");
            assert_eq!(faults(&schema, "report", report), [""; 0], "{}", log.name);
            checked += 1;
        }
    }
    assert!(checked > 400, "{checked}");
}

#[test]
fn every_report_is_as_the_schema_says() {
    let schema = schema();
    let kinds = schema["$defs"]["report"]["properties"]["kind"]["examples"].as_array().unwrap();
    for (name, report) in all_reports() {
        assert_eq!(faults(&schema, "report", &report), [""; 0], "{name}");
        assert!(kinds.contains(&report["kind"]), "{name}: {} is not among the known kinds", report["kind"]);
        assert_eq!(faults(&schema, "", &report), [""; 0], "{name}");
    }
}

#[test]
fn every_bisection_is_as_the_schema_says() {
    let schema = schema();
    let all = all_bisections();
    assert!(all.len() >= 18, "{}", all.len());
    for (log, bisection) in all {
        let (path, bytes, reports) = (&log.name, log.bytes.len(), reports_of(&log));
        let line = json!({"path": path, "bisection": bisection});
        let file = json!({"path": path, "reports": reports, "bisection": bisection, "bytes": bytes});
        let document = json!({"schema": SCHEMA, "files": [file]});
        for (name, value) in [("bisection_line", line), ("document", document)] {
            assert_eq!(faults(&schema, name, &value), [""; 0], "{path}");
            assert_eq!(faults(&schema, "", &value), [""; 0], "{path}");
        }
    }
}

#[test]
fn what_is_no_bisection_is_refused() {
    let schema = schema();
    let (_, good) = all_bisections().into_iter().find(|(log, _)| log.name == "cause").unwrap();
    let refused = |change: fn(&mut Value), what: &str| {
        let mut line = json!({"path": "a", "bisection": good});
        change(&mut line["bisection"]);
        let found = faults(&schema, "bisection_line", &line);
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
        assert!(!faults(&schema, "", &line).is_empty(), "{what}");
        let file = json!({"path": "a", "reports": [], "bisection": line["bisection"], "bytes": 1});
        let found = faults(&schema, "document", &json!({"schema": SCHEMA, "files": [file]}));
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
    };
    refused(|of| drop(of.as_object_mut().unwrap().remove("tests")), "lacks");
    refused(|of| of["verdict"] = json!("found"), "verdict is not known");
    refused(|of| of["outcome"] = json!("lost"), "/outcome: \"lost\" is none of");
    refused(|of| of["flaky"] = json!(false), "/flaky: false is not true");
    refused(|of| of["cc"] = json!([]), "/cc: fewer than 1");
    refused(|of| of["start"] = json!("v6.9"), "/start: \"v6.9\" is not like");
    refused(|of| of["culprit"]["author"] = Value::Null, "/culprit/author: null is no");
    refused(|of| of["steps"][0]["test"] = json!(-1), "/steps/0/test: -1 is below 0");
    refused(|of| of["tests"][0]["stage"] = json!("first"), "/tests/0/stage: \"first\" is none of");
    refused(|of| of["tests"][1]["counts"]["ok"] = json!(1.5), "/tests/1/counts/ok: 1.5 is no");
    refused(
        |of| of["tests"][1]["runs"][0]["result"] = json!("OK"),
        "/tests/1/runs/0/result: \"OK\" is none of",
    );
    refused(|of| of["totals"]["total"] = json!("5h"), "/totals/total: \"5h\" is no");
    refused(|of| of["confidence"]["rate"] = Value::Null, "/confidence/rate: null is no");
    let line = json!({"path": "a", "bisection": good, "title": "x"});
    assert!(!faults(&schema, "", &line).is_empty(), "neither a report nor a bisection");
}

#[test]
fn words_are_those_of_the_types() {
    use crate::{BisectionKind as Kind, Mark::*, Outcome::*, RunResult as Run, Stage::*};
    let schema = schema();
    let is = |field: &str, words: &[&str]| {
        let field = format!("/$defs/{field}/enum");
        assert_eq!(schema.pointer(&field), Some(&json!(words)), "{field}");
    };
    is("bisection/properties/kind", &[Kind::Cause, Kind::Fix].map(Kind::as_str));
    is(
        "bisection/properties/outcome",
        &[Found, Inconclusive, NotFixed, OldestBad, Error].map(crate::Outcome::as_str),
    );
    let stages = [Original, Minimisation, Release, Head, MergeBase, Ancestor, Step];
    is("bisection_test/properties/stage", &stages.map(crate::Stage::as_str));
    let marks = [Good, Bad, Skip].map(crate::Mark::as_str);
    is("bisection_test/properties/mark", &marks);
    is("bisection/properties/steps/items/properties/mark", &marks);
    let messaged = [Run::Crashed, Run::Ignored, Run::BootFailed, Run::TestFailed, Run::Infra, Run::Failed];
    let mut results = vec![Run::Ok.as_str()];
    results.extend(messaged.map(|of| of(b"").as_str()));
    results.push(Run::Other(b"").as_str());
    is("bisection_test/properties/runs/items/properties/result", &results);
}

#[test]
fn what_is_not_schema_1_is_refused() {
    let schema = schema();
    assert_eq!(schema["$defs"]["document"]["properties"]["schema"]["const"], json!(SCHEMA));
    let log = support::logs("logs").into_iter().find(|log| log.name == "oops-work").unwrap();
    let good = serde_json::to_value(JsonReport::new(&reports(&log.bytes).next().unwrap()).disassembly(true))
        .unwrap();
    let refused = |change: fn(&mut Value), what: &str| {
        let mut report = good.clone();
        change(&mut report);
        let found = faults(&schema, "report", &report);
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
        let document = json!({"schema": 1, "files": [{"path": "a", "reports": [report], "bytes": 1}]});
        assert!(!faults(&schema, "", &document).is_empty(), "{what}");
    };
    refused(|report| drop(report.as_object_mut().unwrap().remove("title")), "lacks");
    refused(|report| report["color"] = json!("red"), "color is not known");
    refused(|report| report["line"] = json!(0), "/line: 0 is below 1");
    refused(|report| report["cpu"] = json!("1"), "/cpu: \"1\" is no \"integer\"");
    refused(|report| report["cut"] = json!(false), "/cut: false is not true");
    refused(|report| report["alt_titles"] = json!([]), "/alt_titles: fewer than 1");
    refused(|report| report["traces"][0]["kind"] = json!("own"), "/traces/0/kind: \"own\" is none of");
    refused(|report| report["traces"][0]["frames"][1]["trust"] = json!("?"), "/frames/1/trust");
    refused(|report| report["registers"]["values"]["RAX"] = json!(7), "/registers/values/RAX: 7 is no");
    refused(
        |report| report["registers"]["values"]["RAX"] = json!("7"),
        "/registers/values/RAX: \"7\" is not",
    );
    refused(|report| report["memory"]["kasan"] = json!([]), "/memory/kasan: [] is no \"object\"");
    refused(|report| report["task"]["comm"] = Value::Null, "/task/comm: null is no");
}

#[test]
fn fields_of_later_versions_pass() {
    let open: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    assert_eq!(open["$id"], json!(format!("urn:crashparse:schema:{SCHEMA}")));
    let log = support::logs("logs").into_iter().find(|log| log.name == "oops-work").unwrap();
    let mut report = reports_of(&log).swap_remove(0);
    report["color"] = json!("red");
    report["traces"][0]["color"] = json!("red");
    assert_eq!(faults(&open, "", &report), [""; 0]);
    report["traces"][0]["kind"] = json!("own");
    assert!(!faults(&open, "", &report).is_empty(), "what is known is as it was");
}

/// Names of all fields that a rule has, `frame/line`, and of those of the objects inside.
fn fields(rule: &Value, name: &str, found: &mut BTreeSet<String>) {
    for (field, rule) in rule["properties"].as_object().into_iter().flatten() {
        let name = format!("{name}/{field}");
        assert!(
            rule["description"].as_str().is_some_and(|text| text.ends_with('.')),
            "{name} has no description"
        );
        fields(rule, &name, found);
        found.insert(name);
    }
    if rule["items"]["$ref"].is_null() && rule["items"].is_object() {
        fields(&rule["items"], name, found);
    }
}

/// Takes the fields that a value has.
fn take(schema: &Value, rule: &Value, name: &str, value: &Value, found: &mut BTreeSet<String>) {
    if let Some(target) = rule["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return take(schema, &schema["$defs"][name], name, value, found);
    }
    for (field, value) in value.as_object().into_iter().flatten() {
        if let Some(rule) = rule["properties"].get(field) {
            let name = format!("{name}/{field}");
            take(schema, rule, &name, value, found);
            found.insert(name);
        }
    }
    for value in value.as_array().into_iter().flatten() {
        take(schema, &rule["items"], name, value, found);
    }
}

#[test]
fn every_field_is_described_and_stands_in_some_log() {
    let schema = schema();
    let (mut known, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (name, rule) in schema["$defs"].as_object().unwrap() {
        assert!(JSON_SCHEMA.contains(&format!("\"#/$defs/{name}\"")), "nothing refers to {name}");
        assert!(rule["description"].is_string(), "{name}");
        fields(rule, name, &mut known);
    }
    for (_, report) in all_reports() {
        take(&schema, &schema["$defs"]["report"], "report", &report, &mut seen);
    }
    for (_, bisection) in all_bisections() {
        take(&schema, &schema["$defs"]["bisection"], "bisection", &bisection, &mut seen);
    }
    let disassembly = |name: &str| {
        cfg!(not(feature = "disasm")) && (name.contains("instruction") || name.contains("disassembly"))
    };
    let printed = |name: &str| PRINTED.contains(&name.split('/').next().unwrap());
    let unseen: Vec<&String> =
        known.difference(&seen).filter(|name| !disassembly(name) && !printed(name)).collect();
    assert_eq!(unseen, UNSEEN, "a field that no log has is misspelt, or wants one");
}
