//! From 8 bits to 7 (RFC 2045, RFC 6152): a leaf with 8-bit bytes becomes quoted-printable or base64, multiparts and
//! messages are gone through part by part, everything else is left alone.

use super::encode::{Base64, QuotedPrintable};
use super::input::Lines;
use super::{ContentType, MAX_NESTING, content_type, token};
use crate::header::grammar;
use std::io::{self, Read, Seek, Write};

/// The header of a body part may be so long; after that its lines count as body.
const MAX_PART_HEADER: usize = 32 * 1024;
/// Once a leaf has more 8-bit bytes than this its kind is clear.
const ENOUGH: u64 = 4096;
/// Longest boundary looked at (RFC 2046 allows 70).
const MAX_BOUNDARY: usize = 512;

/// What the configuration says about conversion.
pub struct Rules<'a> {
    /// Class `e`: transfer encodings that may be converted (`7bit`, `8bit`, `binary`).
    pub encodable: &'a dyn Fn(&str) -> bool,
    /// Class `n`: types left alone (`multipart/signed`).
    pub untouched: &'a dyn Fn(&str) -> bool,
    /// Class `q`: types that never become base64.
    pub never_base64: &'a dyn Fn(&str) -> bool,
    /// Class `s`: subtypes of `message` that are messages to go into (`rfc822`).
    pub recurse: &'a dyn Fn(&str) -> bool,
    /// `charset=` for 8-bit text without a `Content-Type`.
    pub charset: &'a [u8],
    /// Protect `From ` at the start of a line.
    pub from: bool,
    /// Protect what EBCDIC gateways spoil.
    pub ebcdic: bool,
    /// The end of `X-MIME-Autoconverted:`, ` by HOST id ID`.
    pub note: &'a [u8],
}

/// What becomes of a header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// Drop `Content-Transfer-Encoding`.
    pub drop_encoding: bool,
    /// Fields to add at its end, name and value.
    pub add: Vec<(&'static str, Vec<u8>)>,
}

/// What a header says about its body.
struct Part {
    kind: ContentType,
    labelled: bool,
    mime: bool,
    encoding: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// As it is.
    Raw,
    /// Top bits cleared.
    Strip,
    Quoted,
    Base64,
    Multipart,
    Message,
}

/// How a section ended.
enum End {
    /// The body is over.
    Eof,
    /// A line with boundary number `.0`; `.1`: with the final dashes. The line itself is held.
    Boundary(usize, bool),
}

/// A conversion of one body.
pub struct SevenBit<'a, R> {
    lines: Lines<R>,
    rules: &'a Rules<'a>,
    boundaries: Vec<Vec<u8>>,
    held: Vec<u8>,
    top: Part,
    plan: Plan,
}

impl<'a, R: Read + Seek> SevenBit<'a, R> {
    /// Looks at `body` under a header with these values, and finds out what has to be done.
    pub fn new(
        body: R,
        mime_version: bool,
        kind: Option<&[u8]>,
        encoding: Option<&[u8]>,
        rules: &'a Rules<'a>,
    ) -> io::Result<(SevenBit<'a, R>, Edit)> {
        let top = Part {
            kind: kind.and_then(content_type).unwrap_or_else(ContentType::text_plain),
            labelled: kind.is_some(),
            mime: mime_version,
            encoding: encoding.map(token).unwrap_or_default(),
        };
        let mut this =
            SevenBit { lines: Lines::new(body), rules, boundaries: Vec::new(), held: Vec::new(), top, plan: Plan::Raw };
        let top = std::mem::replace(&mut this.top, Part::plain());
        this.plan = this.decide(&top, 0)?;
        let mut edit = this.edit(this.plan);
        if !edit.add.is_empty() {
            let mut add = Vec::new();
            if !top.mime {
                add.push(("MIME-Version", b" 1.0".to_vec()));
            }
            if !top.labelled {
                add.push(("Content-Type", [b" text/plain; charset=", rules.charset].concat()));
            }
            add.append(&mut edit.add);
            edit.add = add;
        }
        this.top = top;
        Ok((this, edit))
    }

