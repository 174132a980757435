//! Checks JSON against a JSON Schema, as far as the crate's own schema uses its keywords. Also part of `tests/binary.rs`.
//!
//! The validators of crates.io bring crates in second versions.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong with `value`, as the definition `name` of a schema has it; of the schema itself, if the name is empty.
pub(crate) fn faults(schema: &Value, name: &str, value: &Value) -> Vec<String> {
    let mut check = Check { root: schema, faults: Vec::new() };
    let rule = if name.is_empty() { schema } else { &schema["$defs"][name] };
    assert!(rule.is_object(), "the schema has no {name}");
    check.check(rule, value, "");
    check.faults
}

/// A schema whose objects have no other fields than it knows: what is printed must be described.
pub(crate) fn closed(mut schema: Value) -> Value {
    close(&mut schema);
    schema
}

fn close(rule: &mut Value) {
    match rule {
        Value::Array(rules) => rules.iter_mut().for_each(close),
        Value::Object(rule) => {
            rule.values_mut().for_each(close);
            if rule.get("properties").is_some_and(Value::is_object) {
                rule.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        _ => {}
    }
}

struct Check<'s> {
    root: &'s Value,
    faults: Vec<String>,
}

impl Check<'_> {
    fn check(&mut self, rule: &Value, value: &Value, at: &str) {
        for (keyword, rule_of) in rule.as_object().unwrap() {
            if let Some(fault) = self.keyword(keyword, rule_of, rule, value, at) {
                self.faults.push(format!("{at}: {fault}"));
            }
        }
    }

    /// Checks what one keyword asks for; what is wrong further inside is noted there.
    fn keyword(
        &mut self,
        keyword: &str,
        asked: &Value,
        rule: &Value,
        value: &Value,
        at: &str,
    ) -> Option<String> {
        match keyword {
            "$schema" | "$id" | "$defs" | "title" | "description" | "examples" => None,
            "$ref" => {
                let target = asked.as_str()?.strip_prefix('#').and_then(|path| self.root.pointer(path));
                self.check(target.unwrap_or_else(|| panic!("{asked} leads nowhere")), value, at);
                None
            }
            "anyOf" => {
                let good = |rule: &Value| {
                    let mut check = Check { root: self.root, faults: Vec::new() };
                    check.check(rule, value, at);
                    check.faults.is_empty()
                };
                (!asked.as_array()?.iter().any(good)).then(|| "is none of what it may be".to_string())
            }
            "type" => (!is_of_type(value, asked.as_str()?)).then(|| format!("{value} is no {asked}")),
            "const" => (value != asked).then(|| format!("{value} is not {asked}")),
            "enum" => (!asked.as_array()?.contains(value)).then(|| format!("{value} is none of {asked}")),
            "pattern" => {
                let text = value.as_str()?;
                (!matches(asked.as_str()?, text)).then(|| format!("{value} is not like {asked}"))
            }
            "minimum" => (value.as_f64()? < asked.as_f64()?).then(|| format!("{value} is below {asked}")),
            "minItems" => {
                (value.as_array()?.len() < asked.as_u64()? as usize).then(|| format!("fewer than {asked}"))
            }
            "required" => {
                let has = |name: &Value| name.as_str().is_some_and(|name| value.get(name).is_some());
                let lacks: Vec<&Value> = asked.as_array()?.iter().filter(|name| !has(name)).collect();
                (value.is_object() && !lacks.is_empty()).then(|| format!("lacks {lacks:?}"))
            }
            "properties" => {
                for (name, rule) in asked.as_object()? {
                    if let Some(value) = value.get(name) {
                        self.check(rule, value, &format!("{at}/{name}"));
                    }
                }
                None
            }
            "additionalProperties" => {
                let none = Map::new();
                let known = rule.get("properties").and_then(Value::as_object).unwrap_or(&none);
                for (name, value) in value.as_object()?.iter().filter(|(name, _)| !known.contains_key(*name))
                {
                    match asked {
                        Value::Bool(false) => self.faults.push(format!("{at}: {name} is not known")),
                        rule => self.check(rule, value, &format!("{at}/{name}")),
                    }
                }
                None
            }
            "items" => {
                for (index, value) in value.as_array()?.iter().enumerate() {
                    self.check(asked, value, &format!("{at}/{index}"));
                }
                None
            }
            other => panic!("{at}: the keyword {other} is not checked here"),
        }
    }
}

/// Whether a text matches a pattern, of which there are few.
fn matches(pattern: &str, text: &str) -> bool {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if !known.contains_key(pattern) {
            known.insert(pattern.to_string(), Regex::new(pattern).unwrap());
        }
        known[pattern].is_match(text)
    })
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("the type {other} is not checked here"),
    }
}
