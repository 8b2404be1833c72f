//! Tells by the bytes of a file in a directory whether it looks like a plan, whatever its name is.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use super::decode::{self, GZIP, ZIP};
use super::not_json;

/// How much of the start of a file is looked at. Only a JSON object without a sign of a plan in it is searched further.
const HEAD: u64 = 64 * 1024;

/// How much of the end of a zip archive is searched for the directory of its entries.
const TAIL: u64 = 1 << 20;

/// The sections of a plan, as they are written. They may come late: a tool may have sorted the keys.
const SECTIONS: [&str; 2] = ["\"resource_changes\"", "\"planned_values\""];

/// Other keys that a plan, or what is taken for one by mistake, has near its start.
const SIGNS: [&str; 4] =
    ["\"format_version\"", "\"plan_format_version\"", "\"encryption_version\"", "\"remote_plan_format\""];

/// The start of what `terraform show -json` prints.
const SHOWN: &str = "{\"format_version\":\"";

/// What a file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A plan in some form: JSON, binary, a stream of events, each also compressed.
    Plan,
    /// There is nothing in it.
    Empty,
    /// Something else that is not text.
    Binary,
    /// Something else that is text.
    Text,
}

/// Looks at a regular file. At most `cap` bytes of it are read.
pub(super) fn look(path: &Path, cap: u64) -> io::Result<Look> {
    let mut file = File::open(path)?;
    let head = first(&mut file)?;
    if head.is_empty() {
        return Ok(Look::Empty);
    }
    if head.starts_with(ZIP) {
        let is_plan = decode::is_binary_plan(&head) || decode::lists_a_plan(&last(&mut file)?);
        return Ok(if is_plan { Look::Plan } else { Look::Binary });
    }
    if head.starts_with(GZIP) {
        let mut inflated = MultiGzDecoder::new(head.as_slice().chain(file)).take(cap);
        let mut inflated_head = Vec::new();
        // What is damaged is judged by what comes before the damage.
        let _ = inflated.by_ref().take(HEAD).read_to_end(&mut inflated_head);
        return Ok(match look_at_text(&inflated_head, inflated).unwrap_or(Look::Text) {
            Look::Plan => Look::Plan,
            Look::Empty | Look::Binary | Look::Text => Look::Binary,
        });
    }
    look_at_text(&head, file.take(cap))
}

fn look_at_text(head: &[u8], rest: impl Read) -> io::Result<Look> {
    if decode::is_old_plan(head) {
        return Ok(Look::Plan);
    }
    let text = as_utf8(head);
    let text = text.trim_ascii_start();
    let has = |sign: &str| memmem::find(text, sign.as_bytes()).is_some();
    let is_object =
        text.strip_prefix(b"{").is_some_and(|inside| inside.trim_ascii_start().starts_with(b"\""));
    let is_plan = if is_object && has("\"@level\"") {
        is_stream_of_plan(has)
    } else if is_object {
        SIGNS.iter().chain(&SECTIONS).any(|sign| has(sign)) || has_section(text, rest)?
    } else {
        has_plan_after_text(text, has)
    };
    Ok(match (is_plan, text.contains(&0)) {
        (true, _) => Look::Plan,
        (false, true) => Look::Binary,
        (false, false) => Look::Text,
    })
}

/// Whether log lines in JSON are those of `terraform plan -json`; others write such lines, too.
fn is_stream_of_plan(has: impl Fn(&str) -> bool) -> bool {
    (has("\"terraform.ui\"") || has("\"tofu.ui\""))
        && !has("\"type\":\"init_output\"")
        && !has("\"type\":\"test_")
}

/// Whether the output of other commands precedes a plan. A document that quotes a plan is none.
fn has_plan_after_text(text: &[u8], has: impl Fn(&str) -> bool) -> bool {
    let wrapped = text.starts_with(b"[command]");
    if wrapped || not_json::has_terragrunt_prefix(&String::from_utf8_lossy(text)) {
        return has("\"format_version\"");
    }
    text.split(|byte| *byte == b'\n').any(|line| {
        line.starts_with(SHOWN.as_bytes())
            && SECTIONS.iter().any(|section| memmem::find(line, section.as_bytes()).is_some())
    }) && !has("```")
}

