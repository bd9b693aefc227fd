//! The test program's own `fsync` and `fdatasync`, found before the C library's: they count, and fail when told to.
//! So what is observed and refused is exactly what SQLite asks of the system, on the thread that asks.
#![allow(unsafe_code)]
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_long};
use std::sync::mpsc::Receiver;

thread_local! {
    static SYNCS: Cell<u32> = const { Cell::new(0) };
    static LENGTH: Cell<u64> = const { Cell::new(0) };
    static BROKEN: Cell<bool> = const { Cell::new(false) };
    static HELD: RefCell<Option<Receiver<()>>> = const { RefCell::new(None) };
}

/// How often this thread has synced a file.
pub(crate) fn syncs() -> u32 {
    SYNCS.get()
}
/// How long the file was that this thread has synced last.
pub(crate) fn synced_length() -> u64 {
    LENGTH.get()
}
/// Lets this thread's next sync take until it is told to go on.
pub(crate) fn hold_next_sync(until: Receiver<()>) {
    HELD.set(Some(until));
}
/// Lets this thread's next sync fail as a dying disk does.
pub(crate) fn break_next_sync() {
    BROKEN.set(true);
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn __errno_location() -> *mut c_int;
}
#[cfg(target_arch = "x86_64")]
const FSYNC: c_long = 74;
#[cfg(target_arch = "aarch64")]
const FSYNC: c_long = 82;
const EIO: c_int = 5;

fn sync(fd: c_int) -> c_int {
    // A thread that is ending has no such values any more, and nothing to observe.
    if BROKEN.try_with(|b| b.replace(false)).unwrap_or(false) {
        // SAFETY: the C library gives each thread a valid place for its error.
        unsafe { *__errno_location() = EIO };
        return -1;
    }
    if let Ok(Some(until)) = HELD.try_with(RefCell::take) {
        let _ = until.recv();
    }
    let _ = SYNCS.try_with(|s| s.set(s.get() + 1));
    let length = std::fs::metadata(format!("/proc/self/fd/{fd}")).map_or(0, |m| m.len());
    let _ = LENGTH.try_with(|l| l.set(length));
    // SAFETY: the system call takes a file descriptor and touches no memory of ours.
    unsafe { syscall(FSYNC, fd) as c_int }
}
// SAFETY: same names, types and meaning as the C library's.
#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd)
}
// SAFETY: as above; a full sync is more than was asked for.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd)
}
