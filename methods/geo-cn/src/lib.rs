//! Chinese map coordinates (WGS84, GCJ-02, BD-09), places and addresses.