    /// Writes the converted body, lines ending in LF.
    pub fn write(mut self, out: &mut dyn Write) -> io::Result<()> {
        let (part, plan) = (std::mem::replace(&mut self.top, Part::plain()), self.plan);
        self.body(&part, plan, 0, out).map(|_| ())
    }

    fn decide(&mut self, part: &Part, depth: usize) -> io::Result<Plan> {
        let (kind, full) = (part.kind.kind.as_str(), part.kind.full());
        if (self.rules.untouched)(&full) || (self.rules.untouched)(kind) {
            return Ok(Plan::Raw);
        }
        if !part.encoding.is_empty() && !(self.rules.encodable)(&part.encoding) {
            return Ok(Plan::Raw);
        }
        if kind == "multipart" {
            let good = part.kind.boundary.as_ref().is_some_and(|b| b.len() <= MAX_BOUNDARY);
            return Ok(if good && depth < MAX_NESTING { Plan::Multipart } else { Plan::Strip });
        }
        if kind == "message" {
            let inside = (self.rules.recurse)(&part.kind.subtype) && depth < MAX_NESTING;
            // Other messages must not be encoded at all (RFC 2046 5.2).
            return Ok(if inside { Plan::Message } else { Plan::Raw });
        }
        let mark = self.lines.mark();
        let (mut high, mut all) = (0u64, 0u64);
        while high <= ENOUGH {
            let Some((piece, begins)) = self.lines.next_piece()? else { break };
            if begins && boundary_at(&self.boundaries, piece).is_some() {
                break;
            }
            high += piece.iter().filter(|b| **b >= 0x80).count() as u64;
            all += piece.len() as u64;
        }
        self.lines.back_to(mark)?;
        if high == 0 {
            return Ok(Plan::Raw);
        }
        let quoted = (self.rules.never_base64)(&full) || (self.rules.never_base64)(kind);
        Ok(if !quoted && (high > all / 8 || part.encoding == "binary") { Plan::Base64 } else { Plan::Quoted })
    }

    fn edit(&self, plan: Plan) -> Edit {
        let name = match plan {
            Plan::Quoted => "quoted-printable",
            Plan::Base64 => "base64",
            _ => return Edit::default(),
        };
        let note = [format!(" from 8bit to {name}").as_bytes(), self.rules.note].concat();
        Edit {
            drop_encoding: true,
            add: vec![("Content-Transfer-Encoding", format!(" {name}").into_bytes()), ("X-MIME-Autoconverted", note)],
        }
    }

    fn body(&mut self, part: &Part, plan: Plan, depth: usize, out: &mut dyn Write) -> io::Result<End> {
        match plan {
            Plan::Multipart => self.multipart(part, depth, out),
            Plan::Message => self.part(ContentType::text_plain(), true, depth + 1, out),
            Plan::Raw => self.section(out, |piece, out| out.write_all(piece)),
            Plan::Strip => self.strip(out),
            Plan::Quoted => {
                let mut encoder = QuotedPrintable::new(self.rules.from, self.rules.ebcdic);
                let end = self.section(out, |piece, out| encoder.feed(piece, out))?;
                encoder.finish(out)?;
                Ok(end)
            }
            Plan::Base64 => {
                let mut encoder = Base64::default();
                // The line break before a boundary belongs to the boundary (RFC 2046 5.1.1).
                let mut owed = false;
                let end = self.section(out, |piece, out| {
                    if owed {
                        encoder.feed(b"\n", out)?;
                    }
                    owed = piece.last() == Some(&b'\n');
                    encoder.feed(piece.strip_suffix(b"\n").unwrap_or(piece), out)
                })?;
                if owed && matches!(end, End::Eof) {
                    encoder.feed(b"\n", out)?;
                }
                encoder.finish(out)?;
                Ok(end)
            }
        }
    }

    fn strip(&mut self, out: &mut dyn Write) -> io::Result<End> {
        self.section(out, |piece, out| {
            let clear: Vec<u8> = piece.iter().map(|b| b & 0x7f).collect();
            out.write_all(&clear)
        })
    }

