//! Plain text of a mail: paragraphs, quoted replies, the signature; lines of `format=flowed`
//! (RFC 3676) are joined again.

use super::super::lines::lines;
use crate::message::Stop;
use crate::script::is_dropped;
use docent_corpus::BlockKind;

/// A paragraph is ended at the next line end once it is this long.
const PARAGRAPH_BYTES: usize = 32 << 10;
/// Text below a signature's mark that has more lines than this is no signature. Empty ones do not
/// count.
const SIGNATURE_LINES: usize = 6;
/// The letter that is answered begins with one of these, in the languages of common programs.
const SENDERS: &[&str] = &[
    "From:",
    "Von:",
    "De:",
    "De :",
    "Da:",
    "Van:",
    "Fra:",
    "Från:",
    "Od:",
    "От:",
    "发件人:",
    "发件人：",
    "寄件者:",
    "寄件者：",
    "差出人:",
    "差出人：",
    "보낸 사람:",
];
/// Or the line before it ends with one of these.
const WROTE: &[&str] =
    &["wrote:", "schrieb:", "a écrit :", "a écrit:", "escribió:", "ha scritto:", "写道：", "写道:"];
/// Deepest level of quotes that is counted.
const QUOTE_DEPTH: u32 = 100;

/// Takes one block: what it is, its text, its first line counted from 1.
pub(super) type Out<'o> = dyn FnMut(BlockKind, &str, u32) -> Result<(), Stop> + 'o;

/// How lines of `format=flowed` are joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flowed {
    /// The space at the end of a flowed line is no part of the text (`DelSp=yes`).
    pub(super) delete_space: bool,
}

/// The blocks of a plain text.
pub(super) fn blocks(text: &str, flowed: Option<Flowed>, out: &mut Out<'_>) -> Result<(), Stop> {
    let mut reading = Reading {
        out,
        flowed,
        text: String::new(),
        kind: BlockKind::Paragraph,
        depth: 0,
        first: 1,
        flows: false,
    };
    let mut in_signature = false;
    let mut number = 0u32;
    for line in lines(text) {
        number = number.saturating_add(1);
        let (depth, content) = quoted(&text[line.start..line.end], flowed.is_some());
        if depth == 0 && is_signature_mark(content) && is_signature(&text[line.next..]) {
            // A paragraph: telephone numbers are looked for.
            reading.flush()?;
            in_signature = true;
            continue;
        }
        if depth == 0 && in_signature && begins_original(content) {
            reading.flush()?;
            in_signature = false;
        }
        reading.line(number, depth, content)?;
    }
    reading.flush()
}

/// The depth of quotation of a line, and what stands behind the marks.
fn quoted(line: &str, flowed: bool) -> (u32, &str) {
    let (mut depth, mut rest) = (0, line);
    while let Some(inner) = rest.strip_prefix('>').or_else(|| rest.strip_prefix(" >").filter(|_| depth > 0)) {
        rest = inner;
        depth += 1;
        if depth >= QUOTE_DEPTH {
            break;
        }
    }
    // One space divides marks and text, and protects a line that begins like a mark.
    let stuffed = (depth > 0 || flowed) && rest.starts_with(' ');
    (depth, if stuffed { &rest[1..] } else { rest })
}

fn is_signature_mark(content: &str) -> bool {
    content == "-- " || content == "--"
}

/// Whether what follows a signature's mark is short, up to what is quoted below it.
fn is_signature(rest: &str) -> bool {
    let below = lines(rest).map(|line| &rest[line.start..line.end]);
    let own = below.take_while(|line| !line.starts_with('>') && !begins_original(line));
    own.filter(|line| !line.trim().is_empty()).take(SIGNATURE_LINES + 1).count() <= SIGNATURE_LINES
}

/// Whether the letter that is answered begins with this line. Outlook marks no line of it.
fn begins_original(line: &str) -> bool {
    let line = line.trim();
    let rule = |mark: char| line.chars().take_while(|c| *c == mark).count();
    let titled = rule('-') >= 4 && line.chars().any(char::is_alphanumeric);
    let bare = line.trim_start_matches('*');
    titled
        || rule('_') >= 8
        || SENDERS.iter().any(|sender| bare.starts_with(sender))
        || WROTE.iter().any(|wrote| line.ends_with(wrote))
}

struct Reading<'o, 'f> {
    out: &'o mut Out<'f>,
    flowed: Option<Flowed>,
    text: String,
    kind: BlockKind,
    depth: u32,
    first: u32,
    /// The last line goes on in the next one.
    flows: bool,
}

