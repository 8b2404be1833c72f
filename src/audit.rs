//! Appends to an audit log: lines of other runs stay, and no line is written in part.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Appends lines to a file, which is made if it does not exist. Each line is one write, and the file is locked meanwhile
/// where that can be done, so that runs at the same time do not mix theirs.
///
/// # Errors
///
/// Those of the system. The lines before the one that failed are in the file.
pub fn append(path: &Path, lines: &[String]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if file.metadata()?.is_file() {
        // Without it, a line that another run is about to write may look like one that was cut.
        file.lock()
            .or_else(|error| if error.kind() == io::ErrorKind::Unsupported { Ok(()) } else { Err(error) })?;
    }
    let mut is_open = ends_within_a_line(path)?;
    for line in lines {
        // What another program left without its end stays a line of its own.
        let start = if std::mem::take(&mut is_open) { "\n" } else { "" };
        let text = format!("{start}{}\n", line.replace('\n', " "));
        let written = file.write(text.as_bytes())?;
        if written < text.len() {
            let reason = format!("only {written} of {} bytes of a line could be written", text.len());
            return Err(io::Error::new(io::ErrorKind::WriteZero, reason));
        }
    }
    file.sync_data().or_else(|error| if file.metadata()?.is_file() { Err(error) } else { Ok(()) })
}

/// Whether a file ends without a line feed. What is no file, such as a pipe, does not.
fn ends_within_a_line(path: &Path) -> io::Result<bool> {
    let metadata = path.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_behind_those_of_other_runs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let read = || std::fs::read_to_string(&path).unwrap();
        append(&path, &["{\"a\":1}".to_owned(), "{\"b\":2}".to_owned()]).unwrap();
        append(&path, &["{\"c\":3}".to_owned()]).unwrap();
        assert_eq!(read(), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
        std::fs::write(&path, "{\"cut").unwrap();
        append(&path, &["{\"d\":4}".to_owned()]).unwrap();
        assert_eq!(read(), "{\"cut\n{\"d\":4}\n");
        assert!(append(directory.path(), &["x".to_owned()]).is_err());
    }

    /// Runs at the same time, as jobs of a matrix on one machine, write whole lines.
    #[test]
    fn lines_of_several_writers_do_not_mix() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let line = writer.to_string().repeat(3_000);
                    append(path, &vec![line; 20]).unwrap();
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 80);
        for line in lines {
            let first = line.chars().next().unwrap();
            assert!(line.len() == 3_000 && line.chars().all(|c| c == first), "{line}");
        }
    }
}
