//! Values by their names.

use serde::{Serialize, Serializer};

/// Values by their names, in the order of the log.
pub(super) struct Named<'a, T>(pub(super) Vec<(&'a str, T)>);

impl<'a, T> Named<'a, T> {
    pub(super) fn of<V>(
        values: impl IntoIterator<Item = (&'a str, V)>,
        wire: impl Fn(V) -> T,
    ) -> Named<'a, T> {
        Named(values.into_iter().map(|(name, value)| (name, wire(value))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
