//! Guards the source lines of frames, against `../shared/lab/truth`: every frame of the logs of our own kernels,
//! resolved with nm and GNU addr2line by section, name and size.
//!
//! Where the folder is absent the test says so and passes. Of Debian's kernel the `vmlinux` is not in the folder:
//! `CRASHPARSE_DEBIAN_VMLINUX` names it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::facts::frame::{Frame, Trust};
use crate::symbolize::filter::references;
use crate::symbolize::{DebugFile, ErrorKind, ModuleFiles, Symbolizer};

fn lab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/lab")
}

/// A packed file of the lab, unpacked once.
fn unpacked(name: &str) -> Vec<u8> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab").join(name);
    if let Ok(bytes) = fs::read(&kept) {
        return bytes;
    }
    let packed = fs::File::open(lab().join(format!("{name}.xz"))).unwrap();
    let mut bytes = Vec::new();
    liblzma::read::XzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    // Two tests may do this at once; neither sees the half of a file.
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    let part = kept.with_extension(std::process::id().to_string());
    fs::write(&part, &bytes).unwrap();
    fs::rename(&part, &kept).unwrap();
    bytes
}

/// Functions and places of a chain as the table has them, without what differs by convention: suffixes of
/// symbols, and the directory of the build.
fn normal(chain: &str) -> Vec<(String, String)> {
    let call = |call: &str| {
        let (function, place) = call.split_once('@').unwrap_or((call, "?"));
        let builds = [
            "debian/build/build_amd64_none_amd64/",
            "/build/reproducible-path/linux-6.1.192/",
            "/src/lab/b2/./",
        ];
        let place = builds.iter().find_map(|build| place.strip_prefix(build)).unwrap_or(place);
        // Of a symbol without a line, addr2line gives the file in the table of symbols.
        let place = if place == "??:0" || place.ends_with(":?") { "??:?" } else { place };
        (base(function).to_string(), place.to_string())
    };
    chain.split(" < ").map(call).collect()
}

fn base(function: &str) -> &str {
    function.find('.').filter(|&dot| dot > 0).map_or(function, |dot| &function[..dot])
}

struct Differs {
    row: String,
    wanted: Vec<(String, String)>,
    found: Vec<(String, String)>,
}

/// Rows that agree, and the others.
fn compare(table: &str, logs: &str, modules: &str, vmlinux: &[u8]) -> (usize, Vec<Differs>) {
    let vmlinux = DebugFile::parse("vmlinux", vmlinux).unwrap();
    let files = ModuleFiles::search(&lab().join(modules)).unwrap();
    let names = ["crashme", "crash_helper", "crashrace", "test_ubsan", "test_lockup"];
    let bytes: Vec<(&str, Vec<u8>)> =
        names.iter().filter_map(|name| Some((*name, fs::read(files.find(name)?).unwrap()))).collect();
    let modules: Vec<(&str, DebugFile<'_>)> =
        bytes.iter().map(|(name, bytes)| (*name, DebugFile::parse(*name, bytes).unwrap())).collect();
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&vmlinux);
    for (name, file) in &modules {
        assert_eq!(file.module_name(), Some(*name));
        symbolizer.add_module(name, file);
    }
    let table = fs::read_to_string(lab().join("truth").join(table)).unwrap();
    let mut of_log: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for row in table.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>()) {
        of_log.entry(row[0]).or_default().push(row);
    }
    let (mut right, mut wrong) = (0, Vec::new());
    for (log, rows) in of_log {
        let text = fs::read(lab().join(logs).join(format!("{log}.log"))).unwrap();
        let found = references(&text);
        let frames: Vec<Frame<'_>> = found.iter().map(|reference| reference.frame).collect();
        let results = symbolizer.resolve_all(&frames);
        let mut by_place: HashMap<(usize, &str), Vec<_>> = HashMap::new();
        for (reference, result) in found.iter().zip(results) {
            let symbol = reference.frame.symbol.unwrap();
            by_place.entry((reference.line + 1, symbol)).or_default().push((reference.frame, result));
        }
        for row in rows {
            let symbol = row[2].trim_start_matches("? ").split('+').next().unwrap();
            let exact = row[9] == "rip";
            let wanted = normal(if exact { row[7] } else { row[8] });
            let found =
                by_place.get_mut(&(row[1].parse().unwrap(), symbol)).filter(|found| !found.is_empty());
            let Some((frame, result)) = found.map(|found| found.remove(0)) else {
                wrong.push(Differs {
                    row: row.join(" "),
                    wanted,
                    found: vec![("not seen".into(), String::new())],
                });
                continue;
            };
            let found = match &result {
                Ok(resolved) => {
                    let call = |call: &crate::symbolize::SourceFrame| {
                        let file = call.file.as_deref().unwrap_or("??");
                        let line = call.line.map_or("?".to_string(), |line| line.to_string());
                        (base(&call.function).to_string(), format!("{file}:{line}"))
                    };
                    resolved.frames.iter().map(call).collect()
                }
                Err(error) if error.kind() == ErrorKind::Ambiguous => {
                    vec![("ambiguous".into(), error.to_string())]
                }
                Err(error) => vec![("error".into(), error.to_string())],
            };
            // The start of a function is looked up exactly whatever stands before it.
            let as_exact = frame.trust == Trust::Pc || frame.offset == Some(0);
            // addr2line has no line for data, nor for some of what fills the gap behind a function, which is none
            // of the function's code: there the function's last line is as good a guess as any.
            let lineless = wanted.len() == 1 && wanted[0].1 == "??:?";
            let gap = frame.offset == frame.size || found[0].1 == "??:?";
            let agrees = found == wanted || (lineless && gap && found.len() == 1);
            // Where KFENCE saw a fault, the table takes the instruction for a call; both are of one line.
            let fault = as_exact && log.starts_with("kfence-uaf");
            if agrees && (as_exact == exact || fault) {
                right += 1;
            } else {
                wrong.push(Differs { row: row.join(" "), wanted, found });
            }
        }
    }
    (right, wrong)
}

