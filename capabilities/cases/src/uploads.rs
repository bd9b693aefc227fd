//! Files that were stored before what they belong to is sent: they come back as descriptions with our seal before them.
use linli_core::{House, RawInput, Upload};

/// Files that an earlier request stored come back as sealed descriptions; a description that was tampered with is dropped.
pub(crate) fn keep_files(house: &House, raw: &mut RawInput) {
    for kept in raw.values.remove("kept").unwrap_or_default() {
        let Some((mac, text)) = kept.split_once('.') else { continue };
        if mac == seal(&house.keys.token_digest(&sealing(text)))
            && let Ok(upload) = serde_json::from_str::<Upload>(text)
        {
            raw.files.entry("files".into()).or_default().push(upload);
        }
    }
}

/// The description of a stored file with our seal before it; `digest` is the house's, or that of a transaction.
pub(crate) fn sealed(digest: impl Fn(&str) -> Vec<u8>, text: &str) -> String {
    format!("{}.{text}", seal(&digest(&sealing(text))))
}

fn sealing(text: &str) -> String {
    format!("upload\n{text}")
}

fn seal(digest: &[u8]) -> String {
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
