//! What `mta` and `auth` say to each other: frames of a length, an exchange's number, an operation and its fields.
//!
//! Passwords travel here, so frames are wiped when dropped.

use crate::sasl::{Facts, Failure, Identity, Step};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Largest frame; a longer one ends the connection.
const MAX_FRAME: usize = 64 * 1024;

/// `mta` to `auth`.
pub enum Request {
    /// List the mechanisms.
    Mechanisms(Facts),
    /// Begin an exchange of this mechanism.
    Start(String, Facts),
    /// The client's response, decoded; `None` for no initial response.
    Step(Option<Zeroizing<Vec<u8>>>),
    /// The exchange is over.
    Drop,
}

/// `auth` to `mta`.
pub enum Answer {
    /// To `Mechanisms`.
    Mechanisms(Vec<String>),
    /// To `Start`: whether there is such a mechanism.
    Started(bool),
    /// To `Step`.
    Step(Step),
}

fn bad() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

/// Builds a frame.
struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    fn new(id: u64, operation: u8) -> Writer {
        let mut frame = Zeroizing::new(vec![0; 4]);
        frame.extend_from_slice(&id.to_be_bytes());
        frame.push(operation);
        Writer(frame)
    }

    fn number(&mut self, n: u32) -> &mut Writer {
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Writer {
        self.number(bytes.len() as u32);
        self.0.extend_from_slice(bytes);
        self
    }

    fn maybe(&mut self, bytes: Option<&[u8]>) -> &mut Writer {
        match bytes {
            Some(bytes) => self.number(1).bytes(bytes),
            None => self.number(0),
        }
    }

    fn facts(&mut self, facts: &Facts) -> &mut Writer {
        self.number(facts.tls_bits).maybe(facts.external.as_deref()).bytes(&facts.host).bytes(&facts.realm);
        self.number(facts.security);
        self.bytes(facts.local.as_bytes()).bytes(facts.remote.as_bytes())
    }

    fn send(&mut self, out: &mut impl Write) -> io::Result<()> {
        let length = self.0.len() - 4;
        if length > MAX_FRAME {
            return Err(bad());
        }
        self.0[..4].copy_from_slice(&(length as u32).to_be_bytes());
        out.write_all(&self.0)
    }
}

/// Takes a frame apart.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> io::Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n).ok_or_else(bad)?;
        self.0 = tail;
        Ok(head)
    }

    fn number(&mut self) -> io::Result<u32> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into().map_err(|_| bad())?))
    }

    fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let n = self.number()?;
        self.take(n as usize)
    }

    fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| bad())
    }

    fn maybe(&mut self) -> io::Result<Option<&'a [u8]>> {
        match self.number()? {
            0 => Ok(None),
            _ => Ok(Some(self.bytes()?)),
        }
    }

    fn facts(&mut self) -> io::Result<Facts> {
        Ok(Facts {
            tls_bits: self.number()?,
            external: self.maybe()?.map(<[u8]>::to_vec),
            host: self.bytes()?.to_vec(),
            realm: self.bytes()?.to_vec(),
            security: self.number()?,
            local: self.text()?,
            remote: self.text()?,
        })
    }
}

/// One frame: the exchange's number, the operation, the fields. `None` at the end of the connection.
fn read_frame(from: &mut impl Read) -> io::Result<Option<(u64, u8, Zeroizing<Vec<u8>>)>> {
    let mut head = [0; 4];
    match from.read_exact(&mut head) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_be_bytes(head) as usize;
    if !(9..=MAX_FRAME).contains(&length) {
        return Err(bad());
    }
    let mut frame = Zeroizing::new(vec![0; length]);
    from.read_exact(&mut frame)?;
    let mut reader = Reader(&frame);
    let id = u64::from_be_bytes(reader.take(8)?.try_into().map_err(|_| bad())?);
    let operation = reader.take(1)?.first().copied().unwrap_or_default();
    let fields = Zeroizing::new(reader.0.to_vec());
    Ok(Some((id, operation, fields)))
}

impl Request {
    /// Sends the request for exchange `id`.
    pub fn send(&self, id: u64, out: &mut impl Write) -> io::Result<()> {
        match self {
            Request::Mechanisms(facts) => Writer::new(id, 0).facts(facts).send(out),
            Request::Start(mechanism, facts) => Writer::new(id, 1).bytes(mechanism.as_bytes()).facts(facts).send(out),
            Request::Step(response) => Writer::new(id, 2).maybe(response.as_deref().map(|r| r.as_slice())).send(out),
            Request::Drop => Writer::new(id, 3).send(out),
        }
    }

    /// Receives the next request; `None` at the end.
    pub fn receive(from: &mut impl Read) -> io::Result<Option<(u64, Request)>> {
        let Some((id, operation, fields)) = read_frame(from)? else { return Ok(None) };
        let mut reader = Reader(&fields);
        let request = match operation {
            0 => Request::Mechanisms(reader.facts()?),
            1 => Request::Start(reader.text()?, reader.facts()?),
            2 => Request::Step(reader.maybe()?.map(|r| Zeroizing::new(r.to_vec()))),
            3 => Request::Drop,
            _ => return Err(bad()),
        };
        Ok(Some((id, request)))
    }
}

impl Answer {
    /// Sends the answer for exchange `id`.
    pub fn send(&self, id: u64, out: &mut impl Write) -> io::Result<()> {
        match self {
            Answer::Mechanisms(names) => Writer::new(id, 0).bytes(names.join(" ").as_bytes()).send(out),
            Answer::Started(yes) => Writer::new(id, 1).number(u32::from(*yes)).send(out),
            Answer::Step(Step::Challenge(text)) => Writer::new(id, 2).bytes(text).send(out),
            Answer::Step(Step::Done(who)) => {
                Writer::new(id, 3).bytes(&who.authen).bytes(&who.author).number(who.ssf).send(out)
            }
            Answer::Step(Step::Failed(why)) => Writer::new(id, 4)
                .number(why.code as u32)
                .bytes(why.text.as_bytes())
                .bytes(why.detail.as_bytes())
                .maybe(why.user.as_deref())
                .number(u32::from(why.transient))
                .send(out),
        }
    }

    /// Receives the next answer; `None` at the end.
    pub fn receive(from: &mut impl Read) -> io::Result<Option<(u64, Answer)>> {
        let Some((id, operation, fields)) = read_frame(from)? else { return Ok(None) };
        let mut reader = Reader(&fields);
        let answer = match operation {
            0 => Answer::Mechanisms(reader.text()?.split_ascii_whitespace().map(str::to_owned).collect()),
            1 => Answer::Started(reader.number()? != 0),
            2 => Answer::Step(Step::Challenge(reader.bytes()?.to_vec())),
            3 => Answer::Step(Step::Done(Identity {
                authen: reader.bytes()?.to_vec(),
                author: reader.bytes()?.to_vec(),
                ssf: reader.number()?,
            })),
            4 => Answer::Step(Step::Failed(Failure {
                code: reader.number()? as i32,
                text: reader.text()?,
                detail: reader.text()?,
                user: reader.maybe()?.map(<[u8]>::to_vec),
                transient: reader.number()? != 0,
            })),
            _ => return Err(bad()),
        };
        Ok(Some((id, answer)))
    }
}
