//! The registry's own typed ids.
linli_core::id! {
    /// A household.
    HouseholdId,
    /// Somebody registered at a dwelling in a tenure.
    ResidentId,
}