impl Reading<'_, '_> {
    fn line(&mut self, number: u32, depth: u32, content: &str) -> Result<(), Stop> {
        if content.trim().is_empty() || depth != self.depth {
            self.flush()?;
            self.depth = depth;
        }
        if depth > 0 {
            self.kind = BlockKind::Quote;
        } else if self.kind == BlockKind::Quote {
            self.kind = BlockKind::Paragraph;
        }
        if content.trim().is_empty() {
            return Ok(());
        }
        if self.text.is_empty() {
            self.first = number;
        } else if !self.flows {
            self.text.push('\n');
        }
        self.flows = self.flowed.is_some() && content.ends_with(' ');
        let kept = match self.flowed {
            Some(Flowed { delete_space: true }) if self.flows => &content[..content.len() - 1],
            Some(_) if self.flows => content,
            _ => content.trim_end(),
        };
        self.text.extend(kept.chars().filter(|c| !is_dropped(*c)));
        if self.text.len() >= PARAGRAPH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.flows = false;
        let text = std::mem::take(&mut self.text);
        let text = text.trim_end();
        if text.trim_start().is_empty() { Ok(()) } else { (self.out)(self.kind.clone(), text, self.first) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, flowed: Option<Flowed>) -> Vec<(BlockKind, String, u32)> {
        let mut found = Vec::new();
        let mut out = |kind: BlockKind, text: &str, line: u32| {
            found.push((kind, text.to_owned(), line));
            Ok(())
        };
        blocks(text, flowed, &mut out).unwrap();
        found
    }

    #[test]
    fn quotes_and_signatures_are_told_from_the_text() {
        let text = "Hello,\r\nsee below.\r\n\r\nOn Monday Ann wrote:\r\n> Is it\r\n> ready?\r\n> > 好了吗？\r\n>\r\n> Ann\r\n\r\nYes.\r\n-- \r\nBob\r\nTel. 1";
        let quote = BlockKind::Quote;
        let paragraph = BlockKind::Paragraph;
        assert_eq!(
            read(text, None),
            [
                (paragraph.clone(), "Hello,\nsee below.".to_owned(), 1),
                (paragraph.clone(), "On Monday Ann wrote:".to_owned(), 4),
                (quote.clone(), "Is it\nready?".to_owned(), 5),
                (quote.clone(), "好了吗？".to_owned(), 7),
                (quote, "Ann".to_owned(), 9),
                (paragraph.clone(), "Yes.".to_owned(), 11),
                (paragraph, "Bob\nTel. 1".to_owned(), 13),
            ]
        );
    }

    #[test]
    fn what_follows_a_signature_is_text_again() {
        let text = "Top.\n--\nBob\n\n> quoted\n\nunder";
        let kinds: Vec<_> = read(text, None).into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(
            kinds,
            [BlockKind::Paragraph, BlockKind::Paragraph, BlockKind::Quote, BlockKind::Paragraph]
        );
        let long = format!("--\n{}", "line\n".repeat(30));
        assert_eq!(read(&long, None)[0].0, BlockKind::Paragraph);
    }

    #[test]
    fn a_letter_below_a_signature_is_no_part_of_it() {
        for original in [
            "-----Original Message-----\nFrom: Bob",
            "________________________________\nVon: Bob",
            "From: Bob",
            "*发件人：* Bob",
            "On Monday, Bob wrote:",
        ] {
            let text = format!("Yes.\n-- \nAnn\nTel. 1\n\n{original}\n\nThe contract ends in May.\n");
            let found = read(&text, None);
            let found: Vec<&str> = found.iter().map(|(_, text, _)| text.as_str()).collect();
            assert_eq!(found, ["Yes.", "Ann\nTel. 1", original, "The contract ends in May."]);
        }
        let list = format!("Agenda\n--\n{}", "1. item\n\n".repeat(7));
        assert!(read(&list, None).iter().all(|(kind, ..)| *kind == BlockKind::Paragraph));
    }

    #[test]
    fn flowed_lines_are_joined() {
        let keep = Some(Flowed { delete_space: false });
        assert_eq!(read("one \ntwo\nthree\n  stuffed\n", keep)[0].1, "one two\nthree\n stuffed");
        assert_eq!(read("> one \n> two\n>> other\n", keep)[0].1, "one two");
        let delete = Some(Flowed { delete_space: true });
        assert_eq!(read("中文 \n文字\n", delete)[0].1, "中文文字");
    }

    proptest! {
        #[test]
        fn no_letter_is_lost_and_lines_grow(text in "[a-c中> \\-\n]{0,200}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            let found = read(&text, None);
            let joined: String = found.iter().map(|(_, text, _)| text.as_str()).collect();
            prop_assert_eq!(letters(&joined), letters(&text));
            for (_, block, first) in &found {
                let line = text.lines().nth(*first as usize - 1).unwrap();
                prop_assert!(line.contains(block.lines().next().unwrap().trim_end()));
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].2 < pair[1].2));
        }
    }
}
