//! What processes cost, read from Linux's /proc.
use crate::Done;
use std::fs;

/// Clock ticks a second: fixed at 100 on every architecture Linux gives to programs.
const TICK_MS: f64 = 10.0;

/// Processor time of a process with its threads, and of the children it has waited for if asked, in milliseconds.
fn own(pid: u32, waited: bool) -> Done<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name is in parentheses and may hold blanks; utime is the 12th field after it.
    let rest = stat.rsplit_once(')').map(|r| r.1).ok_or("unreadable stat")?;
    let fields: Vec<u64> = rest.split_whitespace().skip(11).take(4).map(|f| f.parse().unwrap_or(0)).collect();
    let n = if waited { 4 } else { 2 };
    Ok(fields.iter().take(n).sum::<u64>() as f64 * TICK_MS)
}

/// Processor time of one process, in milliseconds.
pub(crate) fn cpu_ms(pid: u32) -> Done<f64> {
    own(pid, false)
}

/// Processor time of a PostgreSQL server: its first process, the living backends, and those that have ended.
pub(crate) fn family_cpu_ms(pid: u32) -> Done<f64> {
    let mut sum = own(pid, true)?;
    for child in children(pid)? {
        sum += own(child, true).unwrap_or(0.0);
    }
    Ok(sum)
}

fn children(parent: u32) -> Done<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let above = stat.rsplit_once(')').and_then(|r| r.1.split_whitespace().nth(1)?.parse::<u32>().ok());
        if above == Some(parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// A figure of /proc/PID/status in megabytes: `VmRSS` is all that is resident, `RssAnon` without the program itself.
pub(crate) fn memory_mb(pid: u32, name: &str) -> Done<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')).ok_or("no such figure")?;
    let kb: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kb / 1024.0)
}
