//! Finds the `# METADATA` comments of a policy.

use super::tree::Span;

/// A block of comment lines that starts with `# METADATA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The text after `#` of the lines below the first one: a YAML mapping, if the author made no mistake.
    pub yaml: String,
    /// The range of the block, with the end of its last line.
    pub span: Span,
    /// The number of the next line that is neither empty nor a comment, counted from one. It starts what is described.
    pub described: u32,
}

/// Returns the blocks of a text with these comments. A block ends with its comment lines; others may follow it.
pub fn blocks(text: &str, comments: &[Span]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    if memchr::memmem::find(text.as_bytes(), b"METADATA").is_none() {
        return blocks;
    }
    let mut comments = comments.iter().peekable();
    let (mut offset, mut is_open, mut waiting) = (0, false, 0);
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        let (start, end) = (offset, offset + line.len());
        offset = end;
        while comments.next_if(|comment| comment.start < start).is_some() {}
        let before_comment = comments.peek().filter(|comment| comment.start < end).map(|comment| {
            (text.get(start..comment.start).unwrap_or(""), text.get(comment.start + 1..end).unwrap_or(""))
        });
        match before_comment {
            Some((before, comment)) if before.trim().is_empty() => {
                if comment.trim() == "METADATA" {
                    blocks.push(Block { yaml: String::new(), span: start..end, described: 0 });
                    is_open = true;
                } else if let Some(block) = blocks.last_mut().filter(|_| is_open) {
                    block.yaml.push_str(comment.trim_end());
                    block.yaml.push('\n');
                    block.span.end = end;
                }
            }
            None if line.trim().is_empty() => is_open = false,
            Some(_) | None => {
                is_open = false;
                for block in &mut blocks[waiting..] {
                    block.described = number;
                }
                waiting = blocks.len();
            }
        }
    }
    blocks.truncate(waiting);
    blocks
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn blocks_belong_to_the_next_statement() {
        let text = "# METADATA\n# title: P\npackage a # METADATA\n\n# METADATA\n# scope: document\n\n# other\n\n\
                    # METADATA\n#  custom:\n#    x: y\nr := `\n# METADATA\n# title: no\n`\n# METADATA\n# title: last\n";
        let module = parse(text).unwrap();
        let found: Vec<(String, u32)> =
            blocks(text, &module.comments).into_iter().map(|block| (block.yaml, block.described)).collect();
        let expected = [(" title: P\n", 3), (" scope: document\n", 13), ("  custom:\n    x: y\n", 13)];
        assert_eq!(found, expected.map(|(yaml, line)| (yaml.to_owned(), line)));
    }
}
