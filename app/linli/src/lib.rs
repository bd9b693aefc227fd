//! The program as a library: this file is its command line; each command is one file under `commands/`.
mod commands;
pub mod demo;
pub mod docs;
pub mod house;
pub mod modules;
mod nav;
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
    /// 初始化 · Begin an empty deployment: register, defaults, calendar, first administrator
    Init(init::Args),
    /// 启动服务 · Serve pages, API and the one worker
    Serve(serve::Args),
    /// 核对 · Check that every row is what the acts say
    Verify(verify::Args),
    /// 生成演示区 · Live a demo district through the real use cases
    Demo(demo::Args),
    /// 测量用的大量数据 · Many cases, for measuring
    #[command(hide = true)]
    BenchSeed(demo::bench_seed::Args),
    /// 导入 · Import a register or a calendar
    #[command(subcommand)]
    Import(import::Args),
    /// 复制（备份、恢复、换数据库）· Copy a deployment: backup, restore, move between the databases
    Copy(copy::Args),
    /// 账号 · Accounts
    #[command(subcommand)]
    User(init::User),
    /// 列出办事流程 · Print every procedure
    Procedures,
    /// 列出权限 · Print who may do what
    Permissions,
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
        Command::Init(a) => init::run(a),
        Command::Import(a) => import::run(a),
        Command::Copy(a) => copy::run(a),
        Command::User(a) => init::user(a),
        Command::Procedures => print(docs::procedures().trim_end()),
        Command::Permissions => print(docs::permissions(&docs::policy()).trim_end()),
        Command::Serve(a) => serve::run(a),
        Command::Verify(a) => verify::run(a),
        Command::Demo(a) => demo::run(a),
        Command::BenchSeed(a) => demo::bench_seed::run(a),
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
