//! `linli`: the program. What it does is in the library of the same name, so that the suite opens a house as it does.
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    linli::main()
}
