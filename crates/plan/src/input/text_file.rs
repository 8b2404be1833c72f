//! Reads the text of a small file that the user names, such as settings or a description of the run.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::candidate::special_kind;
use super::problem::SpecialKind;

/// The most bytes of such a file. The largest there are, cost reports, have a few megabytes.
pub const TEXT_FILE_LIMIT: u64 = 64 << 20;

/// The text of a regular file, or of a pipe, as `<(command)` in a shell is one.
///
/// # Errors
///
/// Those of the system; if it is a device or a directory; if it is not UTF-8, or larger than [`TEXT_FILE_LIMIT`].
pub fn read_text_file(path: &Path) -> io::Result<String> {
    let kind = special_kind(path.metadata()?.file_type());
    if let Some(kind) = kind.filter(|kind| *kind != SpecialKind::Fifo) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}, not a file")));
    }
    let mut text = String::new();
    // One byte more than allowed tells a larger file, even one that grows, or a pipe that never ends.
    let read = File::open(path)?.take(TEXT_FILE_LIMIT + 1).read_to_string(&mut text)?;
    if read as u64 > TEXT_FILE_LIMIT {
        let reason = format!("it is larger than {} MB", TEXT_FILE_LIMIT >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_small_and_ends_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("context.json");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(read_text_file(&path).unwrap(), "{}");
        // Without a block of data: the size is what counts.
        File::options().write(true).open(&path).unwrap().set_len(TEXT_FILE_LIMIT + 1).unwrap();
        assert_eq!(read_text_file(&path).unwrap_err().to_string(), "it is larger than 64 MB");
        assert_eq!(
            read_text_file(directory.path()).unwrap_err().to_string(),
            "it is a directory, not a file"
        );
    }
}
