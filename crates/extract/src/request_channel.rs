//! How requests get to a worker.
//!
//! On Unix they travel over a pair of connected sockets, and the open file of the document goes with
//! each (`SCM_RIGHTS`): a worker then needs no right to open anything, and its sandbox can forbid it
//! every file but the fonts of the system. Elsewhere they travel over a pipe, and the worker opens
//! the file by its path.
//!
//! The other way to the same confinement, one worker per document that is started with its file,
//! costs a start each time: 8 to 15 ms with PDFium (measured), where a small document as a whole takes
//! 0.3 to 0.6 ms by this way, as it did by its path.

use crate::frame::{FrameKind, read_frame, write_frame};
use crate::message::Request;
use std::fs::File;
use std::io::{self, Read};
use std::process::Stdio;

/// The parent's end.
#[derive(Debug)]
pub(crate) struct RequestSender {
    #[cfg(unix)]
    socket: std::os::unix::net::UnixStream,
    #[cfg(not(unix))]
    pipe: io::PipeWriter,
}

/// A channel: the parent's end, and what becomes the standard input of the worker.
pub(crate) fn request_channel() -> io::Result<(RequestSender, Stdio)> {
    #[cfg(unix)]
    {
        let (socket, theirs) = std::os::unix::net::UnixStream::pair()?;
        Ok((RequestSender { socket }, std::os::fd::OwnedFd::from(theirs).into()))
    }
    #[cfg(not(unix))]
    {
        let (theirs, pipe) = io::pipe()?;
        Ok((RequestSender { pipe }, theirs.into()))
    }
}

impl RequestSender {
    /// Sends a request together with the document, where the system can.
    pub(crate) fn send(&mut self, request: &Request, document: &File) -> io::Result<()> {
        let payload = serde_json::to_vec(request)?;
        #[cfg(unix)]
        {
            descriptor::send(&self.socket, document)?;
            write_frame(&mut self.socket, FrameKind::Json, &payload)
        }
        #[cfg(not(unix))]
        {
            let _ = document;
            write_frame(&mut self.pipe, FrameKind::Json, &payload)
        }
    }
}

/// The next request from `input` (the standard input of a worker), with the document if it came
/// along; `None` when the parent is gone or says something that is no request.
#[cfg(unix)]
pub(crate) fn next_request(input: &mut (impl Read + std::os::fd::AsFd)) -> Option<(Request, Option<File>)> {
    let document = descriptor::receive(&*input)?;
    let frame = read_frame(input).ok()??;
    Some((serde_json::from_slice(&frame.payload).ok()?, Some(document)))
}

/// The next request from `input` (the standard input of a worker); `None` when the parent is gone or
/// says something that is no request.
#[cfg(not(unix))]
pub(crate) fn next_request(input: &mut impl Read) -> Option<(Request, Option<File>)> {
    let frame = read_frame(input).ok()??;
    Some((serde_json::from_slice(&frame.payload).ok()?, None))
}

/// One open file over a socket, with the one byte that has to go along.
#[cfg(unix)]
mod descriptor {
    use rustix::net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, recvmsg, sendmsg,
    };
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::mem::MaybeUninit;
    use std::os::fd::AsFd;

    /// The byte that carries a file.
    const CARRIER: u8 = b'F';

    pub(super) fn send(socket: impl AsFd, file: &File) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let files = [file.as_fd()];
        if !control.push(SendAncillaryMessage::ScmRights(&files)) {
            return Err(io::Error::other("no room for a file handle"));
        }
        let sent = sendmsg(socket, &[IoSlice::new(&[CARRIER])], &mut control, SendFlags::empty())?;
        if sent == 1 { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    pub(super) fn receive(socket: impl AsFd) -> Option<File> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let received = loop {
            let mut into = [IoSliceMut::new(&mut byte)];
            match recvmsg(&socket, &mut into, &mut control, RecvFlags::empty()) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other.ok()?,
            }
        };
        if received.bytes != 1 || byte != [CARRIER] {
            return None;
        }
        control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next().map(File::from),
            _ => None,
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::{Seek, SeekFrom, Write};
    use std::os::unix::net::UnixStream;

    fn request(page: u32) -> Request {
        Request::Render {
            path: "/gone/文件.pdf".into(),
            format: docent_corpus::Format::Pdf,
            page,
            width_px: 100,
        }
    }

    #[test]
    fn every_request_brings_its_own_file() {
        let (socket, mut theirs) = UnixStream::pair().unwrap();
        let mut sender = RequestSender { socket };
        for page in 0..3u32 {
            let mut file = tempfile::tempfile().unwrap();
            write!(file, "document {page}").unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            sender.send(&request(page), &file).unwrap();
        }
        for page in 0..3 {
            let (request, document) = next_request(&mut theirs).unwrap();
            assert!(matches!(request, Request::Render { page: asked, .. } if asked == page));
            let mut text = String::new();
            document.unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, format!("document {page}"));
        }
        drop(sender);
        assert!(next_request(&mut theirs).is_none());
    }

    #[test]
    fn what_is_no_request_ends_the_conversation() {
        for bytes in [b"J\x02\0\0\0{}".as_slice(), b"F", b"F\0\0", b"\0"] {
            let (mut ours, mut theirs) = UnixStream::pair().unwrap();
            ours.write_all(bytes).unwrap();
            drop(ours);
            assert!(next_request(&mut theirs).is_none(), "{bytes:?}");
        }
    }
}
