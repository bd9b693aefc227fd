//! Who acts: a person with homes and posts, nobody in particular, or the system itself.
use crate::{Lang, PersonId, PlaceId, PostId, Text, UnitId, t};
use serde::{Deserialize, Serialize};

/// The ancestors of a unit from the root down to itself, one per depth (u1 … u6); deeper units share the sixth.
pub type Path = Vec<UnitId>;

/// What somebody may be to the system. A role says nothing of a level: the post's unit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Not signed in, or whoever.
    Anyone,
    /// Lives here: owner, tenant or occupant (product rule 5).
    Resident,
    /// 楼组长
    GroupLeader,
    /// 社工
    Worker,
    /// The head of a committee.
    Head,
    /// Sends cases on and rules on returns at a town or at the district operations centre.
    Dispatcher,
    /// Handles cases at a department, property enterprise or other unit.
    Handler,
    /// Follows promises, instructs, never handles.
    Supervisor,
    /// Keeps units, posts, categories, rules and clocks of a unit and those under it.
    Admin,
    /// Clocks and jobs.
    System,
}

impl Role {
    /// Every role, as the permission matrix prints them.
    pub const ALL: [Role; 10] = [
        Role::Anyone,
        Role::Resident,
        Role::GroupLeader,
        Role::Worker,
        Role::Head,
        Role::Dispatcher,
        Role::Handler,
        Role::Supervisor,
        Role::Admin,
        Role::System,
    ];
    /// The stored code.
    pub fn code(self) -> &'static str {
        match self {
            Role::Anyone => "anyone",
            Role::Resident => "resident",
            Role::GroupLeader => "group_leader",
            Role::Worker => "worker",
            Role::Head => "head",
            Role::Dispatcher => "dispatcher",
            Role::Handler => "handler",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
            Role::System => "system",
        }
    }
    /// Reads a stored code.
    pub fn parse(code: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.code() == code)
    }
    /// Its name.
    pub fn text(self) -> Text {
        match self {
            Role::Anyone => t::ROLE_ANYONE,
            Role::Resident => t::ROLE_RESIDENT,
            Role::GroupLeader => t::ROLE_GROUP_LEADER,
            Role::Worker => t::ROLE_WORKER,
            Role::Head => t::ROLE_HEAD,
            Role::Dispatcher => t::ROLE_DISPATCHER,
            Role::Handler => t::ROLE_HANDLER,
            Role::Supervisor => t::ROLE_SUPERVISOR,
            Role::Admin => t::ROLE_ADMIN,
            Role::System => t::ROLE_SYSTEM,
        }
    }
}

/// A post: the person acts for this unit in this role.
#[derive(Debug, Clone)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// The unit acted for.
    pub unit: UnitId,
    /// Root … unit.
    pub path: Path,
    /// The role.
    pub role: Role,
}

/// A home: where the person lives or owns.
#[derive(Debug, Clone)]
pub struct Home {
    /// The dwelling.
    pub dwelling: PlaceId,
    /// The stable committee.
    pub committee: UnitId,
    /// Every unit the dwelling lies in: root … committee, estate, micro-grid, cluster, building group.
    pub within: Vec<UnitId>,
    /// owner, tenant or occupant.
    pub tenure: String,
}

/// The door a command came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A page.
    Page,
    /// The JSON API.
    Api,
    /// The command line.
    Cli,
    /// A clock, event or job.
    Job,
    /// The demo district.
    Demo,
}

/// Who acts now. Loaded once per request by the registry.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The person, when somebody is signed in.
    pub person: Option<PersonId>,
    /// How the person is addressed (the person's own name, shown to the person alone).
    pub name: String,
    /// Posts held today.
    pub posts: Vec<Post>,
    /// Homes lived in or owned today.
    pub homes: Vec<Home>,
    /// The door.
    pub via: Via,
    /// The language of answers.
    pub lang: Lang,
    /// The clocks and jobs themselves.
    pub system: bool,
    /// The root of the deployment, whose audience is everybody.
    pub root: Option<UnitId>,
}

impl Actor {
    /// Nobody signed in.
    pub fn anyone(root: Option<UnitId>, lang: Lang, via: Via) -> Actor {
        Actor { person: None, name: String::new(), posts: vec![], homes: vec![], via, lang, system: false, root }
    }
    /// The system itself: clocks, events and jobs.
    pub fn system() -> Actor {
        Actor { system: true, ..Actor::anyone(None, Lang::Zh, Via::Job) }
    }
    /// The audiences this actor belongs to: everybody, and every unit a home lies in.
    pub fn audiences(&self) -> Vec<UnitId> {
        let mut units: Vec<UnitId> =
            self.root.into_iter().chain(self.homes.iter().flat_map(|h| h.within.iter().copied())).collect();
        units.sort();
        units.dedup();
        units
    }
    /// The post at a unit, whatever its role.
    pub fn post_at(&self, unit: UnitId) -> Option<&Post> {
        self.posts.iter().find(|p| p.unit == unit)
    }
    /// Whether some post has this role.
    pub fn is(&self, role: Role) -> bool {
        self.posts.iter().any(|p| p.role == role)
    }
    /// Whether somebody works here rather than only lives here.
    pub fn is_staff(&self) -> bool {
        self.posts.iter().any(|p| p.role != Role::GroupLeader)
    }
}