fn check(table: &str, logs: &str, modules: &str, vmlinux: &[u8]) {
    let (right, wrong) = compare(table, logs, modules, vmlinux);
    for Differs { row, wanted, found } in &wrong {
        println!("{row}\n  wanted {wanted:?}\n  found  {found:?}");
    }
    println!("{table}: {right} right, {} differ", wrong.len());
    assert!(right > 4000 && wrong.is_empty(), "{} rows of {table} differ", wrong.len());
}

#[test]
fn lines_of_kernel_1() {
    if !lab().is_dir() {
        println!("no ../shared/lab here: source lines are not checked");
        return;
    }
    check("lab1.tsv", "logs", "modules", &unpacked("vmlinux"));
}

#[test]
fn another_kernel_is_known_by_its_release() {
    if !lab().is_dir() {
        return;
    }
    let bytes = unpacked("vmlinux2");
    let vmlinux = DebugFile::parse("vmlinux2", &bytes).unwrap();
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&vmlinux);
    assert_eq!(symbolizer.check(Some("x86_64"), None, Some("6.1.192-crashlab2")), Ok(()));
    let error = symbolizer.check(None, None, Some("6.1.192-crashlab")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongRelease);
    assert_eq!(
        error.to_string(),
        "vmlinux2: the file is of Linux 6.1.192-crashlab2, the log of 6.1.192-crashlab"
    );
    // A build ID says more than a name.
    assert_eq!(symbolizer.check(None, vmlinux.build_id().as_deref(), Some("6.1.192-crashlab")), Ok(()));
}

#[test]
fn lines_of_kernel_2() {
    if !lab().is_dir() {
        return;
    }
    check("lab2.tsv", "logs2", "modules2", &unpacked("vmlinux2"));
}

#[test]
fn lines_of_debian() {
    let Some(path) = std::env::var_os("CRASHPARSE_DEBIAN_VMLINUX") else { return };
    check("debian.tsv", "debian/logs", "debian/modules", &fs::read(path).unwrap());
}

/// Functions and places that a tool gives for each address; places without their upper directories.
type Chains = Vec<Vec<(String, String)>>;

