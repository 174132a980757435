//! `--generate`: what packagers install beside the program.

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use crashparse::ser::JSON_SCHEMA;

use crate::Outcome;
use crate::args::EXAMPLES;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// A page for man(1).
    Man,
    /// Completions for bash.
    CompleteBash,
    /// Completions for zsh.
    CompleteZsh,
    /// Completions for fish.
    CompleteFish,
    /// Completions for PowerShell.
    CompletePowershell,
    /// The JSON Schema of what `--format json` and `jsonl` print.
    Schema,
}

/// What clap does not know of.
const SECTIONS: &[(&str, &str)] = &[(
    "EXIT STATUS",
    r".TP
0
A report (that is selected) or a bisection was found; with \fB\-\-generate\fR, everything was printed.
.TP
1
No report was found.
.TP
2
Something could not be read, or the arguments were wrong. The reports of what could be read were printed all the same.
With \fB\-\-exit\-found\fR only if none was found: a report that was found is 0 whatever could not be read.
.PP
\fBcrashparse verdict\fR gives 1 for the bug, 0 for none, 125 where it cannot be told, and 128 or more for an error.
\fBcrashparse symbolize\fR gives 0, or 2 if something could not be read.
A closed pipe is no error.
",
)];

/// Prints what was asked for.
pub(crate) fn print(what: Option<What>, command: Command) -> io::Result<Outcome> {
    let mut text = Vec::new();
    let shell = match what {
        None => return Ok(Outcome::default()),
        Some(What::Man) => {
            man(command, &mut text)?;
            None
        }
        Some(What::Schema) => {
            text.extend_from_slice(JSON_SCHEMA.as_bytes());
            None
        }
        Some(What::CompleteBash) => Some((Shell::Bash, command)),
        Some(What::CompleteZsh) => Some((Shell::Zsh, command)),
        Some(What::CompleteFish) => Some((Shell::Fish, command)),
        Some(What::CompletePowershell) => Some((Shell::PowerShell, command)),
    };
    if let Some((shell, mut command)) = shell {
        let name = command.get_name().to_string();
        clap_complete::generate(shell, &mut command, name, &mut text);
    }
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    out.flush()?;
    Ok(Outcome { found: true, failed: false })
}

fn man(command: Command, out: &mut Vec<u8>) -> io::Result<()> {
    let verbs: Vec<(String, String)> = command.get_subcommands().map(verb).collect();
    let man = Man::new(command);
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    writeln!(out, ".SH COMMANDS")?;
    for (name, about) in verbs {
        write!(out, ".TP\n\\fB{name}\\fR [\\fIOPTIONS\\fR] [\\fIFILE\\fR]...\n{about}\n")?;
    }
    for (name, text) in SECTIONS {
        write!(out, ".SH \"{name}\"\n{text}")?;
    }
    // The examples of --help, as they are.
    writeln!(out, ".SH EXAMPLES\n.nf")?;
    for line in EXAMPLES.lines().skip(1).take_while(|line| !line.is_empty()) {
        writeln!(out, "{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
    }
    writeln!(out, ".fi")?;
    man.render_version_section(out)
}

/// The name of a subcommand, and what it does, for a man page.
fn verb(command: &Command) -> (String, String) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    (command.get_name().to_string(), about.replace('-', "\\-"))
}
