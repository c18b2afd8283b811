//! A message as one mailer wants it: header, body, line ends (sendmail operations guide 5.4, 5.5).
//!
//! [`write`] is used for SMTP's DATA, for LMTP, and for what programs and files get. A header field that no rule set changes
//! goes out byte for byte as it came, so that signatures over it stay good; the original writes every address list
//! anew.
//!
//! Trusts nothing of the message: memory is bounded by the header, whose size was limited when it came in; conversion of
//! bodies is bounded by [`crate::mime`].
mod fields;
mod lines;
mod macros;
mod names;

pub use lines::{LineWriter, Shape};
pub use macros::{bare, delivery_macros};

use crate::cf::options::EightBit;
use crate::cf::{Config, Macros, Mailer};
use crate::envelope::{BodyType, Envelope};
use crate::mime;
use crate::rewrite::service::Maps;
use crate::service::Services;
use names::Names;
use std::io::{self, Write};

/// What the other side of the connection can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// It takes 8-bit bodies: the server offered 8BITMIME. Without meaning for mailers that do not speak SMTP.
    pub eight_bit: bool,
}

/// A message made ready for one mailer and some of its recipients.
pub struct Message<'a> {
    config: &'a Config,
    envelope: &'a Envelope,
    mailer: &'a Mailer,
    macros: Macros,
    names: Names<'a>,
    conversion: Conversion,
}

/// What is done to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
    /// Nothing.
    None,
    /// Nothing, but the header gets labels for 8-bit text.
    Label,
    /// Top bits are cleared.
    Strip,
    /// 8-bit parts become quoted-printable or base64.
    ToSeven,
    /// Quoted-printable or base64 text becomes 8-bit.
    ToEight(mime::Decoding),
}

/// Writes `envelope` as `mailer` wants it, for the recipients with these indexes; gives the octets written.
pub fn write(
    svc: &Services,
    envelope: &Envelope,
    mailer: usize,
    recipients: &[usize],
    options: Options,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let now = svc.clock.now().0;
    Message::new(&svc.config, svc.maps.as_ref(), envelope, mailer, recipients, options, now)?.write(out)
}

