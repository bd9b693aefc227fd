//! Selections computed by two independent programs on real elections (Pabulib; kept outside the repository).
use equal_shares::{Completion, Election, Options, Pb, Rule, Stop, Utility, count, natural, published_rule};
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/participation");
    if !root.exists() {
        println!("skipped: no evaluation data beside the repository");
        return None;
    }
    Some(root)
}

fn load(root: &Path, name: &str) -> (Pb, Election) {
    let plain = root.join("pabulib").join(name);
    let bytes = std::fs::read(&plain).unwrap_or_else(|_| {
        let packed = std::fs::read(plain.with_extension("pb.gz")).expect("the file or its .gz");
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("gzip");
        bytes
    });
    let pb = Pb::parse(&bytes).expect(name);
    let (election, _) = Election::from_pb(&pb).expect(name);
    (pb, election)
}

fn selected(election: &Election, options: &Options) -> Vec<String> {
    let outcome = count(election, options).expect("counted");
    assert!(outcome.cost <= election.budget);
    let mut ids: Vec<String> = outcome.selected.iter().map(|p| election.projects()[*p].id.clone()).collect();
    ids.sort_by(|a, b| natural(a, b));
    ids
}

fn options(key: &str) -> Option<Options> {
    let with = |rule, utility, completion, stop| Some(Options { utility, completion, stop, ..Options::new(rule) });
    let (votes, cost) = (Utility::Votes, Utility::Cost);
    let (none, greedy) = (Completion::None, Completion::Greedy);
    match key {
        "greedy_card" => with(Rule::Greedy, cost, none, Stop::Exhaustive),
        "greedy_cost" => with(Rule::GreedyPerCost, cost, none, Stop::Exhaustive),
        "phragmen" => with(Rule::Phragmen, cost, none, Stop::Exhaustive),
        "mes_card" => with(Rule::Mes, votes, none, Stop::Exhaustive),
        "mes_cost" | "none_floats" | "none_fractions" => with(Rule::Mes, cost, none, Stop::Exhaustive),
        "mes_card_add1" => with(Rule::MesAdd1, votes, none, Stop::Exhaustive),
        "mes_cost_add1" | "add1_exh_int_floats" => with(Rule::MesAdd1, cost, none, Stop::Exhaustive),
        "mes_cost_add1_noexh" | "add1_floats" => with(Rule::MesAdd1, cost, none, Stop::Overspend),
        "mes_cost_add1_greedy" => with(Rule::MesAdd1, cost, greedy, Stop::Exhaustive),
        "add1u_exh_int_floats" => with(Rule::MesAdd1u, cost, none, Stop::Exhaustive),
        "add1u_floats" => with(Rule::MesAdd1u, cost, none, Stop::Overspend),
        // A further rule: it replaces the outcome by the greedy one if more voters prefer that.
        "add1u_exh_int_satisfaction" => None,
        other => panic!("unknown expected rule {other}"),
    }
}

#[test]
fn every_selection_equals_the_independent_programs() {
    let Some(root) = data() else { return };
    let expected: Vec<Value> =
        serde_json::from_slice(&std::fs::read(root.join("expected/pb_rules.json")).expect("read")).expect("json");
    let (mut compared, mut wrong) = (0, Vec::new());
    for file in &expected {
        let name = file["file"].as_str().expect("name");
        let (_, election) = load(&root, name);
        for program in ["pabutools", "compute_tool"] {
            for (key, result) in file[program].as_object().expect("results") {
                let (Some(options), Some(theirs)) = (options(key), result["selected"].as_array()) else { continue };
                let theirs: Vec<&str> = theirs.iter().filter_map(Value::as_str).collect();
                let ours = selected(&election, &options);
                compared += 1;
                if ours != theirs {
                    wrong.push(format!("{name} {program} {key}\n  ours   {ours:?}\n  theirs {theirs:?}"));
                }
            }
        }
    }
    println!("{compared} selections compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 60);
}

#[test]
fn published_results_are_recounted_from_the_file_alone() {
    let Some(root) = data() else { return };
    for name in [
        "Netherlands_Assen_2024.pb",
        "Poland_Swiecie_2023.pb",
        "Poland_Gdynia_2025_Dzialki_Lesne__large.pb",
        "Poland_Katowice_2025_Murcki.pb",
        "Poland_Lodz_2022.pb",
    ] {
        let (pb, election) = load(&root, name);
        let ours = selected(&election, &published_rule(&pb).expect(name));
        let mut published: Vec<&str> =
            election.projects().iter().filter(|p| p.published == Some(true)).map(|p| p.id.as_str()).collect();
        published.sort_by(|a, b| natural(a, b));
        assert_eq!(ours, published, "{name}");
    }
}
