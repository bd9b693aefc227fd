//! Every statement of the program runs on both engines.
use crate::*;

#[test]
fn postgresql_accepts_every_statement() {
    let Some(w) = World::pg() else { return };
    let objections = w.house.db.check_statements().unwrap();
    assert!(objections.is_empty(), "{objections:#?}");
}

/// The last step of the test run: what the processes of the run have noted in `LINLI_SQL_HITS`.
#[test]
#[ignore = "the last step of make test"]
fn every_statement_has_run_on_both_engines() {
    let dir = std::env::var_os("LINLI_SQL_HITS").expect("LINLI_SQL_HITS names the directory of notes");
    let missing = linli_db::hits::missing(Path::new(&dir)).unwrap();
    assert!(missing.is_empty(), "{} statements never ran:\n{}", missing.len(), missing.join("\n"));
}
