//! tmp
use linli_core::{Error, Result};
use linli_web::Req;
/// How many rows.
pub(crate) fn limit(req: &Req, usual: usize, most: usize) -> Result<usize> {
    match req.q("limit") {
        None => Ok(usual),
        Some(text) => match text.parse::<usize>() {
            Ok(n) if (1..=most).contains(&n) => Ok(n),
            _ => Err(Error::field("limit", linli_core::t::OUT_OF_RANGE.with("min", 1).with("max", most))),
        },
    }
}
