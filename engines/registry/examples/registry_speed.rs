//! How long the registry takes: `cargo run --release -p linli-registry --example registry_speed`.
use linli_core::{Actor, Cx, House, HouseOptions, Ids, Keys, Lang, Result, Role, TimeSource, Via};
use linli_db::{Db, Options};
use linli_registry::{self as registry, Function, NewPlace, NewUnit};
use std::sync::Arc;
use std::time::Instant;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("linli_registry_bench_{}", std::process::id()));
    let house = House::new(HouseOptions {
        db: Db::open(&Options::new(&dir))?,
        keys: Keys::from_secret(&[7; 32]),
        modules: vec![&registry::MODULE],
        rules: vec![],
        time: TimeSource::Real,
        ids: Ids::Os,
        parts: vec![],
    });
    let done = run(&house);
    drop(house);
    std::fs::remove_dir_all(&dir)?;
    Ok(done?)
}

fn run(house: &Arc<House>) -> Result<()> {
    let system = Arc::new(Actor::system());
    let registers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/registers/baoshan");
    let (units, mapping) = (
        std::fs::read_to_string(format!("{registers}/units.csv"))?,
        std::fs::read_to_string(format!("{registers}/mapping.toml"))?,
    );
    let start = Instant::now();
    let report = house.write(&system, move |cx| {
        registry::import_register(cx, "units.csv", &units, "mapping.toml", &mapping, false)
    })?;
    println!("import of {} units: {:?}", report.created, start.elapsed());

    let all = house.read(&system, registry::units)?;
    let committees: Vec<_> = all.live().filter(|u| u.function == Function::Serve).map(|u| u.id).collect();
    let group = |parent, n: usize| NewUnit {
        parent: Some(parent),
        level: "building_group".into(),
        kind: "building_group".into(),
        code: format!("g{n}"),
        name: format!("{n}号楼组"),
        status: "formal".into(),
        ..NewUnit::default()
    };
    let groups: Vec<NewUnit> = (0..10_000).map(|n| group(committees[n % committees.len()], n)).collect();
    let start = Instant::now();
    house.write(&system, move |cx| registry::create_units(cx, groups.clone()))?;
    println!("10,000 building groups: {:?}", start.elapsed());
    let mut loads = Vec::new();
    for (n, id) in committees.iter().copied().take(5).enumerate() {
        let phone = format!("5600{n:04}");
        house.write(&system, move |cx| registry::set_unit_phone(cx, id, Some(&phone)))?;
        let start = Instant::now();
        house.read(&system, registry::units)?;
        loads.push(start.elapsed());
    }
    println!("10,581 units loaded anew: {:?}", loads.iter().min());

    let (first, start) = (committees[0], Instant::now());
    for committee in committees.iter().take(60).copied() {
        house.write(&system, move |cx| lanes(cx, committee))?;
    }
    println!("60 committees of 1,010 places: {:?}", start.elapsed());

    let worker = house.write(&system, move |cx| {
        let name = linli_core::Personal::new("社工".to_owned());
        let new = registry::NewPerson { name, phone: None, id_number: None, lang: Lang::Zh };
        let id = registry::create_person(cx, first, &new)?;
        registry::appoint(cx, id, first, Role::Worker, false, None)?;
        registry::open_session(cx, id, Via::Page, "bench")
    })?;
    let anyone = Actor::anyone(None, Lang::Zh, Via::Page);
    each("actor of a request", || {
        house.read(&anyone, |cx| registry::actor_by_token(cx, &worker, Via::Page)).map(drop)
    })?;
    each("address within a committee", || {
        house.read(&anyone, |cx| registry::search_places(cx, Some(first), "7-502", 20)).map(drop)
    })?;
    each("address in the district", || {
        house.read(&anyone, |cx| registry::search_places(cx, None, "1200弄7号502室", 20)).map(drop)
    })?;
    let units = house.read(&system, registry::units)?;
    each("unit by initials", || {
        std::hint::black_box(units.search("bgyc", None, 20));
        Ok(())
    })
}

fn lanes(cx: &mut Cx<'_, '_>, committee: linli_core::UnitId) -> Result<()> {
    let door = |n: u32| NewPlace {
        kind: "door".into(),
        name: format!("友谊苑 {n}号"),
        address: Some(format!("友谊路1200弄{n}号")),
        ..NewPlace::default()
    };
    let doors = registry::create_places(cx, committee, &(1..=10).map(door).collect::<Vec<_>>())?;
    let room = |parent, n: usize, room: u32| NewPlace {
        kind: "dwelling".into(),
        parent: Some(parent),
        name: format!("友谊苑 {n}号{room}室"),
        address: Some(format!("友谊路1200弄{n}号{room}室")),
        ..NewPlace::default()
    };
    let rooms =
        doors.iter().zip(1..).flat_map(|(d, n)| (0..100).map(move |r| room(*d, n, (r / 4 + 1) * 100 + r % 4 + 1)));
    registry::create_places(cx, committee, &rooms.collect::<Vec<_>>()).map(drop)
}

fn each(what: &str, mut f: impl FnMut() -> Result<()>) -> Result<()> {
    let (start, n) = (Instant::now(), 500u32);
    for _ in 0..n {
        f()?;
    }
    println!("{what}: {:?} each", start.elapsed() / n);
    Ok(())
}
