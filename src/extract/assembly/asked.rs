//! Backtraces that a CPU prints because another one has asked for them: they are of its report.

use crate::formats::noise;
use crate::text;

use super::Assembly;
use crate::extract::banner::Banner;
use crate::extract::follows::Cause;
use crate::extract::limits::LOOK_BACK_BYTES;
use crate::extract::telling::Telling;
use crate::extract::window::Entry;

impl<'a> Assembly<'a> {
    /// Whether a CPU prints its backtrace because another one has asked for it: then it belongs to that one's report.
    pub(super) fn is_answered(&mut self, entry: &Entry<'a>, banner: Banner<'a>) -> bool {
        let offset = banner.line.offset;
        let Some(request) = self.request.filter(|request| offset - request.offset <= LOOK_BACK_BYTES) else {
            return false;
        };
        let Some(talk) = self.lanes.get(entry.lane) else { return self.join(entry, banner, request.report) };
        // What it has printed since then is its own.
        if talk.now.cause.banner.line.offset > request.offset && talk.now.report != request.report {
            return false;
        }
        self.join(entry, banner, request.report)
    }

    /// A CPU begins to print for another's report; `false` if that is over.
    fn join(&mut self, entry: &Entry<'a>, banner: Banner<'a>, number: u64) -> bool {
        if self.reports.get(number).is_none_or(|report| report.done) {
            return false;
        }
        self.end(entry.lane);
        let Some(report) = self.reports.get(number) else { return false };
        report.take(banner.line, true);
        report.guests += 1;
        let cause = Cause::first(report.banner).next(banner);
        self.watch(entry, Telling::new(number, cause, true, false), None);
        true
    }
}

/// Whether a line asks other CPUs for their backtraces.
pub(super) fn is_request(entry: &Entry<'_>) -> bool {
    text::skip_blanks(entry.line.body).starts_with(noise::NMI_REQUEST.as_bytes())
}
