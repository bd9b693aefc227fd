//! What Linli costs at scale. `bench/run.sh` is the way to run it; each command here is one of its steps.
mod drive;
mod http;
mod machine;
mod scale;
mod table;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(name = "linli-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Multiplies the cases of a seeded directory: each copy keeps its instants and has ids of its own.
    Multiply {
        /// The data directory; nobody may be serving from it.
        #[arg(long)]
        data: PathBuf,
        /// How many times as many cases there are afterwards.
        #[arg(long)]
        times: i64,
    },
    /// Copies a seeded directory's database into an empty PostgreSQL database whose schema is there.
    ToPg {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        database: String,
    },
    /// Asks the embedded database of a seeded directory: plan, rows and processor time of a statement.
    Ask {
        #[arg(long)]
        data: PathBuf,
        sql: String,
    },
    /// Serves a seeded directory, loads it and appends what was measured, a JSON line each.
    Drive(drive::Args),
    /// Writes the tables of RESULTS.md from the lines of `drive`.
    Table { lines: PathBuf },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Multiply { data, times } => scale::multiply(&data, times),
        Command::ToPg { data, database } => scale::to_pg(&data, &database),
        Command::Ask { data, sql } => scale::ask(&data, &sql),
        Command::Drive(args) => drive::run(&args),
        Command::Table { lines } => table::run(&lines),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("linli-bench: {e}");
            ExitCode::FAILURE
        }
    }
}
