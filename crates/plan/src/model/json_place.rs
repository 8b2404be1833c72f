//! Finds what a reader of JSON was at when it gave up.

/// The place of the value that contains this byte, or begins or ends there: `resource_drift[1].change.importing`. `None` at the
/// top, and where the text is not JSON.
pub(super) fn of_byte(text: &str, byte: usize) -> Option<String> {
    let bytes = text.as_bytes();
    let mut open: Vec<Step<'_>> = Vec::new();
    let mut at = 0;
    let mut is_key = false;
    while at < byte {
        match bytes.get(at)? {
            b'{' => {
                open.push(Step::Key(None));
                is_key = true;
            }
            b'[' => open.push(Step::Position(0)),
            b'}' | b']' => {
                open.pop()?;
            }
            b',' => match open.last_mut()? {
                Step::Key(key) => {
                    *key = None;
                    is_key = true;
                }
                Step::Position(position) => *position += 1,
            },
            b'"' => {
                let end = end_of_text(bytes, at + 1)?;
                if let (true, Some(Step::Key(key))) = (is_key, open.last_mut()) {
                    *key = text.get(at + 1..end);
                    is_key = false;
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    let place = open.iter().fold(String::new(), |outer, step| match step {
        Step::Key(None) => outer,
        Step::Key(Some(key)) if outer.is_empty() => (*key).to_owned(),
        Step::Key(Some(key)) => format!("{outer}.{key}"),
        Step::Position(position) => format!("{outer}[{position}]"),
    });
    (!place.is_empty()).then_some(place)
}

enum Step<'t> {
    Key(Option<&'t str>),
    Position(usize),
}

/// Where the quote stands that ends a text.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_byte() {
        let text = r#"{"a": [{"b": 1, "c\"d": "x,]}"}, {"e": {"f": [true, {}]}}], "g": {}}"#;
        let byte = |part: &str| text.find(part).unwrap();
        for (byte, wanted) in [
            (0, None),
            (byte("[{"), Some("a")),
            (byte("1,"), Some("a[0].b")),
            (byte("1,") + 1, Some("a[0].b")),
            (byte("x,]"), Some(r#"a[0].c\"d"#)),
            (byte("true"), Some("a[1].e.f[0]")),
            (byte("{}]"), Some("a[1].e.f[1]")),
            (byte("{}]") + 2, Some("a[1].e.f[1]")),
            (byte("{}}"), Some("g")),
            (text.len(), None),
            (text.len() + 1, None),
        ] {
            assert_eq!(of_byte(text, byte).as_deref(), wanted, "{byte}");
        }
        assert_eq!(of_byte("}", 1), None);
        assert_eq!(of_byte("{\"a", 3), None);
    }
}
