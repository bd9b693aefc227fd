//! Personal data: encrypted at rest from the first row on, found by blind index, printed as `***`.
use crate::{Error, Result};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, Mac};
use rand::Rng;
use sha2::Sha256;

/// Personal data in the clear. It cannot be printed, logged or serialised by accident: only [`Personal::reveal`]
/// gives it, where a page shows it to somebody who may see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Wraps what was typed.
    pub fn new(value: T) -> Personal<T> {
        Personal(value)
    }
    /// The value, for the eyes of somebody whose purpose has been checked.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}
impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
impl<T> std::fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Personal data as stored: version (1 byte), nonce (12), AES-256-GCM ciphertext with tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);
linli_db::impl_column!(Sealed => Vec<u8>);

/// HMAC-SHA-256 of a normalised value under a key of its own, cut to 16 bytes: equality can be asked, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindIndex(pub Vec<u8>);
linli_db::impl_column!(BlindIndex => Vec<u8>);

/// The keys of a deployment; they live in files beside the database, never in it.
pub struct Keys {
    cipher: Aes256Gcm,
    index: [u8; 32],
    /// Secret from which tokens and cookies are derived.
    pub(crate) session: [u8; 32],
}

impl Keys {
    /// Derives the three keys from the deployment's 32-byte secret (HMAC-SHA-256 with a label each, RFC 5869's expand step).
    pub fn from_secret(secret: &[u8; 32]) -> Keys {
        let derive = |label: &str| mac(secret, &[label.as_bytes()]);
        let key = derive("linli personal v1");
        Keys {
            cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)),
            index: derive("linli blind index v1"),
            session: derive("linli session v1"),
        }
    }
    /// Encrypts for a column. `what` (`people.phone`) is authenticated, so that a value cannot be moved to another column.
    pub fn seal(&self, what: &str, value: &Personal<String>, rng: &mut impl Rng) -> Result<Sealed> {
        let mut nonce = [0u8; 12];
        rng.fill_bytes(&mut nonce);
        let payload = Payload { msg: value.0.as_bytes(), aad: what.as_bytes() };
        let cipher = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| Error::internal("seal"))?;
        let mut out = vec![1u8];
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&cipher);
        Ok(Sealed(out))
    }
    /// Decrypts a column; a wrong key, column or byte is an internal error, never garbage.
    pub fn open(&self, what: &str, sealed: &Sealed) -> Result<Personal<String>> {
        let bad = || Error::internal(format!("{what} cannot be decrypted"));
        let (head, cipher) = sealed.0.split_at_checked(13).ok_or_else(bad)?;
        let (version, nonce) = head.split_first().ok_or_else(bad)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| bad())?;
        if *version != 1 {
            return Err(bad());
        }
        let payload = Payload { msg: cipher, aad: what.as_bytes() };
        let clear = self.cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| bad())?;
        String::from_utf8(clear).map(Personal).map_err(|_| bad())
    }
    /// The blind index of a value within a column; normalise before (see [`phone_digits`]).
    pub fn blind(&self, what: &str, normalised: &str) -> BlindIndex {
        BlindIndex(mac(&self.index, &[what.as_bytes(), &[0], normalised.as_bytes()])[..16].to_vec())
    }
    /// A keyed digest for tokens: what is stored cannot be used to sign in.
    pub fn token_digest(&self, token: &str) -> Vec<u8> {
        mac(&self.session, &[token.as_bytes()]).to_vec()
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A 32-byte key is always accepted by HMAC.
    let Ok(mut h) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        h.update(part);
    }
    h.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn sealed_values_open_only_with_their_key_in_their_column() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let keys = Keys::from_secret(&[7; 32]);
        let phone = Personal::new("13800000000".to_owned());
        let sealed = keys.seal("people.phone", &phone, &mut rng).unwrap();
        assert_eq!(format!("{phone:?} {phone}"), "*** ***");
        assert_eq!(keys.open("people.phone", &sealed).unwrap().reveal(), "13800000000");
        assert!(keys.open("people.name", &sealed).is_err());
        assert!(Keys::from_secret(&[8; 32]).open("people.phone", &sealed).is_err());
        assert!(keys.open("people.phone", &Sealed(vec![1, 2])).is_err());
        assert_eq!(keys.blind("p", "x"), keys.blind("p", "x"));
        assert_ne!(keys.blind("p", "x"), keys.blind("q", "x"));
    }
}
