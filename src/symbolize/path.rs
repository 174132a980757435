//! Names of source files, as they stand in the kernel's tree.

/// Directory, file and working directory of a compilation as one path, without `.` and `..`.
///
/// `/src/linux`, `./include/linux`, `fs.h` is `/src/linux/include/linux/fs.h`.
pub(super) fn join(parts: [&[u8]; 3]) -> Vec<u8> {
    // Whatever is before an absolute part does not count.
    let first = parts.iter().rposition(|part| part.starts_with(b"/")).unwrap_or(0);
    let mut path = Vec::new();
    let absolute = parts.get(first).is_some_and(|part| part.starts_with(b"/"));
    for name in parts.iter().skip(first).flat_map(|part| part.split(|&byte| byte == b'/')) {
        match name {
            b"" | b"." => {}
            b".." if absolute && path.is_empty() => {}
            b".." if !path.is_empty() && path != b".." && !path.ends_with(b"/..") => {
                let parent = memchr::memrchr(b'/', &path).unwrap_or(0);
                path.truncate(parent);
            }
            _ => {
                if !path.is_empty() || absolute {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
            }
        }
    }
    path
}

/// The path below a directory; the whole path if it is not there.
pub(super) fn below<'p>(path: &'p [u8], directory: &[u8]) -> &'p [u8] {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    if directory.is_empty() {
        return path;
    }
    let rest = path.strip_prefix(directory).and_then(|rest| rest.strip_prefix(b"/"));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(path)
}

/// Directories of the kernel's tree that hold code.
const TOP: [&[u8]; 17] = [
    b"arch",
    b"block",
    b"certs",
    b"crypto",
    b"drivers",
    b"fs",
    b"include",
    b"init",
    b"io_uring",
    b"ipc",
    b"kernel",
    b"lib",
    b"mm",
    b"net",
    b"rust",
    b"security",
    b"sound",
];

/// The path in a kernel's tree, or the whole path of a file that is not of the kernel.
///
/// Debian builds in `debian/build/…` of the tree, and names what is in C by that directory and what is in
/// assembly by the tree's.
pub(super) fn in_tree<'p>(path: &'p [u8], tree: &[u8]) -> &'p [u8] {
    let short = below(path, tree);
    if short.len() < path.len() || !path.starts_with(b"/") {
        return short;
    }
    // The part that both begin with, to the last `/`.
    let same = path.iter().zip(tree).take_while(|(a, b)| a == b).count();
    let outer = path.get(..same).and_then(|same| memchr::memrchr(b'/', same)).map_or(0, |slash| slash + 1);
    let inner = path.get(outer..).unwrap_or_default();
    let top = inner.split(|&byte| byte == b'/').next().unwrap_or_default();
    // The root of all files is no kernel's tree.
    if outer > 1 && TOP.contains(&top) { inner } else { path }
}

/// The tree that a file belongs to, if the path ends with the file's place in it.
pub(super) fn tree<'p>(path: &'p [u8], place: &[u8]) -> Option<&'p [u8]> {
    path.strip_suffix(place)?.strip_suffix(b"/")
}

#[cfg(test)]
mod tests {
    use super::{below, in_tree, join, tree};

    #[test]
    fn paths_are_joined_and_cut() {
        for (parts, path) in [
            (["/src/linux", "./include/linux", "fs.h"], "/src/linux/include/linux/fs.h"),
            (["/src/linux", "fs", "/gen/x.h"], "/gen/x.h"),
            (["/build/out", "../linux/kernel", "fork.c"], "/build/linux/kernel/fork.c"),
            (["", "kernel", "../mm/./slub.c"], "mm/slub.c"),
            (["", "..", "../a.c"], "../../a.c"),
            (["/", "../..", "a.c"], "/a.c"),
        ] {
            let joined = join(parts.map(str::as_bytes));
            assert_eq!(String::from_utf8_lossy(&joined), path);
        }
        assert_eq!(below(b"/src/linux/kernel/fork.c", b"/src/linux"), b"kernel/fork.c");
        assert_eq!(below(b"/src/linux/kernel/fork.c", b"/src/linux/"), b"kernel/fork.c");
        assert_eq!(below(b"/src/linux-6/kernel/fork.c", b"/src/linux"), b"/src/linux-6/kernel/fork.c");
        assert_eq!(below(b"kernel/fork.c", b""), b"kernel/fork.c");
        let build: &[u8] = b"/build/linux-6.1/debian/build/amd64";
        assert_eq!(in_tree(b"/build/linux-6.1/debian/build/amd64/fs/file.c", build), b"fs/file.c");
        assert_eq!(
            in_tree(b"/build/linux-6.1/arch/x86/entry/entry_64.S", build),
            b"arch/x86/entry/entry_64.S"
        );
        assert_eq!(in_tree(b"/build/linux-6.1/module/main.c", build), b"/build/linux-6.1/module/main.c");
        assert_eq!(in_tree(b"/net/crash/main.c", b"/src/linux"), b"/net/crash/main.c");
        assert_eq!(tree(b"/src/linux/init/main.c", b"init/main.c"), Some(b"/src/linux".as_slice()));
        assert_eq!(tree(b"/src/linux/xinit/main.c", b"init/main.c"), None);
    }
}
