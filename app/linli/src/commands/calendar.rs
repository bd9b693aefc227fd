use super::{Done, Failure};
#[derive(clap::Subcommand)]
pub(crate) enum Args { /** placeholder */ Placeholder }
pub(crate) fn run(_: Args) -> Done { Err(Failure::failed("under construction")) }
