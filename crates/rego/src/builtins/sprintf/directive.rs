//! Reads a format and prints the operands that its directives ask for.

use super::Operand;
use super::float;
use super::integer::{self, Base};
use super::layout::Layout;
use super::string;
use crate::builtins::Failure;
use crate::builtins::text::check_length;

/// Go ignores widths and precisions beyond this.
const LARGEST_NUMBER: usize = 1_000_000;

/// `fmt.Sprintf`.
///
/// # Errors
///
/// If the result would be too long; what is wrong with a format, Go says in the result.
pub(super) fn print(format: &str, operands: &[Operand]) -> Result<String, Failure> {
    let mut printer = Printer { format, at: 0, operands, next: 0, reordered: false, out: String::new() };
    while let Some(percent) = printer.rest().find('%') {
        printer.out.push_str(&format[printer.at..printer.at + percent]);
        printer.at += percent + 1;
        printer.directive();
        // Many wide directives could fill the memory.
        check_length(&printer.out)?;
    }
    let rest = printer.rest().to_owned();
    printer.out.push_str(&rest);
    printer.extra();
    Ok(printer.out)
}

struct Printer<'a> {
    format: &'a str,
    /// What is read of the format, in bytes.
    at: usize,
    operands: &'a [Operand],
    /// The operand that the next directive takes.
    next: usize,
    /// Whether an index was seen; then operands that are left over are not complained about.
    reordered: bool,
    out: String,
}

/// What became of an index in brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Absent,
    Read,
    Wrong,
}

impl<'a> Printer<'a> {
    fn rest(&self) -> &'a str {
        &self.format[self.at..]
    }

    fn takes(&mut self, c: char) -> bool {
        let taken = self.rest().starts_with(c);
        if taken {
            self.at += c.len_utf8();
        }
        taken
    }

    fn directive(&mut self) {
        let mut layout = self.flags();
        let mut good = true;
        let mut index = self.index(&mut good);
        if self.takes('*') {
            match self.number_from_operand() {
                Some(width) => {
                    layout.width = Some(width.unsigned_abs());
                    if width < 0 {
                        layout.minus = true;
                        layout.zero = false;
                    }
                }
                None => self.out.push_str("%!(BADWIDTH)"),
            }
            index = Index::Absent;
        } else {
            layout.width = self.number();
            if index == Index::Read && layout.width.is_some() {
                good = false;
            }
        }
        if self.takes('.') {
            if index == Index::Read {
                good = false;
            }
            index = self.index(&mut good);
            if self.takes('*') {
                match self.number_from_operand() {
                    Some(precision) => layout.precision = usize::try_from(precision).ok(),
                    None => layout.precision = None,
                }
                if layout.precision.is_none() {
                    self.out.push_str("%!(BADPREC)");
                }
                index = Index::Absent;
            } else {
                layout.precision = Some(self.number().unwrap_or(0));
            }
        }
        if index != Index::Read {
            self.index(&mut good);
        }
        let Some(verb) = self.rest().chars().next() else {
            self.out.push_str("%!(NOVERB)");
            return;
        };
        self.at += verb.len_utf8();
        if verb == '%' {
            self.out.push('%');
        } else if !good {
            self.out.push_str(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(operand) = self.operands.get(self.next) {
            self.next += 1;
            if verb == 'v' {
                layout.sharp_v = std::mem::take(&mut layout.sharp);
                layout.plus_v = std::mem::take(&mut layout.plus);
            }
            operand_under_verb(operand, verb, &layout, &mut self.out);
        } else {
            self.out.push_str(&format!("%!{verb}(MISSING)"));
        }
    }

    fn flags(&mut self) -> Layout {
        let mut layout = Layout::default();
        loop {
            match self.rest().bytes().next() {
                Some(b'#') => layout.sharp = true,
                Some(b'0') => layout.zero = true,
                Some(b'+') => layout.plus = true,
                Some(b'-') => layout.minus = true,
                Some(b' ') => layout.space = true,
                _ => return layout,
            }
            self.at += 1;
        }
    }

    /// Digits. One that is too large makes Go skip the rest of the format.
    fn number(&mut self) -> Option<usize> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let number = self.rest()[..digits].parse().ok().filter(|number| *number <= LARGEST_NUMBER);
        self.at = if number.is_some() { self.at + digits } else { self.format.len() };
        number
    }

    fn number_from_operand(&mut self) -> Option<isize> {
        let operand = self.operands.get(self.next)?;
        self.next += 1;
        match operand {
            Operand::Integer(integer) | Operand::Pointed(integer) => {
                isize::try_from(*integer).ok().filter(|number| number.unsigned_abs() <= LARGEST_NUMBER)
            }
            Operand::Large(_) | Operand::Float(_) | Operand::Text(_) | Operand::Written(_) => None,
        }
    }

    /// `[2]`: the operand to go on with.
    fn index(&mut self, good: &mut bool) -> Index {
        let rest = self.rest();
        if !rest.starts_with('[') {
            return Index::Absent;
        }
        self.reordered = true;
        let end = rest.find(']').filter(|_| rest.len() >= 3);
        let Some(end) = end else {
            self.at += 1;
            *good = false;
            return Index::Wrong;
        };
        self.at += end + 1;
        let inside = &rest[1..end];
        let is_number = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        let number = inside.parse::<usize>().ok().filter(|number| is_number && *number <= LARGEST_NUMBER);
        match number {
            Some(number) if number >= 1 && number <= self.operands.len() => {
                self.next = number - 1;
                Index::Read
            }
            Some(_) => {
                *good = false;
                Index::Read
            }
            None => {
                *good = false;
                Index::Wrong
            }
        }
    }

    fn extra(&mut self) {
        if self.reordered || self.next >= self.operands.len() {
            return;
        }
        self.out.push_str("%!(EXTRA ");
        for (index, operand) in self.operands[self.next..].iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            self.out.push_str(operand.type_name());
            self.out.push('=');
            operand_under_verb(operand, 'v', &Layout::default(), &mut self.out);
        }
        self.out.push(')');
    }
}

