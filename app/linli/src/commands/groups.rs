use super::{Done, Failure};
#[derive(clap::Args)]
pub(crate) struct Args {}
pub(crate) fn run(_: Args) -> Done { Err(Failure::failed("under construction")) }
