#!/usr/bin/env bash
# Has the package kcidb-io check what `--format kcidb` prints of all logs in testdata/, and of directories that are given.
# Needs Python and a way to PyPI; run by hand, for the shape is tested in tests/binary.rs.
set -euo pipefail
here=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --example crashparse
crashparse=${CARGO_TARGET_DIR:-$PWD/target}/debug/examples/crashparse
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet kcidb-io
: >"$work/empty.log"

# Names on the command line are those of the caller's directory; some logs cannot be read.
logs=("$PWD/testdata" "$work/empty.log" /nonexistent "$@")
(cd "$here" && "$crashparse" --format kcidb --origin crashparse_test --build 1 "${logs[@]}") >"$work/kcidb.json" || true
"$work/venv/bin/python" - "$work/kcidb.json" <<'PYTHON'
import collections, json, sys
from kcidb_io.schema import V5_3

data = json.load(open(sys.argv[1]))
V5_3.validate_exactly(data)
tests, issues = ({one["id"]: one for one in data[name]} for name in ("tests", "issues"))
assert len(tests) == len(data["tests"]) and len(issues) == len(data["issues"]), "an ID is not unique"
for incident in data["incidents"]:
    assert incident["test_id"] in tests and incident["issue_id"] in issues, incident
status = collections.Counter(test["status"] for test in data["tests"])
assert all(status[name] for name in ("FAIL", "DONE", "PASS", "SKIP", "MISS")), status
assert status["FAIL"] + status["DONE"] == len(data["incidents"]), status
longest = max(len(test.get("log_excerpt", "")) for test in data["tests"])
print(f"kcidb-io finds no fault: {dict(status)}, {len(issues)} issues, {len(data['incidents'])} incidents,",
      f"the longest excerpt has {longest} characters")
PYTHON
