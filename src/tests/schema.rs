//! Guards the JSON Schema: the golden files and all reports of `testdata/` are as it says, and it says no more than there is.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::ser::{JSON_SCHEMA, JsonReport, SCHEMA};
use crate::{LineNumbers, reports};

use super::support;
use super::validator::faults;

/// Fields that no report of `testdata/` has: those of documents, of symbolized reports, and what the logs lack.
const UNSEEN: &[&str] = &[
    "document/files",
    "document/schema",
    "file/bisection",
    "file/bytes",
    "file/path",
    "file/reports",
    "frame/column",
    "frame/discriminator",
    "frame/inlines",
    "kasan/mapping",
    "kasan/mapping/end",
    "kasan/mapping/start",
    "kasan/memory_tag",
    "kasan/place/state",
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

fn schema() -> Value {
    serde_json::from_str(JSON_SCHEMA).unwrap()
}

/// All reports of `testdata/`, as they are printed.
fn all_reports() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for log in support::all_logs() {
        let mut numbers = LineNumbers::new(&log.bytes);
        for report in reports(&log.bytes) {
            let line = numbers.of(report.span().start);
            all.push((log.name.clone(), serde_json::to_value(JsonReport::new(&report).line(line)).unwrap()));
        }
    }
    all
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
fn what_is_not_schema_1_is_refused() {
    let schema = schema();
    assert_eq!(schema["$defs"]["document"]["properties"]["schema"]["const"], json!(SCHEMA));
    let log = support::logs("logs").into_iter().find(|log| log.name == "oops-work").unwrap();
    let good = serde_json::to_value(JsonReport::new(&reports(&log.bytes).next().unwrap())).unwrap();
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
fn every_field_is_described_and_stands_in_some_report() {
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
    let disassembly = |name: &str| {
        cfg!(not(feature = "disasm")) && (name.contains("instruction") || name.contains("disassembly"))
    };
    let unseen: Vec<&String> = known.difference(&seen).filter(|name| !disassembly(name)).collect();
    assert_eq!(unseen, UNSEEN, "a field that no report has is misspelt, or wants a log");
}
