//! Rate limits per client: generous for people, tight for loops.
use axum::http::request::Parts;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

pub(crate) struct Limits {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
}

impl Limits {
    pub(crate) fn new(per_minute: u32) -> Limits {
        let limiter = NonZeroU32::new(per_minute).map(|n| RateLimiter::keyed(Quota::per_minute(n)));
        Limits { limiter, clock: DefaultClock::default() }
    }
    /// Seconds to wait, when there have been too many.
    pub(crate) fn check(&self, client: IpAddr) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(&client).map_err(|wait| wait.wait_time_from(self.clock.now()).as_secs().max(1))
    }
}

/// The client's address. A proxy on this very machine may say whom it speaks for; nobody else is believed.
pub(crate) fn client(parts: &Parts) -> IpAddr {
    let peer = parts
        .extensions
        .get::<axum::extract::ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |c| c.0.ip());
    if !peer.is_loopback() {
        return peer;
    }
    let forwarded = parts.headers.get("x-forwarded-for").and_then(|v| v.to_str().ok());
    forwarded.and_then(|v| v.rsplit(',').next()).and_then(|ip| ip.trim().parse().ok()).unwrap_or(peer)
}
