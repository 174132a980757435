//! Judging the console logs of a revision's test runs.
