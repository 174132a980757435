//! How parts of a text are set off on a terminal.

use std::fmt::{self, Display, Formatter};

/// What a part of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    /// The function to blame.
    Blamed,
    /// A file and a line.
    Place,
    /// What a row is about.
    Label,
    /// What tells a reader little: frames of the machinery, those that the unwinder does not vouch for.
    Noise,
}

impl Role {
    /// Parameters of `SGR`, ECMA-48 8.3.117: colours of the terminal's own palette.
    fn parameters(self) -> &'static str {
        match self {
            Role::Title => "1;31",
            Role::Blamed => "1;33",
            Role::Place => "36",
            Role::Label => "32",
            Role::Noise => "2",
        }
    }
}

/// Whether parts are set off at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Styles(pub(super) bool);

impl Styles {
    pub(super) fn paint<D: Display>(self, role: Role, text: D) -> Painted<D> {
        Painted { role: self.0.then_some(role), text }
    }
}

/// A text in its style.
pub(super) struct Painted<D> {
    role: Option<Role>,
    text: D,
}

impl<D: Display> Display for Painted<D> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.role {
            Some(role) => write!(f, "\x1b[{}m{}\x1b[0m", role.parameters(), self.text),
            None => self.text.fmt(f),
        }
    }
}
