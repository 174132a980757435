//! What was read of each log and of all: for programs, which must tell what is clean from what could not be read.

use std::fmt;

use crashparse::ser::SCHEMA;
use serde_json::{Value, json};

/// Members that a JSON document and the header of records begin with: which schema, and who wrote it.
pub(crate) fn head() -> String {
    format!("\"schema\":{SCHEMA},\"tool\":\"crashparse\",\"version\":\"{}\"", env!("CARGO_PKG_VERSION"))
}

/// A log that has been read as far as it could be.
#[derive(Default)]
pub(crate) struct FileEnd {
    /// Reports that were wanted.
    pub(crate) reports: u64,
    /// Of these, how many were not printed: a log can be made to have too many.
    pub(crate) left_out: u64,
    /// Bytes that were read; unknown where the rest of the log was not wanted.
    pub(crate) bytes: Option<u64>,
    /// Why not all could be read.
    pub(crate) error: Option<String>,
}

impl FileEnd {
    /// All that is known of a file but its reports, which are counted.
    pub(crate) fn json(&self, path: &str) -> Value {
        let mut json = json!({"path": path, "reports": self.reports});
        if let Some(json) = json.as_object_mut() {
            json.extend(self.members().into_iter().map(|(name, value)| (name.to_string(), value)));
        }
        json
    }

    /// The members of a file's entry in JSON that come behind its reports.
    pub(crate) fn members(&self) -> Vec<(&'static str, Value)> {
        let left_out = Some(self.left_out).filter(|left_out| *left_out > 0);
        let members = [
            ("bytes", self.bytes.map(Value::from)),
            ("left_out", left_out.map(Value::from)),
            ("error", self.error.clone().map(Value::from)),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Sums of all logs.
#[derive(Default)]
pub(crate) struct Totals {
    files: u64,
    files_with_reports: u64,
    bytes: u64,
    reports: u64,
    errors: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, end: &FileEnd) {
        self.files += 1;
        self.files_with_reports += u64::from(end.reports > 0);
        self.bytes += end.bytes.unwrap_or_default();
        self.reports += end.reports;
        self.errors += u64::from(end.error.is_some());
    }

    pub(crate) fn json(&self) -> Value {
        let Totals { files, files_with_reports, bytes, reports, errors } = self;
        json!({
            "files": files,
            "files_with_reports": files_with_reports,
            "bytes": bytes,
            "reports": reports,
            "errors": errors,
        })
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { files, files_with_reports, bytes, reports, errors } = self;
        write!(
            f,
            "reports: {reports}, in {files_with_reports} of {files} logs; bytes: {bytes}; logs with errors: {errors}"
        )
    }
}
