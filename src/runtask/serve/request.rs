//! One request over a connection, with limits on its size and time. Each connection has one request.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The most bytes of a head, and the most headers.
const LARGEST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;

/// The most bytes of a body. A payload has a few kilobytes.
const LARGEST_BODY: usize = 1 << 20;

/// How much of a refused request is read, so that its sender reads the answer before the connection ends.
const LARGEST_REST: usize = 4 << 20;
const TIME_OF_REST: Duration = Duration::from_secs(2);

/// The header with the signature of a payload.
const SIGNATURE: &str = "x-tfc-task-signature";

/// A request, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// The value of the header with the signature; empty if there is none.
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
}

/// An answer: its status, and a line for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer(pub(super) u16, pub(super) &'static str);

impl Answer {
    const fn reason(self) -> &'static str {
        match self.0 {
            200 => "OK",
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            411 => "Length Required",
            413 => "Content Too Large",
            429 => "Too Many Requests",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Error",
        }
    }
}

/// Why there is no request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is answered.
    Answered(Answer),
    /// Nobody waits for an answer.
    Gone,
}

/// What is known of a request before its body.
struct Head {
    method: String,
    path: String,
    signature: String,
    length: usize,
    /// Whether the sender waits for a word before it sends the body.
    waits: bool,
    /// The bytes of the head.
    bytes: usize,
}

/// Reads the request of a connection within a time.
pub(super) fn receive(stream: &TcpStream, time: Duration) -> Result<Request, Refusal> {
    let end = Instant::now() + time;
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(head) = head(&bytes).map_err(Refusal::Answered)? {
            break head;
        }
        if bytes.len() >= LARGEST_HEAD {
            return Err(Refusal::Answered(Answer(431, "the head of the request is too large")));
        }
        more(stream, end, &mut bytes)?;
    };
    let mut body = bytes.split_off(head.bytes);
    if head.waits && body.len() < head.length {
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| Refusal::Gone)?;
    }
    while body.len() < head.length {
        more(stream, end, &mut body)?;
    }
    // Nothing follows on this connection.
    body.truncate(head.length);
    Ok(Request { method: head.method, path: head.path, signature: head.signature, body })
}

/// Reads more bytes. The time of all reads counts, so that a sender of one byte at a time gains nothing.
fn more(mut stream: &TcpStream, end: Instant, bytes: &mut Vec<u8>) -> Result<(), Refusal> {
    const LATE: Refusal = Refusal::Answered(Answer(408, "the request took too long"));
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(LATE);
    }
    stream.set_read_timeout(Some(left)).map_err(|_| Refusal::Gone)?;
    let mut part = [0; 8 << 10];
    match stream.read(&mut part) {
        Ok(0) => Err(Refusal::Gone),
        Ok(read) => {
            bytes.extend_from_slice(part.get(..read).unwrap_or_default());
            Ok(())
        }
        Err(error) => match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(LATE),
            _ => Err(Refusal::Gone),
        },
    }
}

/// The head, if the bytes have all of it.
fn head(bytes: &[u8]) -> Result<Option<Head>, Answer> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let bytes = match request.parse(bytes) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Answer(431, "the request has too many headers")),
        Err(_) => return Err(Answer(400, "this is no request of HTTP/1.1")),
    };
    let values = |name: &str| {
        let named = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let texts = named.map(|header| std::str::from_utf8(header.value).unwrap_or_default().trim());
        texts.collect::<Vec<_>>()
    };
    let method = request.method.unwrap_or_default();
    let is_get = method == "GET" || method == "HEAD";
    let length = match values("content-length").as_slice() {
        _ if !values("transfer-encoding").is_empty() => {
            return Err(Answer(411, "send the length of the body, and the body as a whole"));
        }
        [] if is_get => 0,
        [] => return Err(Answer(411, "send the length of the body")),
        [length] if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
            // A number that is too long for the type is too large as well.
            length.parse().unwrap_or(usize::MAX)
        }
        _ => return Err(Answer(400, "the length of the body is no number")),
    };
    if length > LARGEST_BODY {
        return Err(Answer(413, "the body has more than 1 MB"));
    }
    let signature = match values(SIGNATURE).as_slice() {
        [signature] => (*signature).to_owned(),
        // None, or several, of which nobody knows which one is meant.
        _ => String::new(),
    };
    Ok(Some(Head {
        method: method.to_owned(),
        path: request.path.unwrap_or_default().to_owned(),
        signature,
        length,
        waits: values("expect").iter().any(|value| value.eq_ignore_ascii_case("100-continue")),
        bytes,
    }))
}

/// Answers, and ends the connection.
pub(super) fn answer(mut stream: &TcpStream, answer: Answer, time: Duration) {
    let Answer(status, text) = answer;
    let line = if text.is_empty() { String::new() } else { format!("{text}\n") };
    let retry = if matches!(status, 429 | 503) { "Retry-After: 30\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{retry}Connection: close\r\n\r\n",
        answer.reason(),
        line.len()
    );
    let _ = stream.set_write_timeout(Some(time));
    // If it does not arrive, its sender asks again, or reports that nobody answered.
    let _ = stream.write_all(format!("{head}{line}").as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
}

/// Reads what a refused sender still sends, within limits: a connection that is closed before would lose the answer.
pub(super) fn drain(stream: &TcpStream) {
    let end = Instant::now() + TIME_OF_REST;
    let mut read = 0;
    let mut bytes = Vec::new();
    while read < LARGEST_REST && more(stream, end, &mut bytes).is_ok() {
        read += bytes.len();
        bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> u16 {
        match head(text.as_bytes()) {
            Err(Answer(status, _)) => status,
            Ok(head) => panic!("{text}: {}", head.is_some()),
        }
    }

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text =
            "POST /task HTTP/1.1\r\nHost: a\r\nCONTENT-length: 5\r\nX-TFC-Task-Signature: ab \r\n\r\nhello";
        for end in 0..text.len() - "hello".len() {
            assert!(head(&text.as_bytes()[..end]).unwrap().is_none(), "{end}");
        }
        let head = head(text.as_bytes()).unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.path.as_str(), head.length), ("POST", "/task", 5));
        assert_eq!((head.signature.as_str(), &text[head.bytes..]), ("ab", "hello"));
    }

    #[test]
    fn a_doubtful_head_is_refused() {
        let post = |headers: &str| refused(&format!("POST / HTTP/1.1\r\n{headers}\r\n"));
        assert_eq!(post(""), 411);
        assert_eq!(post("Transfer-Encoding: chunked\r\n"), 411);
        assert_eq!(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 411);
        assert_eq!(post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
        assert_eq!(post("Content-Length: +5\r\n"), 400);
        assert_eq!(post("Content-Length: \r\n"), 400);
        assert_eq!(post("Content-Length: 1048577\r\n"), 413);
        assert_eq!(post("Content-Length: 99999999999999999999999999\r\n"), 413);
        assert_eq!(post(&"A: b\r\n".repeat(65)), 431);
        assert_eq!(refused("\u{16}\u{3}\u{1}hello"), 400);
    }

    #[test]
    fn two_signatures_are_none() {
        let text = "POST / HTTP/1.1\r\nContent-Length: 0\r\nX-TFC-Task-Signature: a\r\nX-TFC-Task-Signature: b\r\n\r\n";
        assert_eq!(head(text.as_bytes()).unwrap().unwrap().signature, "");
    }
}
