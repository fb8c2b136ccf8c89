//! Frames on the pipes between parent and worker: one byte of kind, the length as a 32-bit number
//! (little-endian), the payload. JSON for messages, raw bytes for pictures.

use std::io::{self, Read, Write};

/// Longest payload either side accepts, in bytes.
pub(crate) const MAX_PAYLOAD: usize = 128 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Json,
    Picture,
}

/// One frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) payload: Vec<u8>,
}

/// Writes one frame. A payload over the limit is an error, and nothing is written.
pub(crate) fn write_frame(to: &mut impl Write, kind: FrameKind, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_PAYLOAD);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "frame too long"))?;
    to.write_all(&[match kind {
        FrameKind::Json => b'J',
        FrameKind::Picture => b'P',
    }])?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(payload)?;
    to.flush()
}

/// Reads one frame; `None` at a clean end. Memory is taken as bytes arrive, not as the length claims.
pub(crate) fn read_frame(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut kind = [0u8; 1];
    loop {
        match from.read(&mut kind) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let kind = match kind[0] {
        b'J' => FrameKind::Json,
        b'P' => FrameKind::Picture,
        _ => return Err(invalid("unknown frame kind")),
    };
    let mut length = [0u8; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_PAYLOAD {
        return Err(invalid("frame longer than allowed"));
    }
    let mut payload = Vec::new();
    from.by_ref().take(length as u64).read_to_end(&mut payload)?;
    if payload.len() != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Frame { kind, payload }))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_pipe() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, FrameKind::Json, b"{}").unwrap();
        write_frame(&mut pipe, FrameKind::Picture, &[1, 2, 3]).unwrap();
        let mut from = pipe.as_slice();
        assert_eq!(read_frame(&mut from).unwrap().unwrap().payload, b"{}");
        assert_eq!(read_frame(&mut from).unwrap().unwrap().kind, FrameKind::Picture);
        assert!(read_frame(&mut from).unwrap().is_none());
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        assert!(read_frame(&mut [b'J', 0xFF, 0xFF, 0xFF, 0xFF].as_slice()).is_err());
        assert!(read_frame(&mut [b'J', 9, 0, 0, 0, 1].as_slice()).is_err());
        assert!(read_frame(&mut [b'x', 0, 0, 0, 0].as_slice()).is_err());
    }
}