    /// Hands the pieces up to the next boundary to `each`.
    fn section(
        &mut self,
        out: &mut dyn Write,
        mut each: impl FnMut(&[u8], &mut dyn Write) -> io::Result<()>,
    ) -> io::Result<End> {
        while let Some((piece, begins)) = self.lines.next_piece()? {
            if begins && let Some((level, last)) = boundary_at(&self.boundaries, piece) {
                self.held = piece.to_vec();
                return Ok(End::Boundary(level, last));
            }
            each(piece, out)?;
        }
        Ok(End::Eof)
    }

    fn multipart(&mut self, part: &Part, depth: usize, out: &mut dyn Write) -> io::Result<End> {
        let boundary = part.kind.boundary.clone().unwrap_or_default();
        let level = self.boundaries.len();
        self.boundaries.push(boundary.clone());
        let default = if part.kind.subtype == "digest" { ContentType::message() } else { ContentType::text_plain() };
        let mut end = self.strip(out)?;
        while matches!(end, End::Boundary(at, false) if at == level) {
            out.write_all(&self.held)?;
            end = self.part(default.clone(), false, depth + 1, out)?;
        }
        self.boundaries.truncate(level);
        if matches!(end, End::Boundary(at, true) if at == level) {
            out.write_all(&self.held)?;
            return self.strip(out);
        }
        out.write_all(&[b"--", boundary.as_slice(), b"--\n"].concat())?;
        Ok(end)
    }

    /// A header and its body; `message`: of a message inside a message, which needs MIME-Version.
    fn part(&mut self, default: ContentType, message: bool, depth: usize, out: &mut dyn Write) -> io::Result<End> {
        let mut header = Vec::new();
        let mut open = false;
        let ended = loop {
            let mark = self.lines.mark();
            let Some((piece, begins)) = self.lines.next_piece()? else { break Some(End::Eof) };
            if begins && let Some((level, last)) = boundary_at(&self.boundaries, piece) {
                self.held = piece.to_vec();
                break Some(End::Boundary(level, last));
            }
            if begins && piece == b"\n" {
                break None;
            }
            if header.len() + piece.len() > MAX_PART_HEADER {
                self.lines.back_to(mark)?;
                open = true;
                break None;
            }
            header.extend_from_slice(piece);
        };
        if let Some(end) = ended {
            out.write_all(&header)?;
            return Ok(end);
        }
        let part = Part::read(&header, default, message);
        let plan = if open { Plan::Strip } else { self.decide(&part, depth)? };
        let mut edit = self.edit(plan);
        if message && !part.mime {
            edit.add.insert(0, ("MIME-Version", b" 1.0".to_vec()));
        }
        for field in grammar::fields(&header) {
            if !(edit.drop_encoding && field.is("Content-Transfer-Encoding")) {
                out.write_all(field.raw)?;
            }
        }
        for (name, value) in &edit.add {
            out.write_all(&[name.as_bytes(), b":", value, b"\n"].concat())?;
        }
        if !open {
            out.write_all(b"\n")?;
        }
        let in_message = part.kind.kind == "message";
        match plan {
            Plan::Message => self.part(ContentType::text_plain(), in_message, depth + 1, out),
            _ => self.body(&part, plan, depth, out),
        }
    }
}

impl Part {
    fn plain() -> Part {
        Part { kind: ContentType::text_plain(), labelled: false, mime: true, encoding: String::new() }
    }

    fn read(header: &[u8], default: ContentType, message: bool) -> Part {
        let mut part = Part { kind: default, labelled: false, mime: !message, encoding: String::new() };
        for field in grammar::fields(header) {
            if field.is("Content-Type") {
                part.kind = content_type(field.value).unwrap_or_else(ContentType::text_plain);
                part.labelled = true;
            } else if field.is("Content-Transfer-Encoding") {
                part.encoding = token(field.value);
            } else if field.is("MIME-Version") {
                part.mime = true;
            }
        }
        part
    }
}

