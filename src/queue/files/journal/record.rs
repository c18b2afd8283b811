//! The records of the journal, and the head of a segment, as octets.
//!
//! A record begins at a multiple of [`BLOCK`]. The generation is drawn anew for each use of a segment, so nothing that was in it
//! before, and nothing that a message carries, can pass for a record of this use.

use crate::envelope::QueueId;
use crate::queue::files::Kind;

/// Records begin at multiples of this: what a disk writes in one piece.
pub(super) const BLOCK: usize = 512;
/// Room for a segment's head.
pub(super) const HEAD: u64 = 4096;
/// Length of a record's head.
pub(super) const RECORD: usize = 96;
/// Where the octet stands that says that a message is done with.
pub(super) const STATE: u64 = 16;
/// The value of that octet.
pub(super) const DONE: u8 = 1;

const SEGMENT_MAGIC: &[u8; 8] = b"PrSegm01";
const RECORD_MAGIC: &[u8; 8] = b"PrRecd01";
/// Longest identifier that the head has room for.
const MAX_ID: usize = 32;
const DIGEST: usize = 32;

/// A message in the journal.
pub(in crate::queue::files) struct Record {
    /// Its identifier.
    pub id: QueueId,
    /// What its control file is.
    pub kind: Kind,
    /// It was delivered, or refused after all.
    pub done: bool,
    /// The directory where its files belong.
    pub place: Vec<u8>,
    /// The control file.
    pub control: Vec<u8>,
    /// The data file.
    pub body: Vec<u8>,
}

/// Octets that a record with so many octets of text takes.
pub(super) fn length(text: usize) -> usize {
    (RECORD + text).next_multiple_of(BLOCK)
}

/// The head of a segment in use; generation 0 is that of a free one.
pub(super) fn segment(generation: u64) -> [u8; 16] {
    let mut head = [0; 16];
    let (magic, number) = head.split_at_mut(8);
    magic.copy_from_slice(SEGMENT_MAGIC);
    number.copy_from_slice(&generation.to_be_bytes());
    head
}

/// The generation in a segment's head, if it is in use.
pub(super) fn generation(head: &[u8]) -> Option<u64> {
    let rest = head.strip_prefix(SEGMENT_MAGIC)?;
    Some(u64::from_be_bytes(rest.get(..8)?.try_into().ok()?)).filter(|g| *g != 0)
}

/// Writes a record; `None` when it does not fit the form.
pub(super) fn encode(
    generation: u64,
    id: &QueueId,
    kind: Kind,
    place: &[u8],
    control: &[u8],
    body: &[u8],
) -> Option<Vec<u8>> {
    let name = id.as_str().as_bytes();
    let length = length(place.len() + control.len() + body.len());
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(RECORD_MAGIC);
    out.extend_from_slice(&generation.to_be_bytes());
    out.extend_from_slice(&[0, kind.prefix().as_bytes().first().copied()?, u8::try_from(name.len()).ok()?, 0]);
    out.extend_from_slice(&u32::try_from(control.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&u32::try_from(place.len()).ok()?.to_be_bytes());
    if name.len() > MAX_ID {
        return None;
    }
    out.extend_from_slice(name);
    out.resize(RECORD - DIGEST, 0);
    let digest = digest(&out, &[place, control, body]);
    out.extend_from_slice(&digest);
    out.extend_from_slice(place);
    out.extend_from_slice(control);
    out.extend_from_slice(body);
    out.resize(length, 0);
    Some(out)
}

/// Reads the record at the start of `text`, with the octets that it takes.
pub(super) fn decode(generation: u64, text: &[u8]) -> Option<(Record, usize)> {
    let (head, rest) = text.split_at_checked(RECORD)?;
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?) as usize);
    if !head.starts_with(RECORD_MAGIC) || head.get(8..16)? != generation.to_be_bytes() {
        return None;
    }
    let (control, body, place) = (number(20)?, number(24)?, number(28)?);
    let all = control.checked_add(body)?.checked_add(place)?;
    let (place, texts) = rest.get(..all)?.split_at_checked(place)?;
    let (control, body) = texts.split_at_checked(control)?;
    let (fields, sum) = head.split_at_checked(RECORD - DIGEST)?;
    if digest(fields, &[place, control, body]) != sum {
        return None;
    }
    let kind = match head.get(17)? {
        b'q' => Kind::Normal,
        b'h' => Kind::Quarantined,
        _ => return None,
    };
    let name = head.get(32..32 + usize::from(*head.get(18)?).min(MAX_ID))?;
    let record = Record {
        id: QueueId::parse(name)?,
        kind,
        done: head.get(16) == Some(&DONE),
        place: place.to_vec(),
        control: control.to_vec(),
        body: body.to_vec(),
    };
    Some((record, length(all)))
}

/// A sum over everything but the state, which changes in place.
fn digest(head: &[u8], texts: &[&[u8]]) -> [u8; DIGEST] {
    let mut sum = openssl::sha::Sha256::new();
    sum.update(head.get(..STATE as usize).unwrap_or_default());
    sum.update(head.get(STATE as usize + 1..).unwrap_or_default());
    texts.iter().for_each(|text| sum.update(text));
    sum.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_and_others_do_not_pass() {
        let id = QueueId::parse(b"6AMIlQ12018769").unwrap();
        let mut text = encode(7, &id, Kind::Normal, b"/q", b"V8\n.\n", b"hello\n").unwrap();
        assert_eq!(text.len(), BLOCK);
        let (record, length) = decode(7, &text).unwrap();
        assert_eq!((record.id, record.done, length), (id, false, BLOCK));
        assert_eq!((&record.place[..], &record.control[..]), (&b"/q"[..], &b"V8\n.\n"[..]));
        assert_eq!(record.body, b"hello\n");
        text[STATE as usize] = DONE;
        assert!(decode(7, &text).unwrap().0.done);
        assert!(decode(8, &text).is_none());
        for at in [0, 9, 17, 20, 33, 70, RECORD, RECORD + 9] {
            let mut other = text.clone();
            other[at] ^= 1;
            assert!(decode(7, &other).is_none(), "octet {at}");
        }
        for cut in 0..RECORD + 13 {
            assert!(decode(7, &text[..cut]).is_none());
        }
        assert_eq!(generation(&segment(9)), Some(9));
        assert_eq!((generation(&segment(0)), generation(b"PrSegm01")), (None, None));
    }
}
