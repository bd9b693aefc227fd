//! One file per command. A command reads files, calls one crate or use case, and prints.
pub(crate) mod budget;
pub(crate) mod calendar;
pub(crate) mod copy;
pub(crate) mod geo;
pub(crate) mod groups;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod owners;
pub(crate) mod routing;

use std::path::Path;

/// Shown under `linli --help`; scripts may rely on these numbers.
pub(crate) const EXIT_CODES: &str = "\
退出码 · Exit codes:
  0  完成 · done
  1  未能完成 · could not be done (the message says why)
  2  命令用法有误 · wrong usage
  3  输入文件有误 · bad input file (file, line, field and cause are named)
  4  数据库或数据目录不可用 · database or data directory not available";

/// Why a command ended without its result.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What to tell.
    pub message: String,
}

impl Failure {
    /// The input is wrong: file, line, field and cause belong in the message.
    pub(crate) fn input(message: impl std::fmt::Display) -> Failure {
        Failure { code: 3, message: message.to_string() }
    }
    /// The database or the data directory is not available.
    pub(crate) fn database(message: impl std::fmt::Display) -> Failure {
        Failure { code: 4, message: message.to_string() }
    }
    /// The input is well-formed but the command could not be done.
    pub(crate) fn failed(message: impl std::fmt::Display) -> Failure {
        Failure { code: 1, message: message.to_string() }
    }
}

pub(crate) type Done = Result<(), Failure>;

/// Reads a whole file; a missing or unreadable one is an input error that names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::input(format!("{}: {e}", path.display())))
}

/// Prints to standard output; a closed pipe (`| head`) is not an error.
pub(crate) fn print(text: &str) -> Done {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().write_all(b"\n")) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(e)),
        _ => Ok(()),
    }
}

impl From<linli_core::Error> for Failure {
    fn from(e: linli_core::Error) -> Failure {
        match &e {
            linli_core::Error::Unavailable(cause) => Failure::database(cause),
            linli_core::Error::Invalid(_) => Failure::input(e),
            _ => Failure::failed(e),
        }
    }
}
impl From<linli_db::Error> for Failure {
    fn from(e: linli_db::Error) -> Failure {
        Failure::from(linli_core::Error::from(e))
    }
}
