//! The tables of RESULTS.md.
use crate::Done;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What we aim at, at 1,000,000 cases: CPU milliseconds of server and database together, on SQLite and PostgreSQL.
const AIMS: &[(&str, f64, f64)] = &[
    ("report", 0.6, 2.0),
    ("move", 0.6, 2.0),
    ("inbox", 0.6, 1.2),
    ("case page", 0.4, 0.9),
    ("public list", 0.6, 1.2),
    ("list", 0.6, 1.2),
    ("search", 0.6, 1.2),
];

fn aim(name: &str, engine: &str) -> Option<f64> {
    AIMS.iter().find(|a| name.starts_with(a.0)).map(|a| if engine == "SQLite" { a.1 } else { a.2 })
}

/// Prints a section for each engine and number of cases, in the order measured; a later line replaces an earlier one.
pub(crate) fn run(lines: &Path) -> Done {
    let text = std::fs::read_to_string(lines)?;
    let mut sections: Vec<(String, Vec<Value>)> = Vec::new();
    for line in text.lines() {
        let v: Value = serde_json::from_str(line)?;
        let head = format!(
            "{}, {} cases",
            v["engine"].as_str().unwrap_or_default(),
            thousands(v["cases"].as_u64().unwrap_or(0))
        );
        let at = sections.iter().position(|s| s.0 == head).unwrap_or_else(|| {
            sections.push((head, Vec::new()));
            sections.len() - 1
        });
        let Some((_, rows)) = sections.get_mut(at) else { continue };
        let same = |r: &Value| r["name"] == v["name"] && r["connections"] == v["connections"];
        match rows.iter_mut().find(|r| same(r)) {
            Some(row) => *row = v,
            None => rows.push(v),
        }
    }
    for (head, rows) in &sections {
        section(head, rows);
    }
    Ok(())
}

fn section(head: &str, rows: &[Value]) {
    println!("## {head}\n");
    let (mut names, mut by): (Vec<&str>, BTreeMap<(&str, u64), &Value>) = (Vec::new(), BTreeMap::new());
    for row in rows {
        let name = row["name"].as_str().unwrap_or_default();
        if let Some(connections) = row["connections"].as_u64() {
            if !names.contains(&name) {
                names.push(name);
            }
            by.insert((name, connections), row);
        }
    }
    let number = |row: &Value, key: &str| row[key].as_f64().unwrap_or(0.0);
    for row in rows {
        match row["name"].as_str() {
            Some("start") => println!(
                "From starting the program to the first page read: {} ms; {:.0} MB then.",
                row["start_ms"],
                number(row, "rss_mb")
            ),
            Some("memory") => println!(
                "Memory of the server after everything: {:.0} MB, of which {:.0} MB are its own and the rest is the program itself; at most {:.0} MB.",
                number(row, "rss_mb"),
                number(row, "anon_mb"),
                number(row, "peak_mb")
            ),
            _ => {}
        }
    }
    let durable = rows.iter().filter(|r| r["name"] == "report").map(|r| number(r, "per_second")).fold(0.0, f64::max);
    if durable > 0.0 {
        println!("Durable reports a second: {durable:.0}.");
    }
    println!(
        "\n| request | connections | CPU ms | server + database | aim | p50 ms | p99 ms | a second | queries |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    let engine = if head.starts_with("SQLite") { "SQLite" } else { "PostgreSQL" };
    for name in names {
        for ((_, connections), row) in by.range((name, 0)..=(name, u64::MAX)) {
            let sum = number(row, "server_ms") + number(row, "db_ms");
            let aimed = aim(name, engine);
            let mark = match aimed {
                Some(aim) if sum > aim => " ✗",
                Some(_) => " ✓",
                None => "",
            };
            println!(
                "| {name} | {connections} | {sum:.2}{mark} | {:.2} + {:.2} | {} | {:.2} | {:.2} | {:.0} | {} |",
                number(row, "server_ms"),
                number(row, "db_ms"),
                aimed.map_or("–".to_owned(), |a| format!("{a:.1}")),
                number(row, "p50_ms"),
                number(row, "p99_ms"),
                number(row, "per_second"),
                if number(row, "queries") > 0.0 { format!("{:.1}", number(row, "queries")) } else { "–".to_owned() },
            );
            if number(row, "bad") > 0.0 {
                println!("| ↑ of these refused: {} | | | | | | | | |", row["bad"]);
            }
        }
    }
    println!();
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}
