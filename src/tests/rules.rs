//! Checks the format tables against themselves and against the logs of `testdata/`: every pattern compiles, every
//! family and every rule is there for at least one line that somebody has seen or read in a kernel's source.

use std::collections::HashSet;

use crate::formats::{FAMILIES, Family, Rule, Step, kinds, noise, spelling};
use crate::rules::{self, CompiledFamily, CompiledRule};
use crate::{Kind, reports};

use super::support;

/// Rules that no log of `testdata/` has a case of, by their family's banner and their line's pattern.
///
/// A rule that gets its case must leave this list.
const WITHOUT_A_CASE: &[(&str, &str)] = &[];

fn families() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().copied().flatten()
}

/// The patterns of a rule.
fn patterns(rule: &'static Rule) -> Vec<&'static str> {
    let steps = rule.stacks.iter().copied().flatten().filter_map(|step| match step {
        Step::Line(source) => Some(*source),
        Step::Entry | Step::Trace => None,
    });
    let mut all = vec![rule.line];
    all.extend(rule.then.iter().chain(rule.report).chain([&rule.next, &rule.otherwise]));
    all.extend(steps);
    all
}

#[test]
fn every_pattern_compiles() {
    let of_rules = families().flat_map(|family| family.rules).flat_map(patterns);
    let heads = spelling::TRACE_HEADS.iter().map(|head| head.pattern);
    let others = noise::SUPPRESSED.iter().copied().chain(heads);
    let replaced = spelling::REPLACEMENTS.iter().map(|replacement| replacement.pattern);
    let uncorrected = families().map(|family| family.uncorrected);
    for source in of_rules.chain(others).chain(replaced).chain(uncorrected) {
        assert!(rules::compile(source).is_some(), "does not compile: {source}");
    }
}

#[test]
fn selectors_tell_the_kernel_from_programs() {
    let pattern = rules::compile("^RIP: {{KERNEL}}{{PLACE}}").expect("a pattern");
    let is_kernels = |selector: &str| pattern.is_match(format!("RIP: {selector}:fn+0x1/0x2").as_bytes());
    // __KERNEL_CS, with the privilege of a Xen guest; FLAT_KERNEL_CS, FLAT_RING1_CS and FLAT_RING1_DS of Xen
    for selector in ["0010", "0008", "0060", "0061", "e030", "e019", "e021"] {
        assert!(is_kernels(selector), "{selector}");
    }
    // __USER_CS, __USER32_CS; FLAT_RING3_CS64, FLAT_RING3_CS32, FLAT_RING3_DS
    for selector in ["0033", "0023", "0073", "e033", "e023", "e02b"] {
        assert!(!is_kernels(selector), "{selector}");
    }
}

#[test]
fn words_are_in_every_line_that_they_stand_for() {
    let words: Vec<&str> = spelling::TRACE_HEADS.iter().flat_map(|head| head.words).copied().collect();
    let others =
        [noise::PANIC_WORDS, noise::EXECUTOR_WORDS, noise::SUPPRESSED_WORDS, noise::DISCONNECTED_WORDS]
            .concat();
    for word in words.iter().chain(&others) {
        let twice = words.iter().chain(&others).filter(|other| other.contains(word)).count() > 1;
        assert!(word.len() >= 4 && !twice, "{word}: too short, or a part of another");
    }
    for source in noise::SUPPRESSED {
        assert!(noise::SUPPRESSED_WORDS.iter().any(|word| source.contains(word)), "{source}");
    }
    for head in spelling::TRACE_HEADS {
        let pattern = rules::compile(head.pattern).expect(head.pattern);
        for log in support::all_logs() {
            for line in log.bytes.split(|&byte| byte == b'\n').filter(|line| pattern.is_match(line)) {
                assert!(head.words.iter().any(|word| crate::text::contains(line, word)), "{}", head.pattern);
            }
        }
    }
}

#[test]
fn every_template_has_its_arguments() {
    for rule in families().flat_map(|family| family.rules) {
        let captures: usize = if rule.report.is_empty() {
            let then: usize = rule.then.iter().map(|source| groups(source)).sum();
            groups(rule.line) + groups(rule.next) + then
        } else {
            rule.report.iter().map(|source| groups(source)).sum()
        };
        for template in rule.alt.iter().chain([&rule.title]) {
            let highest = (1..9).filter(|n| template.contains(&format!("{{{n}}}"))).max().unwrap_or(0);
            assert!(highest <= captures, "{template}: {captures} captures in {}", rule.line);
            let framed = template.contains("{frame");
            assert!(!framed || !rule.stacks.is_empty(), "{template}: no stack to take a frame from");
        }
    }
}

/// How many groups a pattern captures.
fn groups(source: &str) -> usize {
    rules::compile(source).map_or(0, |regex| regex.captures_len() - 1)
}

#[test]
fn what_a_family_leads_to_is_a_banner() {
    let banners: HashSet<&str> = families().map(|family| family.banner).collect();
    for family in families() {
        for next in family.leads_to {
            assert!(banners.contains(next), "{}: leads to {next}, which is no banner", family.banner);
        }
    }
}

#[test]
fn no_two_families_have_the_same_banner() {
    let mut seen = HashSet::new();
    for family in families() {
        assert!(seen.insert(family.banner), "{}: twice in the tables", family.banner);
        assert!(family.raw || !family.rules.is_empty(), "{}: a banner without a rule", family.banner);
    }
}

#[test]
fn no_list_of_noise_has_an_entry_twice() {
    let lists = [
        noise::WARNINGS,
        noise::INFOS,
        noise::QUOTES,
        noise::SUPPRESSED,
        noise::TAIL,
        noise::INSIDE,
        noise::AFTER_REGISTERS,
        noise::BEFORE_REGISTERS,
        noise::PAGE_DUMP,
        noise::BUG_MESSAGES,
    ];
    for list in lists {
        let mut seen = HashSet::new();
        for entry in list {
            assert!(seen.insert(entry), "{entry} is twice in a list");
        }
    }
}

#[test]
fn every_prefix_of_the_kinds_is_reachable() {
    for (i, (prefix, kind)) in kinds::BY_TITLE.iter().enumerate() {
        let hidden = kinds::BY_TITLE.iter().take(i).find(|(earlier, _)| prefix.starts_with(earlier));
        assert!(hidden.is_none(), "{prefix} is hidden by {hidden:?}");
        assert_ne!(*prefix, "", "{kind:?} would be the kind of every title");
    }
}

/// Whether a title of the tables may begin with `prefix`: templates are compared up to their first argument.
fn may_begin(template: &str, prefix: &str) -> bool {
    let fixed = template.split('{').next().unwrap_or_default();
    fixed.starts_with(prefix) || prefix.starts_with(fixed)
}

#[test]
fn every_prefix_of_the_kinds_is_of_some_title() {
    // What syzkaller's manager says of its machines, and titles that syzkaller's rules have and raw lines here.
    let others = ["lost connection"];
    let titles: Vec<&str> = families().flat_map(|family| family.rules).map(|rule| rule.title).collect();
    for (prefix, _) in kinds::BY_TITLE {
        let known = titles.iter().any(|title| may_begin(title, prefix));
        let raw = families().any(|family| family.raw && prefix.contains(family.banner));
        assert!(known || raw || others.contains(prefix), "{prefix}: no rule makes such a title");
    }
}

/// The rule that names a report whose lines begin with `bodies`, as `title::of` chooses it.
fn rule_of(family: &'static CompiledFamily, bodies: &[&[u8]]) -> Option<&'static Rule> {
    let fits = |rule: &&CompiledRule| {
        rule.title_args(bodies.iter().copied()).is_some()
            && (rule.rule.report.is_empty() || rule.report_args(bodies.iter().copied()).is_some())
    };
    family.rules.iter().find(fits).map(|rule| rule.rule)
}

#[test]
fn every_rule_has_a_case() {
    let mut banners: HashSet<&str> = HashSet::new();
    let mut chosen: HashSet<(&str, &str, &str)> = HashSet::new();
    for log in support::all_logs() {
        for report in reports(&log.bytes) {
            let bodies: Vec<&[u8]> = report.lines().iter().map(|line| line.body).collect();
            for (at, line) in report.lines().iter().enumerate() {
                let Some(family) = rules::classify(line) else { continue };
                let banner = family.family.banner;
                banners.insert(banner);
                chosen.extend(rule_of(family, &bodies[at..]).map(|rule| (banner, rule.line, rule.title)));
            }
        }
    }
    let mut missing: Vec<(&str, &str)> = Vec::new();
    for family in families() {
        if !banners.contains(family.banner) {
            missing.push((family.banner, ""));
        }
        let unused = |rule: &&Rule| !chosen.contains(&(family.banner, rule.line, rule.title));
        missing.extend(family.rules.iter().filter(unused).map(|rule| (family.banner, rule.line)));
    }
    let unknown: Vec<_> = missing.iter().filter(|rule| !WITHOUT_A_CASE.contains(rule)).collect();
    assert!(unknown.is_empty(), "no log of testdata/ has a case of: {unknown:#?}");
    for rule in WITHOUT_A_CASE {
        assert!(missing.contains(rule), "{rule:?} has a case: take it from WITHOUT_A_CASE");
    }
}

#[test]
fn every_own_kind_has_a_case() {
    let mut seen = HashSet::new();
    for log in support::all_logs() {
        seen.extend(reports(&log.bytes).map(|report| report.kind()));
    }
    let own = kinds::BY_TITLE.iter().map(|(_, kind)| *kind).filter(|kind| !kind.is_syzkaller());
    let missing: HashSet<Kind> = own.filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "no log of testdata/ has a report of {missing:?}");
}

#[test]
fn a_quoted_banner_is_no_report() {
    let quoted = [
        "egrep 'Kernel panic - not syncing|INFO: rcu_sched self-detected stall' dmesg.txt",
        "x.c:1: printk(KERN_ALERT \"CPU %d Unable to handle kernel paging request at \"",
        "can't find 'general protection fault: 0000 [#1] SMP' here",
    ];
    for line in quoted {
        assert!(reports(line.as_bytes()).next().is_none(), "{line}");
    }
    let said = [
        "john's-host login: BUG: unable to handle kernel paging request at 00000008",
        "it's BUG: soft lockup - CPU#1 stuck for 22s! [it's:412]",
        "{\"log\": \"console BUG: soft lockup - CPU#1 stuck for 22s! [demo:412]\"}",
    ];
    for line in said {
        assert!(reports(line.as_bytes()).next().is_some(), "{line}");
    }
}