/// Whether a section's name is in the rest of a JSON object.
fn has_section(head: &[u8], mut rest: impl Read) -> io::Result<bool> {
    let overlap = SECTIONS.iter().map(|section| section.len()).max().unwrap_or_default();
    let mut window = head.to_vec();
    loop {
        window.drain(..window.len().saturating_sub(overlap));
        let kept = window.len();
        rest.by_ref().take(HEAD).read_to_end(&mut window)?;
        if SECTIONS.iter().any(|section| memmem::find(&window, section.as_bytes()).is_some()) {
            return Ok(true);
        }
        if window.len() == kept {
            return Ok(false);
        }
    }
}

fn as_utf8(head: &[u8]) -> Cow<'_, [u8]> {
    if let Some(text) = decode::utf16_start(head) {
        return Cow::Owned(text.into_bytes());
    }
    Cow::Borrowed(head.strip_prefix(decode::UTF8_BOM).unwrap_or(head))
}

fn first(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

fn last(file: &mut File) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;
    use crate::input::decode::sample_zip;

    const PLAN: &str = r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#;

    fn look_at(bytes: &[u8]) -> Look {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        look(file.path(), 1 << 30).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plans_are_known_in_every_form() {
        let late = format!("{{\"configuration\":{{\"a\":\"{}\"}},{}", "x".repeat(200_000), &PLAN[24..]);
        let utf16: Vec<u8> = format!("\u{feff}{PLAN}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let event = r#"{"@level":"info","@module":"terraform.ui","type":"version"}"#;
        for plan in [
            PLAN.as_bytes().to_vec(),
            format!("\u{feff}\n {}", PLAN.replace(':', ": ")).into_bytes(),
            late.clone().into_bytes(),
            utf16,
            event.as_bytes().to_vec(),
            gzip(PLAN.as_bytes()),
            gzip(late.as_bytes()),
            gzip(PLAN.as_bytes()).split_last_chunk::<4>().unwrap().0.to_vec(),
            sample_zip(&["tfplan", "tfstate"]),
            sample_zip(&["tfstate", "tfplan"]),
            b"tfplan\x02\x00".to_vec(),
            format!("[command]terraform show\n{PLAN}").into_bytes(),
            format!("[vpc] {PLAN}").into_bytes(),
            format!("Warning: old\n\n{PLAN}\n").into_bytes(),
            br#"{"encrypted_data":"x","encryption_version":"v0"}"#.to_vec(),
        ] {
            assert_eq!(
                look_at(&plan),
                Look::Plan,
                "{}",
                String::from_utf8_lossy(&plan[..plan.len().min(60)])
            );
        }
    }

    #[test]
    fn other_files_are_not_taken_for_plans() {
        for text in [
            "resource \"a\" \"b\" {}",
            "tfplan\n*.tfplan\n",
            "{% if a %}{% endif %}",
            "{{ \"resource_changes\" }}",
            r#"{"serial":1,"lineage":"x","version":4}"#,
            r#"{"@level":"info","@module":"vault"}"#,
            "Terraform used the selected providers to generate the following execution plan.",
        ] {
            assert_eq!(look_at(text.as_bytes()), Look::Text, "{text}");
        }
        assert_eq!(look_at(format!("A plan:\n```json\n{PLAN}\n```\n").as_bytes()), Look::Text);
        assert_eq!(look_at(&sample_zip(&["main.js"])), Look::Binary);
        assert_eq!(look_at(&gzip(b"a tape archive")), Look::Binary);
        assert_eq!(look_at(b"\x7fELF\0\0"), Look::Binary);
        assert_eq!(look_at(b""), Look::Empty);
    }

    /// The directory of an archive stands at its end, which may be far behind what is read of its start.
    #[test]
    fn the_plan_of_a_large_archive_is_found_in_its_directory() {
        for filler in [100_000, 2_000_000] {
            for (names, looks) in [(["tfstate", "tfplan"], Look::Plan), (["tfstate", "others"], Look::Binary)]
            {
                let small = sample_zip(&names);
                let directory = memmem::find(&small, b"PK\x01\x02").unwrap();
                let (entries, directory) = small.split_at(directory);
                // The first entry, what it holds, and the directory of both.
                let first = entries.get(..30 + names[0].len()).unwrap();
                let large = [first, &vec![b'x'; filler], directory].concat();
                assert_eq!(look_at(&large), looks, "{names:?} {filler}");
            }
        }
    }

    #[test]
    fn a_name_that_lies_across_two_reads_is_found() {
        for shift in 0..20 {
            let text =
                format!("{{\"a\":\"{}\",\"resource_changes\":[]}}", "x".repeat(2 * 65_536 - 20 + shift));
            assert_eq!(look_at(text.as_bytes()), Look::Plan, "{shift}");
        }
    }
}
