//! Opinion groups, representative statements and group-informed consensus from sparse votes.
