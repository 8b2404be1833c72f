//! Classes of characters, and the escapes that are good inside and outside of brackets.

use super::dialect::Translator;
use crate::builtins::Failure;

/// Go's names of classes that stand between `[:` and `:]`.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// What follows `[`.
pub(super) fn bracketed(pattern: &mut Translator<'_>, start: usize) -> Result<(), Failure> {
    let mut class = String::from("[");
    if pattern.takes("^") {
        class.push('^');
    }
    let mut first = true;
    while first || !pattern.takes("]") {
        first = false;
        if let Some(name) = named(pattern, start)? {
            class.push_str(&name);
            continue;
        }
        let at = pattern.position();
        if pattern.takes("\\") {
            if let Some(escaped) = escaped(pattern, at)? {
                class.push_str(&escaped);
                continue;
            }
            let low = character(pattern, at)?;
            range(pattern, low, at, start, &mut class)?;
        } else {
            let Some(low) = pattern.next() else { return Err(pattern.error("missing closing ]", start)) };
            range(pattern, low, at, start, &mut class)?;
        }
    }
    class.push(']');
    pattern.out.push_str(&class);
    Ok(())
}

/// The character, or the range that it starts.
fn range(
    pattern: &mut Translator<'_>,
    low: char,
    at: usize,
    start: usize,
    class: &mut String,
) -> Result<(), Failure> {
    let mut high = low;
    let rest = pattern.rest();
    if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
        pattern.takes("-");
        let escape = pattern.position();
        high = if pattern.takes("\\") {
            character(pattern, escape)?
        } else {
            pattern.next().ok_or_else(|| pattern.error("missing closing ]", start))?
        };
        if high < low {
            return Err(pattern.error("invalid character class range", at));
        }
    }
    class.push_str(&format!("\\x{{{:x}}}-\\x{{{:x}}}", u32::from(low), u32::from(high)));
    Ok(())
}

/// `[:alpha:]`
fn named(pattern: &mut Translator<'_>, start: usize) -> Result<Option<String>, Failure> {
    let Some((name, _)) = pattern.rest().strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
        return Ok(None);
    };
    let plain = name.strip_prefix('^').unwrap_or(name);
    if !NAMED.contains(&plain) {
        return Err(pattern.error("invalid character class range", start));
    }
    let class = format!("[:{name}:]");
    pattern.takes(&class);
    Ok(Some(class))
}

/// What follows a backslash, if it is a class such as `\d` or `\pL`.
pub(super) fn escaped(pattern: &mut Translator<'_>, start: usize) -> Result<Option<String>, Failure> {
    let class = match pattern.rest().chars().next() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('s') => "[\\t\\n\\f\\r ]",
        Some('S') => "[^\\t\\n\\f\\r ]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('p' | 'P') => return unicode(pattern, start).map(Some),
        _ => return Ok(None),
    };
    pattern.next();
    Ok(Some(class.to_owned()))
}

/// `\pL`, `\p{Greek}`, `\P{L}` or `\p{^L}`
fn unicode(pattern: &mut Translator<'_>, start: usize) -> Result<String, Failure> {
    let negative = pattern.next() == Some('P');
    let name = if pattern.takes("{") {
        let Some((name, _)) = pattern.rest().split_once('}') else {
            return Err(pattern.error("invalid character class range", start));
        };
        pattern.takes(name);
        pattern.takes("}");
        name.to_owned()
    } else {
        pattern.next().map(String::from).unwrap_or_default()
    };
    let (plain, negative) = match name.strip_prefix('^') {
        Some(plain) => (plain, !negative),
        None => (name.as_str(), negative),
    };
    let is_name = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if !is_name {
        return Err(pattern.error("invalid character class range", start));
    }
    let letter = if negative { 'P' } else { 'p' };
    Ok(format!("\\{letter}{{{plain}}}"))
}

/// What follows a backslash, if it stands for one character.
pub(super) fn character(pattern: &mut Translator<'_>, start: usize) -> Result<char, Failure> {
    let Some(c) = pattern.next() else {
        return Err(pattern.error("trailing backslash at end of expression", start));
    };
    let found = match c {
        'a' => Some('\u{7}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        '0'..='7' => octal(pattern, c),
        'x' => hexadecimal(pattern),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    };
    found.ok_or_else(|| pattern.error("invalid escape sequence", start))
}

/// Up to three digits. One that is not zero and stands alone would be a reference to a group.
fn octal(pattern: &mut Translator<'_>, first: char) -> Option<char> {
    let mut code = first.to_digit(8)?;
    let mut count = 1;
    while count < 3
        && let Some(digit) = pattern.rest().chars().next().and_then(|c| c.to_digit(8))
    {
        pattern.next();
        code = code * 8 + digit;
        count += 1;
    }
    if count == 1 && first != '0' { None } else { char::from_u32(code) }
}

/// Two digits, or any number of them in braces.
fn hexadecimal(pattern: &mut Translator<'_>) -> Option<char> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = if pattern.takes("{") {
        let (digits, _) = pattern.rest().split_once('}')?;
        pattern.takes(digits);
        pattern.takes("}");
        digits
    } else {
        let digits = pattern.rest().get(..2)?;
        pattern.takes(digits);
        digits
    };
    let code = is_number(digits).then(|| u32::from_str_radix(digits, 16).ok())??;
    char::from_u32(code)
}
