//! Events in the midst of a crash, in a log without callers: another CPU says that memory is short, a device that it is lost,
//! and the crash goes on behind.

use crate::extract::banner::Banner;
use crate::extract::follows::Relation;
use crate::extract::shape::Shape;
use crate::extract::telling::{Reports, Telling};
use crate::extract::window::Entry;
use crate::text;

use super::Talk;

/// What an event's own dump begins with: `show_regs_print_info` and `dump_stack_print_info`, kernel/printk; `sched_show_task`;
/// `show_mem`.
const DUMPS: &[&str] = &["CPU: ", "Pid: ", "task:", "Mem-Info:"];
/// The heading of a stack, of which a crash has its own.
const HEADINGS: &[&str] = &["Call Trace:", "Call trace:"];

/// Whether a banner is of no crash in itself: a hardware error may be one that was corrected.
pub(super) fn is_event(banner: &Banner<'_>) -> bool {
    banner.family.family.event || !banner.family.family.uncorrected.is_empty()
}

/// Whether a banner is of an event in the midst of a crash, whose registers and stack go on behind it.
pub(super) fn is_interrupted(talk: &Talk<'_>, banner: &Banner<'_>) -> bool {
    let crash = talk.outer.as_ref().unwrap_or(&talk.now);
    let goes_on = !crash.over && !crash.guest && !crash.course.ended && crash.course.is_close();
    let near = crash.cause.is_near_in_time(banner) && banner.line.prefix.caller.is_none();
    let ends = banner.family.family.ends_others || is_event(&crash.cause.banner);
    is_event(banner) && !ends && goes_on && near
}

/// Tells the reports of a lane a line that is no banner; `false` if it shows that the last of them is over.
pub(super) fn tell<'a>(
    reports: &mut Reports<'a>,
    talk: &mut Talk<'a>,
    entry: &Entry<'a>,
    shape: Shape,
) -> bool {
    let event = is_event(&talk.now.cause.banner);
    if let Some(outer) = talk.outer.take_if(|outer| event && is_of_event(&talk.now, outer, entry)) {
        reports.end(&outer);
    }
    if let Some(outer) = &mut talk.outer {
        if !reports.tell(outer, entry, shape) {
            talk.outer = None;
        } else if event {
            talk.now.last = entry.line.offset + entry.line.raw.len();
            return true;
        }
    }
    reports.tell(&mut talk.now, entry, shape)
}

/// Whether a line begins the dump of an event, so that the crash before it is over.
fn is_of_event(event: &Telling<'_>, crash: &Telling<'_>, entry: &Entry<'_>) -> bool {
    let starts = |words: &[&str]| words.iter().any(|start| text::begins(entry.line.body, start));
    let dumps = !event.cause.banner.family.family.one_line;
    dumps && (starts(DUMPS) || crash.course.traced && starts(HEADINGS))
}

/// Goes on with the crash before an event where a banner belongs to it; gives the event.
pub(super) fn resume<'a>(talk: &mut Talk<'a>, banner: &Banner<'a>) -> Option<Telling<'a>> {
    let event = is_event(&talk.now.cause.banner);
    let one_line = talk.now.cause.banner.family.family.one_line;
    let outer = talk.outer.take_if(|outer| {
        let part = |told: &Telling<'a>| told.cause.relation(banner, &told.course) == Some(Relation::Part);
        event && part(outer) && (one_line || !part(&talk.now))
    })?;
    Some(std::mem::replace(&mut talk.now, outer))
}