/// The innermost of `boundaries` that `line` is a delimiter of, and whether it is the closing one.
fn boundary_at(boundaries: &[Vec<u8>], line: &[u8]) -> Option<(usize, bool)> {
    let text = line.strip_prefix(b"--")?.trim_ascii_end();
    boundaries.iter().enumerate().rev().find_map(|(level, boundary)| {
        let rest = text.strip_prefix(boundary.trim_ascii_end())?;
        match rest {
            b"" => Some((level, false)),
            b"--" => Some((level, true)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(kind: Option<&[u8]>, body: &[u8]) -> (Edit, Vec<u8>) {
        let rules = Rules {
            encodable: &|e| matches!(e, "7bit" | "8bit" | "binary"),
            untouched: &|t| t == "multipart/signed",
            never_base64: &|_| false,
            recurse: &|s| s == "rfc822",
            charset: b"unknown-8bit",
            from: false,
            ebcdic: false,
            note: b" by h id X",
        };
        let (conversion, edit) = SevenBit::new(io::Cursor::new(body), kind.is_some(), kind, None, &rules).unwrap();
        let mut out = Vec::new();
        conversion.write(&mut out).unwrap();
        (edit, out)
    }

    #[test]
    fn plain_text_gets_mime_fields() {
        let (edit, body) = convert(None, b"caf\xe9 \n");
        assert_eq!(body, b"Y2Fm6SANCg==\n");
        let names: Vec<_> = edit.add.iter().map(|(n, _)| *n).collect();
        assert_eq!(names, ["MIME-Version", "Content-Type", "Content-Transfer-Encoding", "X-MIME-Autoconverted"]);
        assert_eq!(edit.add[3].1, b" from 8bit to base64 by h id X");
        assert_eq!(convert(None, b"ascii\n"), (Edit::default(), b"ascii\n".to_vec()));
    }

    #[test]
    fn parts_are_converted_one_by_one() {
        let body = b"pre \xe9\n--b1\nContent-Type: application/x\nContent-Transfer-Encoding: 8bit\nX-Other: y\n\nbin\xe9\xe8\n\
            --b1\nContent-Type: multipart/signed; boundary=b3\n\n--b3\n\nsigned \xe9\n--b3--\n--b1\nContent-Type: message/rfc822\n\n\
            Subject: i\n\nlong enough to be quoted printable \xe9\n--b1--\nepi \xe9\n";
        let want = b"pre i\n--b1\nContent-Type: application/x\nX-Other: y\nContent-Transfer-Encoding: base64\n\
            X-MIME-Autoconverted: from 8bit to base64 by h id X\n\nYmlu6eg=\n--b1\nContent-Type: multipart/signed; boundary=b3\n\n\
            --b3\n\nsigned \xe9\n--b3--\n--b1\nContent-Type: message/rfc822\n\nSubject: i\nMIME-Version: 1.0\n\
            Content-Transfer-Encoding: quoted-printable\nX-MIME-Autoconverted: from 8bit to quoted-printable by h id X\n\n\
            long enough to be quoted printable =E9\n--b1--\nepi i\n";
        let (edit, out) = convert(Some(b" multipart/mixed; boundary=\"b1\""), body);
        assert_eq!(edit, Edit::default());
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(want));
    }

    #[test]
    fn nesting_is_bounded() {
        let mut body = Vec::new();
        for i in 0..3000 {
            body.extend_from_slice(
                format!("--x{i}\nContent-Type: multipart/mixed; boundary=x{}\n\n", i + 1).as_bytes(),
            );
        }
        body.extend_from_slice(b"\xe9\n");
        let (_, out) = convert(Some(b"multipart/mixed; boundary=x0"), &body);
        assert!(out.len() < body.len() + 2000);
    }

    proptest::proptest! {
        #[test]
        fn the_result_has_seven_bits(body in proptest::collection::vec(proptest::sample::select(&b"ab-\n\n\xe9=."[..]), 0..300)) {
            for kind in [None, Some(&b"text/plain"[..])] {
                proptest::prop_assert!(convert(kind, &body).1.is_ascii());
            }
            // The headers of parts stay as they are.
            convert(Some(b"multipart/mixed; boundary=a"), &body);
        }
    }
}
