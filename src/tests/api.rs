//! Guards what a user of the crate builds on: types that may go to other threads.

use crate::facts::frame::Frame;
use crate::facts::trace::StackTrace;
use crate::{Decoder, Line, LineNumbers, Report, ReportReader, Reports, Scan, Source, TextReport, Waits};

fn goes_to_threads<T: Send + Sync>() {}

fn goes_to_a_thread<T: Send>() {}

#[test]
fn types_go_to_other_threads() {
    goes_to_threads::<Report<'_>>();
    goes_to_threads::<Reports<'_>>();
    goes_to_threads::<ReportReader<std::fs::File>>();
    goes_to_threads::<Line<'_>>();
    goes_to_threads::<LineNumbers<'_>>();
    goes_to_threads::<Frame<'_>>();
    goes_to_threads::<StackTrace<'_>>();
    goes_to_threads::<Scan>();
    goes_to_threads::<Waits>();
    goes_to_threads::<Decoder<std::fs::File>>();
    goes_to_a_thread::<Source<'_>>();
    #[cfg(feature = "symbolize")]
    {
        goes_to_threads::<crate::symbolize::Symbolizer<'_>>();
        goes_to_threads::<crate::symbolize::DebugFile<'_>>();
        goes_to_threads::<crate::symbolize::Error>();
    }
    // Rendering is done where the report is.
    let _ = TextReport::new;
}
