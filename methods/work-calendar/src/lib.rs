//! Working time on a calendar with holidays and swapped working days, and stage clocks that never lose or invent time.