impl<'a> Message<'a> {
    /// Makes ready; `now`: seconds since 1970.
    pub fn new(
        config: &'a Config,
        maps: &'a dyn Maps,
        envelope: &'a Envelope,
        mailer: usize,
        recipients: &[usize],
        options: Options,
        now: i64,
    ) -> io::Result<Message<'a>> {
        let index = mailer;
        let mailer = config.mailers.get(index).ok_or(io::ErrorKind::InvalidInput)?;
        let macros = delivery_macros(config, maps, envelope, index, recipients, now);
        let mut scratch = macros.clone();
        let names = Names::new(config, maps, index).of_sender(bare(&envelope.sender), &mut scratch);
        let conversion = conversion(config, envelope, mailer, options);
        Ok(Message { config, envelope, mailer, macros, names, conversion })
    }

    /// The macros that stand for this delivery: `$f $g $h $u $i` ...
    pub fn macros(&self) -> &Macros {
        &self.macros
    }

    /// Says whether the other side takes 8-bit bodies, when that is known only later.
    pub fn set_eight_bit(&mut self, eight_bit: bool) {
        self.conversion = conversion(self.config, self.envelope, self.mailer, Options { eight_bit });
    }

    /// Writes it.
    pub fn write(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        let flags = self.mailer.flags;
        let mut buffered = io::BufWriter::with_capacity(64 * 1024, out);
        let mut lines = LineWriter::new(
            &mut buffered,
            Shape {
                eol: self.mailer.eol.clone(),
                limit: usize::try_from(self.mailer.line_limit).unwrap_or(0),
                // Where a lone dot ends the message, no mailer's flags may leave one in it.
                dots: flags.has(b'X') || (self.mailer.speaks_smtp() && !self.mailer.is_file()),
                from: false,
                no_nul: flags.has(b'1'),
                seven: flags.has(b'6'),
            },
        );
        if !flags.has(b'n') && (!self.mailer.speaks_smtp() || self.mailer.is_file()) {
            self.from_line(&mut lines)?;
        }
        let envelope = self.envelope;
        match self.conversion {
            Conversion::ToSeven => {
                let note = self.note();
                let classes = &self.config.classes;
                let rules = mime::Rules {
                    encodable: &|name| classes.contains("e", name.as_bytes()),
                    untouched: &|name| classes.contains("n", name.as_bytes()),
                    never_base64: &|name| classes.contains("q", name.as_bytes()),
                    recurse: &|name| classes.contains("s", name.as_bytes()),
                    charset: self.charset(),
                    from: flags.has(b'E'),
                    ebcdic: flags.has(b'3'),
                    note: &note,
                };
                let header = |name| envelope.headers.find(name).map(|f| f.value.as_slice());
                let (body, edit) = mime::SevenBit::new(
                    envelope.body.reader(),
                    header("MIME-Version").is_some(),
                    header("Content-Type"),
                    header("Content-Transfer-Encoding"),
                    &rules,
                )?;
                self.header(&edit, &mut lines)?;
                lines.reshape(false, flags.has(b'E'));
                body.write(&mut lines)?;
            }
            Conversion::ToEight(decoding) => {
                let note = [format!(" from {} to 8bit", decoding.name()).as_bytes(), &self.note()].concat();
                let add = vec![("Content-Transfer-Encoding", b" 8bit".to_vec()), ("X-MIME-Autoconverted", note)];
                self.header(&mime::Edit { drop_encoding: true, add }, &mut lines)?;
                lines.reshape(false, flags.has(b'E'));
                mime::decode(envelope.body.reader(), decoding, &mut lines)?;
            }
            Conversion::None | Conversion::Strip | Conversion::Label => {
                let mut edit = mime::Edit::default();
                if self.conversion == Conversion::Label {
                    edit.add = vec![
                        ("MIME-Version", b" 1.0".to_vec()),
                        ("Content-Type", [b" text/plain; charset=", self.charset()].concat()),
                        ("Content-Transfer-Encoding", b" 8bit".to_vec()),
                    ];
                }
                self.header(&edit, &mut lines)?;
                lines.reshape(self.conversion == Conversion::Strip, flags.has(b'E'));
                io::copy(&mut io::BufReader::with_capacity(64 * 1024, envelope.body.reader()), &mut lines)?;
            }
        }
        // The original adds no blank line after a last line without an end.
        let blank = flags.has(b'b') && !lines.is_open();
        lines.finish()?;
        if blank {
            lines.write_all(b"\n")?;
        }
        let written = lines.finish()?;
        buffered.flush()?;
        Ok(written)
    }

    fn charset(&self) -> &'a [u8] {
        match &self.mailer.charset {
            Some(charset) => charset,
            None => self.config.options.default_char_set.as_bytes(),
        }
    }

    /// ` by HOST id ID`, for `X-MIME-Autoconverted:`.
    fn note(&self) -> Vec<u8> {
        [b" by ", self.macros.expanded("j").as_slice(), b" id ", self.macros.expanded("i").as_slice()].concat()
    }
}

fn conversion(config: &Config, envelope: &Envelope, mailer: &Mailer, options: Options) -> Conversion {
    let flags = mailer.flags;
    let can_eight =
        !flags.has(b'7') && (!mailer.speaks_smtp() || mailer.is_file() || options.eight_bit || flags.has(b'8'));
    let is_mime = envelope.headers.find("MIME-Version").is_some();
    let mimefy = config.options.eight_bit_mode == EightBit::Mime;
    if envelope.flags.eight_bit {
        let declared = is_mime || envelope.body_type == Some(BodyType::EightBitMime);
        return match can_eight {
            false if declared || mimefy => Conversion::ToSeven,
            false if flags.has(b'7') => Conversion::Strip,
            true if mimefy && !is_mime && !flags.has(b'8') => Conversion::Label,
            _ => Conversion::None,
        };
    }
    if flags.has(b'9') && can_eight && is_mime {
        let plain = envelope
            .headers
            .find("Content-Type")
            .is_some_and(|f| mime::content_type(&f.value).is_some_and(|t| t.kind == "text" && t.subtype == "plain"));
        let encoding = envelope.headers.find("Content-Transfer-Encoding").map(|f| mime::token(&f.value));
        if plain && let Some(decoding) = encoding.and_then(|e| mime::Decoding::named(&e)) {
            return Conversion::ToEight(decoding);
        }
    }
    Conversion::None
}
