//! Reports without their log.

use crate::extract;
use crate::text::Log;
use crate::title::Title;

use super::Report;

/// A [`Report`] that borrows nothing.
#[derive(Clone, Debug)]
pub(crate) struct Detached {
    incident: extract::Detached,
    title: Title,
    words: u32,
    number: Option<u64>,
    boot: Option<u64>,
}

impl Detached {
    /// The report in a log that has its bytes.
    pub(crate) fn attach(self, log: Log<'_>) -> Option<Report<'_>> {
        let Detached { incident, title, words, number, boot } = self;
        Some(Report { incident: incident.attach(log)?, title, words, open: false, number, boot })
    }
}

impl Report<'_> {
    /// The same, apart from the log.
    pub(crate) fn detach(self) -> Detached {
        let Report { incident, title, words, number, boot, .. } = self;
        Detached { incident: incident.detach(), title, words, number, boot }
    }
}
