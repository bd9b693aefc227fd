//! What a district begins with, as data: register, departments, defaults and calendar. No name of a city stands in code;
//! these files do, and a deployment may bring its own.
use linli_core::{Cx, Error, Result, time};

/// One district's files.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its short name, as on the command line.
    pub name: &'static str,
    units: &'static str,
    departments: &'static str,
    mapping: &'static str,
    defaults: &'static str,
}

const CALENDAR: &str = include_str!("../../../data/calendar/cn.csv");

macro_rules! profile {
    ($name:literal) => {
        Profile {
            name: $name,
            units: include_str!(concat!("../../../data/registers/", $name, "/units.csv")),
            departments: include_str!(concat!("../../../data/registers/", $name, "/departments.csv")),
            mapping: include_str!(concat!("../../../data/registers/", $name, "/mapping.toml")),
            defaults: include_str!(concat!("../../../data/defaults/", $name, ".json")),
        }
    };
}

/// The districts that ship with the program: a real register and a fictional one.
pub const PROFILES: &[Profile] = &[profile!("baoshan"), profile!("fictional")];

impl Profile {
    /// By name.
    pub fn find(name: &str) -> Option<&'static Profile> {
        PROFILES.iter().find(|p| p.name == name)
    }
    /// Loads everything into an empty deployment, in force from a civil day on.
    pub fn load(&self, cx: &mut Cx<'_, '_>, from_day: i32) -> Result<()> {
        for (file, text) in [("units.csv", self.units), ("departments.csv", self.departments)] {
            let report = linli_registry::import_register(cx, file, text, "mapping.toml", self.mapping, false)?;
            if let Some(e) = report.errors.first() {
                return Err(Error::internal(format!(
                    "{}:{}: {}: {}",
                    e.file,
                    e.line,
                    e.field,
                    e.cause.in_(linli_core::Lang::En)
                )));
            }
        }
        linli_registry::publish_calendar_file(cx, CALENDAR)?;
        let defaults: linli_cases::Defaults =
            serde_json::from_str(self.defaults).map_err(|e| Error::internal(format!("defaults {}: {e}", self.name)))?;
        linli_cases::load_defaults(cx, &defaults, time::day_start(from_day))
    }
}
