//! Names of functions as they stand in the source.

use std::borrow::Cow;

/// A Rust symbol, legacy or v0, without its hash; with the feature `cpp` a C++ symbol without its parameters.
/// Other names are as they were.
///
/// `_RNvNtCs9jEwPDbx20M_4core9panicking9panic_fmt` is `core::panicking::panic_fmt`.
pub(crate) fn demangle(name: &str) -> Cow<'_, str> {
    if !name.starts_with('_') {
        return Cow::Borrowed(name);
    }
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => Cow::Owned(format!("{demangled:#}")),
        Err(_) => cpp(name).map_or(Cow::Borrowed(name), Cow::Owned),
    }
}

#[cfg(not(feature = "cpp"))]
fn cpp(_: &str) -> Option<String> {
    None
}

#[cfg(feature = "cpp")]
fn cpp(name: &str) -> Option<String> {
    // Names come from the log: a short one can stand for megabytes.
    const NAME_BYTES: usize = 512;
    const RECURSION: u32 = 64;
    if !name.starts_with("_Z") || name.len() > NAME_BYTES {
        return None;
    }
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    let options = cpp_demangle::DemangleOptions::new();
    let options = options.no_params().no_return_type().recursion_limit(RECURSION);
    let mut short = Short(String::new());
    symbol.structured_demangle(&mut short, &options).ok()?;
    Some(short.0)
}

/// A text that takes no more than a name needs.
#[cfg(feature = "cpp")]
struct Short(String);

#[cfg(feature = "cpp")]
impl cpp_demangle::DemangleWrite for Short {
    fn write_string(&mut self, text: &str) -> std::fmt::Result {
        const DEMANGLED_BYTES: usize = 256;
        if self.0.len() + text.len() > DEMANGLED_BYTES {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn names_are_as_in_the_source() {
        let rows = [
            ("kthread", "kthread"),
            ("__x64_sys_write", "__x64_sys_write"),
            ("_RNvNtCs9jEwPDbx20M_4core9panicking9panic_fmt", "core::panicking::panic_fmt"),
            ("_ZN4core9panicking9panic_fmt17h0123456789abcdefE", "core::panicking::panic_fmt"),
            ("_Z", "_Z"),
        ];
        for (name, source) in rows {
            assert_eq!(demangle(name), source);
        }
    }

    #[cfg(feature = "cpp")]
    #[test]
    fn cpp_names_have_no_parameters() {
        assert_eq!(demangle("_Z8fakeNameiii"), "fakeName");
        assert_eq!(demangle("_ZN3foo3barEi"), "foo::bar");
        let long = format!("_Z{}", "St".repeat(4000));
        assert_eq!(demangle(&long), long);
    }
}
