//! Reads PEM: base64 between `-----BEGIN X-----` and `-----END X-----` (RFC 7468).

use crate::builtins::encoding::base64;

/// A block with its label.
pub(super) struct Block {
    pub label: String,
    pub bytes: Vec<u8>,
}

/// Returns the next block of a text, and the rest of the text.
pub(super) fn next(text: &str) -> Option<(Block, &str)> {
    let mut rest = text;
    loop {
        let start = rest.find("-----BEGIN ")?;
        let is_at_line_start = start == 0 || rest.as_bytes()[start - 1] == b'\n';
        let after = &rest[start + 11..];
        rest = after;
        let Some((label, body)) = after.split_once("-----") else { continue };
        if !is_at_line_start || label.contains('\n') {
            continue;
        }
        // Base64 has no dashes, so the block ends at the next ones. To search for the whole end line instead could
        // take quadratic time.
        let length = body.find("-----")?;
        let (body, end) = body.split_at(length);
        let Some(following) = end.strip_prefix(&format!("-----END {label}-----")) else { continue };
        // Headers, as encrypted keys have them, are not read.
        let digits: String = body.split_ascii_whitespace().collect();
        let Ok(bytes) = base64(&digits) else { continue };
        let following = following.trim_start_matches([' ', '\t', '\r']);
        let following = following.strip_prefix('\n').unwrap_or(following);
        return Some((Block { label: label.to_owned(), bytes }, following));
    }
}