/// File name with its directory, and line.
fn short(place: &str) -> String {
    let place = place.split(" (discriminator").next().unwrap();
    let mut parts = place.rsplit('/').filter(|&part| part != ".");
    let name = parts.next().unwrap();
    let mut directory = parts.next().unwrap_or("");
    if directory == ".." {
        directory = parts.nth(1).unwrap_or("");
    }
    // Beyond the line llvm-symbolizer has a column.
    let mut fields = name.splitn(3, ':');
    let (name, line) = (fields.next().unwrap(), fields.next().unwrap_or("0"));
    if name == "??" || line == "0" || line == "?" {
        "??".into()
    } else {
        format!("{directory}/{name}:{line}")
    }
}

fn oracle(command: &str, arguments: &[&str], vmlinux: &Path, addresses: &[u64]) -> Chains {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new(command)
        .args(arguments)
        .arg(vmlinux)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command}: {error}"));
    let input: String = addresses.iter().map(|address| format!("{address:#x}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut chains = Chains::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("0x") {
            chains.push(Vec::new());
        } else if !line.is_empty() {
            let place = lines.next().unwrap();
            chains.last_mut().unwrap().push((base(line).to_string(), short(place)));
        }
    }
    assert_eq!(chains.len(), addresses.len(), "{command}");
    chains
}

/// Random addresses of code: wherever llvm-symbolizer and GNU addr2line agree, so does the crate.
///
/// `CRASHPARSE_ORACLE_VMLINUX` names a vmlinux; without it, or where the two are not installed, nothing is checked.
#[test]
fn random_addresses() {
    const ADDRESSES: usize = 10_000;
    let Some(path) = std::env::var_os("CRASHPARSE_ORACLE_VMLINUX").map(PathBuf::from) else { return };
    let bytes = fs::read(&path).unwrap();
    let vmlinux = DebugFile::parse("vmlinux", &bytes).unwrap();
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&vmlinux);
    let (start, end) = vmlinux.text().unwrap();
    let mut random = super::support::Random::new(1);
    let mut addresses: Vec<u64> =
        (0..ADDRESSES).map(|_| start + random.below((end - start) as usize) as u64).collect();
    addresses.sort_unstable();
    let found: Chains = symbolizer
        .resolve_addresses(&addresses, true)
        .into_iter()
        .map(|resolved| {
            let call = |call: &crate::symbolize::SourceFrame| {
                let place = match (&call.file, call.line) {
                    (Some(file), Some(line)) => short(&format!("{file}:{line}")),
                    _ => "??".into(),
                };
                (base(&call.function).to_string(), place)
            };
            resolved.map(|resolved| resolved.frames.iter().map(call).collect()).unwrap_or_default()
        })
        .collect();
    let llvm = oracle("llvm-symbolizer", &["-a", "-e"], &path, &addresses);
    let gnu = oracle("addr2line", &["-a", "-f", "-i", "-e"], &path, &addresses);
    let (mut agree, mut differ) = (0, Vec::new());
    for (((address, own), llvm), gnu) in addresses.iter().zip(&found).zip(&llvm).zip(&gnu) {
        if llvm != gnu {
            continue;
        }
        agree += 1;
        // Where they have nothing, a symbol is more.
        if own != llvm && llvm.iter().any(|(_, place)| place != "??") {
            differ.push(format!("{address:#x}\n  both {llvm:?}\n  own  {own:?}"));
        }
    }
    for difference in differ.iter().take(20) {
        println!("{difference}");
    }
    let neither = addresses.iter().zip(&found).zip(&llvm).zip(&gnu);
    let neither = neither.filter(|(((_, own), llvm), gnu)| own != llvm && own != gnu).take(8);
    for (((address, own), llvm), gnu) in neither {
        println!("{address:#x}\n  llvm {llvm:?}\n  gnu  {gnu:?}\n  own  {own:?}");
    }
    let of_llvm = found.iter().zip(&llvm).filter(|(own, llvm)| own == llvm).count();
    let of_gnu = found.iter().zip(&gnu).filter(|(own, gnu)| own == gnu).count();
    println!("{ADDRESSES} addresses: the two agree on {agree}, of which {} differ here", differ.len());
    println!("like llvm-symbolizer {of_llvm}, like addr2line {of_gnu}");
    assert!(differ.is_empty());
}
