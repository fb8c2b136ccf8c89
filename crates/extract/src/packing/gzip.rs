//! The content of a gzip file (RFC 1952): one or more members, the content of which belongs together.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Chain, Cursor, Read};

/// What a member begins with.
const MARK: [u8; 2] = [0x1F, 0x8B];

/// The content of all members. The checksum of each is compared when its content ends. What follows the
/// last member and is none itself (a signature, the filling of a tape) is left alone, as gzip does.
pub(super) struct Members<R> {
    /// The member that is being read; `None` behind the last.
    member: Option<GzDecoder<Chain<Cursor<Vec<u8>>, R>>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(packed: R) -> Self {
        Self { member: Some(member(Vec::new(), packed)) }
    }

    /// Goes on to the next member, if there is one.
    fn next(&mut self) -> io::Result<()> {
        let Some((_, mut packed)) = self.member.take().map(|member| member.into_inner().into_inner()) else {
            return Ok(());
        };
        skip_zeros(&mut packed)?;
        let mut mark = Vec::new();
        packed.by_ref().take(MARK.len() as u64).read_to_end(&mut mark)?;
        if mark == MARK {
            self.member = Some(member(mark, packed));
        }
        Ok(())
    }
}

/// A member whose first bytes were taken from the stream already.
fn member<R: BufRead>(taken: Vec<u8>, packed: R) -> GzDecoder<Chain<Cursor<Vec<u8>>, R>> {
    GzDecoder::new(Cursor::new(taken).chain(packed))
}

/// Some writers fill the last block of a medium with zeros and go on behind it.
fn skip_zeros(packed: &mut impl BufRead) -> io::Result<()> {
    loop {
        let ahead = packed.fill_buf()?;
        let (zeros, all) = (ahead.iter().take_while(|byte| **byte == 0).count(), ahead.len());
        packed.consume(zeros);
        if zeros < all || all == 0 {
            return Ok(());
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            match member.read(buffer)? {
                0 => self.next()?,
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Write};

    fn gzipped(content: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(content).unwrap();
        packed.finish().unwrap()
    }

    /// The content, and whether it ended without an error; read in pieces of every size up to the whole.
    fn content(packed: &[u8]) -> (Vec<u8>, bool) {
        let read = |capacity| {
            let mut content = Vec::new();
            let ended = Members::new(BufReader::with_capacity(capacity, packed)).read_to_end(&mut content);
            (content, ended.is_ok())
        };
        let whole = read(packed.len().max(1));
        for capacity in [1, 2, 3, 7] {
            assert_eq!(read(capacity), whole, "{capacity}");
        }
        whole
    }

    #[test]
    fn members_are_one_content_and_what_follows_them_is_left_alone() {
        let (one, two) = (gzipped(b"one "), gzipped(b"two"));
        let whole = (b"one two".to_vec(), true);
        assert_eq!(content(&[&one[..], &two].concat()), whole);
        assert_eq!(content(&[&one[..], &gzipped(b""), &two].concat()), whole);
        for rest in [&[0_u8; 9][..], b"\0\0signature", b"\x1F", b"PK\x03\x04", b"\n"] {
            assert_eq!(content(&[&one[..], &two, rest].concat()), whole, "{rest:?}");
        }
        assert_eq!(content(&[&one[..], &[0; 5], &two].concat()), whole);
    }

    #[test]
    fn a_wrong_checksum_or_length_of_any_member_is_an_error_behind_its_content() {
        for at in 1..=8 {
            let mut wrong = gzipped(b"one ");
            let end = wrong.len();
            wrong[end - at] ^= 1;
            assert_eq!(content(&wrong), (b"one ".to_vec(), false), "{at}");
            assert_eq!(content(&[&wrong[..], &gzipped(b"two")].concat()), (b"one ".to_vec(), false), "{at}");
            let second = content(&[&gzipped(b"first, ")[..], &wrong].concat());
            assert_eq!(second, (b"first, one ".to_vec(), false), "{at}");
        }
    }

    #[test]
    fn a_member_that_breaks_off_is_an_error() {
        let (one, two) = (gzipped(b"one "), gzipped(b"two"));
        for length in 2..two.len() {
            let (content, whole) = content(&[&one[..], &two[..length]].concat());
            assert!(content.starts_with(b"one ") && !whole, "{length}");
        }
        assert!(!content(b"").1 && !content(b"\x1F\x8B").1);
    }
}
