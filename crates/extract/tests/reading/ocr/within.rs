//! Scans within other files.

use super::*;
use crate::support::read_bytes;

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn scans_within_files_are_recognised_in_their_place() {
    let picture = fixture("scan_chinese.png");
    let inner = zipped(&[("other.png", &fixture("stains.png")), ("letters/scan.png", &picture)]);
    let outer = zipped(&[("note.txt", b"Only a note."), ("inner.zip", &inner)]);
    let recognition = || recognition(&["chi_sim"]);
    let document = read_with(recognition(), "outer.zip", &outer).unwrap();
    let recognised = |block: &&docent_corpus::Block| {
        let Place::Member { path, place } = &block.place else { return false };
        let Place::Member { path: below, place } = &**place else { return false };
        let Place::Page { page: 0, .. } = &**place else { return false };
        (path.as_str(), below.as_str()) == ("inner.zip", "letters/scan.png")
    };
    let blocks: Vec<_> = document.blocks.iter().filter(recognised).collect();
    assert_eq!(blocks[0].span.of(&document.text), Some("letters/scan.png"));
    let text: String = blocks[1..].iter().map(|block| block.span.of(&document.text).unwrap()).collect();
    let f1 = character_f1(&text, &fixture_text("scan_chinese.txt"));
    assert!(f1 >= MIN_CHINESE && document.text.starts_with("note.txt\n\nOnly a note."), "{f1}");
    // The picture without letters is still told of, the other one is not.
    assert_eq!(document.warnings.len(), 1, "{:?}", document.warnings);

    let alone = zipped(&[("scan.png", &picture)]);
    assert!(read_with(recognition(), "alone.zip", &alone).is_ok());
    assert!(matches!(read_bytes("alone.zip", &alone), Err(ExtractError::NoText)));
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (at, three) in bytes.chunks(3).enumerate() {
        let joined =
            three.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let sign = |place: usize| char::from(SIGNS[(joined >> (18 - 6 * place)) as usize & 63]);
        text.extend((0..4).map(|place| if place <= three.len() { sign(place) } else { '=' }));
        text.push_str(if at % 18 == 17 { "\r\n" } else { "" });
    }
    text
}

#[test]
fn scans_in_the_mails_of_a_mailbox_are_recognised() {
    let scan = base64(&fixture("scan_chinese.png"));
    let mail = |subject: &str, part: &str| {
        format!(
            "From a@b Sat Nov 21 10:00:00 2026\r\nFrom: a@b\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n\
             {part}--x--\r\n\r\n"
        )
    };
    let attached = format!(
        "--x\r\nContent-Type: image/png; name=scan.png\r\nContent-Disposition: attachment; filename=scan.png\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{scan}\r\n"
    );
    let mailbox = mail("one", "") + &mail("two", &attached);
    let document = read_with(recognition(&["chi_sim"]), "box.mbox", mailbox.as_bytes()).unwrap();
    let recognised = |block: &&docent_corpus::Block| matches!(&block.place, Place::Member { path, .. } if path == "scan.png");
    let blocks = document.blocks.iter().filter(recognised);
    let text: String = blocks.skip(1).map(|block| block.span.of(&document.text).unwrap()).collect();
    let f1 = character_f1(&text, &fixture_text("scan_chinese.txt"));
    assert!(f1 >= MIN_CHINESE, "{f1}: {}", document.text);
}
