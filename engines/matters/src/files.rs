//! Attachments: checked and re-encoded before the transaction, stored once by content, metadata gone.
use crate::store;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use linli_core::{Cx, Error, Result, Upload};
use sha2::{Digest, Sha256};
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// The largest file taken, in bytes.
pub const MAX_BYTES: usize = 12 * 1024 * 1024;
/// The longest side of a stored picture, in pixels: enough to read a sign, small enough for a cheap phone.
const MAX_SIDE: u32 = 1600;
/// The largest picture decoded, in pixels of its longer side.
const MAX_DECODED: u32 = 12_000;

/// A file ready to be stored: its content, and how it is described.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The bytes to store.
    pub bytes: Vec<u8>,
    /// Its description.
    pub upload: Upload,
}

/// Checks and re-encodes one file. Pictures become upright JPEGs without any metadata (position, camera, time); voice
/// notes (WebM, Ogg, MP4, WAV) are recognised by their first bytes and kept. Anything else is refused.
pub fn prepare(name: &str, bytes: &[u8]) -> Result<Prepared> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::Bad(413, crate::t::FILE_TOO_LARGE.with("mb", MAX_BYTES / 1024 / 1024)));
    }
    let (bytes, mime) = match audio(bytes) {
        Some(mime) => (bytes.to_vec(), mime),
        None => (picture(bytes)?, "image/jpeg"),
    };
    let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    let name: String =
        name.rsplit(['/', '\\']).next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(80).collect();
    let upload = Upload { hash, mime: mime.to_owned(), size: bytes.len() as i64, name };
    Ok(Prepared { bytes, upload })
}

fn picture(bytes: &[u8]) -> Result<Vec<u8>> {
    let bad = |_| Error::Bad(415, crate::t::FILE_UNREADABLE.msg());
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| Error::Bad(415, crate::t::FILE_UNREADABLE.msg()))?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(Error::Bad(415, crate::t::FILE_UNREADABLE.msg()));
    }
    // A small file may unfold into a huge picture; the decoder is told where to stop.
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_DECODED);
    limits.max_image_height = Some(MAX_DECODED);
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(bad)?;
    let upright = decoder.orientation().map_err(bad)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(bad)?;
    picture.apply_orientation(upright);
    if picture.width().max(picture.height()) > MAX_SIDE {
        picture = picture.resize(MAX_SIDE, MAX_SIDE, image::imageops::FilterType::Triangle);
    }
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 82).encode_image(&picture.to_rgb8()).map_err(bad)?;
    Ok(out)
}

fn audio(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("audio/webm"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => Some("audio/mp4"),
        _ => None,
    }
}

/// The file store of one deployment: a folder, files named by the SHA-256 of their content.
#[derive(Debug, Clone)]
pub struct FileStore(pub PathBuf);

impl FileStore {
    fn path(&self, hash: &str) -> Option<PathBuf> {
        let well_formed = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        well_formed.then(|| self.0.join(&hash[..2]).join(hash))
    }
    /// Stores content durably; storing it twice is storing it once.
    pub fn put(&self, p: &Prepared) -> Result<()> {
        let path = self.path(&p.upload.hash).ok_or(Error::internal("hash"))?;
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().ok_or(Error::internal("path"))?;
        std::fs::create_dir_all(folder)?;
        let temporary = folder.join(format!("{}.{}.part", p.upload.hash, std::process::id()));
        let mut file = std::fs::File::create(&temporary)?;
        std::io::Write::write_all(&mut file, &p.bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)?;
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    }
    /// Reads content, also while it is put aside.
    pub fn get(&self, hash: &str) -> Result<Vec<u8>> {
        let path = self.path(hash).ok_or(Error::NotFound)?;
        std::fs::read(&path).or_else(|_| std::fs::read(aside(&path))).map_err(|_| Error::NotFound)
    }
    /// Puts content aside that nothing refers to. Somebody may be sending the same at this moment, to whom the store has said
    /// that it has it: so it can still be read, and only after a while [`FileStore::settle`] decides.
    pub fn put_aside(&self, hash: &str) -> Result<()> {
        let path = self.path(hash).ok_or(Error::internal("hash"))?;
        gone_is_fine(std::fs::rename(&path, aside(&path)))
    }
    /// What was put aside comes back when something refers to it by now, and is removed otherwise.
    pub fn settle(&self, hash: &str, keep: bool) -> Result<()> {
        let path = self.path(hash).ok_or(Error::internal("hash"))?;
        gone_is_fine(if keep { std::fs::rename(aside(&path), &path) } else { std::fs::remove_file(aside(&path)) })
    }
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("aside")
}

/// What is asked a second time has been done already.
fn gone_is_fine(done: std::io::Result<()>) -> Result<()> {
    match done {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => Ok(other?),
    }
}

/// Whether any matter has a file of this content.
pub fn holds_file(cx: &mut Cx<'_, '_>, hash: &str) -> Result<bool> {
    store::holds_file(cx.tx, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_re_encoded_and_rubbish_is_refused() {
        let mut png = Vec::new();
        let picture = DynamicImage::new_rgb8(2000, 10);
        picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        let p = prepare("/tmp/..\\a.png", &png).unwrap();
        assert_eq!((p.upload.mime.as_str(), p.upload.name.as_str()), ("image/jpeg", "a.png"));
        let again = image::load_from_memory(&p.bytes).unwrap();
        assert_eq!(again.width(), 1600);
        assert_eq!(prepare("x", b"<svg onload=alert(1)>").unwrap_err().status(), 415);
        assert_eq!(prepare("x", &png[..20]).unwrap_err().status(), 415);
        assert_eq!(prepare("x", &vec![0; MAX_BYTES + 1]).unwrap_err().status(), 413);
    }

    #[test]
    fn position_and_camera_do_not_survive() {
        // A JPEG with an EXIF block that names a place.
        let mut jpeg = Vec::new();
        image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&DynamicImage::new_rgb8(8, 8)).unwrap();
        let exif = b"Exif\0\0II*\0\x08\0\0\0\0\0GPSLatitude 31.4";
        let mut marked = jpeg[..2].to_vec();
        marked.extend([0xff, 0xe1]);
        marked.extend((exif.len() as u16 + 2).to_be_bytes());
        marked.extend(exif);
        marked.extend(&jpeg[2..]);
        let p = prepare("a.jpg", &marked).unwrap();
        assert!(!p.bytes.windows(4).any(|w| w == b"Exif" || w == b"GPSL"));
    }
}