fn operand_under_verb(operand: &Operand, verb: char, layout: &Layout, out: &mut String) {
    if let Operand::Pointed(integer) = operand {
        let operand = match verb {
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => Operand::Float(*integer as f64),
            _ => Operand::Integer(*integer),
        };
        return operand_under_verb(&operand, verb, layout, out);
    }
    match verb {
        'T' => return string::plain(operand.type_name(), layout, out),
        'p' => return bad_verb(operand, verb, layout, out),
        _ => {}
    }
    match operand {
        Operand::Text(text) | Operand::Written(text) => match verb {
            'v' if layout.sharp_v => string::quoted(text, layout, out),
            'v' | 's' => string::plain(text, layout, out),
            'q' => string::quoted(text, layout, out),
            'x' => string::hexadecimal(text, false, layout, out),
            'X' => string::hexadecimal(text, true, layout, out),
            _ => bad_verb(operand, verb, layout, out),
        },
        Operand::Integer(integer) | Operand::Pointed(integer) => match (Base::of(verb), verb) {
            (Some(base), _) => integer::small(*integer, base, layout, out),
            (None, 'c') => integer::code(*integer, layout, out),
            (None, 'q') => integer::quoted_code(*integer, layout, out),
            (None, 'U') => integer::unicode(*integer, layout, out),
            (None, _) => bad_verb(operand, verb, layout, out),
        },
        Operand::Large(integer) => match Base::of(if verb == 's' { 'd' } else { verb }) {
            Some(base) => {
                // Unlike other operands, this one still knows of a plus before `v`.
                let layout = Layout { plus: layout.plus || layout.plus_v, ..layout.clone() };
                integer::large(integer, base, &layout, out);
            }
            None => {
                out.push_str(&format!("%!{verb}(big.Int="));
                integer::large(integer, Base::Decimal, &Layout::default(), out);
                out.push(')');
            }
        },
        Operand::Float(value) => match float::form(verb) {
            Some((form, letters)) => float::float(*value, form, letters, layout, out),
            None => bad_verb(operand, verb, layout, out),
        },
    }
}

/// `%!d(string=a)`: what Go writes for a verb that the operand does not have.
fn bad_verb(operand: &Operand, verb: char, layout: &Layout, out: &mut String) {
    out.push_str(&format!("%!{verb}({}=", operand.type_name()));
    operand_under_verb(operand, 'v', layout, out);
    out.push(')');
}
