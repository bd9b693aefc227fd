//! The program as a library: this file is its command line; each command is one file under `commands/`.
mod commands;
pub mod demo;
pub mod house;
pub mod modules;
pub mod profile;
pub mod serve;
pub mod verify;

pub use commands::Failure;

use clap::{Parser, Subcommand};
use commands::*;
use std::process::ExitCode;

/// Linli 邻里: 社区治理平台 · community-governance platform
#[derive(Parser)]
#[command(name = "linli", version, after_help = commands::EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 启动服务 · Serve pages, API and the one worker
    Serve(serve::Args),
    /// 核对 · Check that every row is what the acts say
    #[command(hide = true)]
    Verify(verify::Args),
    /// 生成演示区 · Live a demo district through the real use cases
    Demo(demo::Args),
    /// 计票 · Count a vote from an exported file
    #[command(subcommand)]
    Count(Count),
    /// 意见群 · Find the opinion groups of a conversation
    Groups(groups::Args),
    /// 按文分派 · Train, measure and use the routing of messages by their words
    #[command(subcommand)]
    Routing(routing::Args),
    /// 工作日历 · Ask the working calendar
    #[command(subcommand)]
    Calendar(calendar::Args),
    /// 坐标与地址 · Convert coordinates and read addresses
    #[command(subcommand)]
    Geo(geo::Args),
}

#[derive(Subcommand)]
enum Count {
    /// 业主表决（民法典第二百七十八条）· An owners' vote under Civil Code art. 278
    Owners(owners::Args),
    /// 民心项目勾选 · A participatory budget (.pb file)
    Budget(budget::Args),
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(a) => serve::run(a),
        Command::Verify(a) => verify::run(a),
        Command::Demo(a) => demo::run(a),
        Command::Count(Count::Owners(a)) => owners::run(a),
        Command::Count(Count::Budget(a)) => budget::run(a),
        Command::Groups(a) => groups::run(a),
        Command::Routing(a) => routing::run(a),
        Command::Calendar(a) => calendar::run(a),
        Command::Geo(a) => geo::run(a),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("linli: {}", e.message);
            ExitCode::from(e.code)
        }
    }
}
