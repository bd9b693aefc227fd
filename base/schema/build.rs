//! Embeds every file of `migrations/`, and refuses what breaks a rule of the house.
#[path = "src/lex.rs"]
#[allow(dead_code, unreachable_pub)]
mod lex;
#[path = "src/model.rs"]
#[allow(dead_code, unreachable_pub)]
mod model;

use std::{env, fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=../../migrations");
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            println!("cargo::error={e}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    let mut files = Vec::new();
    for entry in fs::read_dir("../../migrations").map_err(|e| format!("migrations: {e}"))? {
        let path = entry.map_err(|e| e.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".sql") {
            files.push((name, fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?));
        }
    }
    files.sort();
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    model::Schema::read(files.iter().copied())?;
    let out = env::var("OUT_DIR").map_err(|e| e.to_string())?;
    fs::write(Path::new(&out).join("migrations.rs"), format!("&{files:?}")).map_err(|e| e.to_string())
}
