//! What the control words of an RTF document do.

use super::group::{Destination, Paragraph, Property, is_left_out};
use super::reading::Reading;
use super::story::StoryKind;
use crate::message::Stop;

impl Reading<'_, '_> {
    pub(super) fn word(&mut self, word: &str, value: Option<i32>) -> Result<(), Stop> {
        if self.passing > 0 && word != "u" {
            self.passing -= 1;
            return Ok(());
        }
        if word != "u" {
            self.decode();
        }
        if self.group().destination == Destination::Skip && !self.property_begins(word) {
            if word == "nofpages" {
                self.head.property_word(word, value);
            }
            return Ok(());
        }
        match self.group().destination {
            Destination::FontTable => self.head.font_word(word, value),
            Destination::StyleSheet => self.head.style_word(word, value),
            Destination::Property(_) => self.head.property_word(word, value),
            _ => {}
        }
        let optional = std::mem::take(&mut self.group().optional);
        if self.destination_word(word) || self.property_word(word, value) {
            return Ok(());
        }
        if optional {
            self.group().destination = Destination::Skip;
            return Ok(());
        }
        self.text_word(word, value)
    }

    /// Properties of the document stand in a group that is otherwise left out.
    fn property_begins(&mut self, word: &str) -> bool {
        let property = match word {
            "title" => Property::Title,
            "author" => Property::Author,
            "keywords" => Property::Keywords,
            "creatim" => Property::Created,
            "revtim" => Property::Modified,
            _ => return false,
        };
        // Only directly below the group of properties.
        let below_info = self.groups.len() == 4 && self.groups[2].destination == Destination::Skip;
        if below_info {
            self.property.clear();
            self.group().destination = Destination::Property(property);
        }
        below_info
    }

    /// Words that say what a group is for.
    fn destination_word(&mut self, word: &str) -> bool {
        let destination = match word {
            "fonttbl" => Destination::FontTable,
            "stylesheet" => Destination::StyleSheet,
            "listtext" | "pntext" => Destination::Marker,
            "atnauthor" => {
                self.property.clear();
                Destination::Author
            }
            "upr" => Destination::Twice,
            "ud" => Destination::Text,
            "info" => Destination::Skip,
            "fname" if self.group().destination == Destination::FontTable => Destination::Skip,
            "footnote" => return self.begin_story(StoryKind::Footnote),
            "annotation" => return self.begin_story(StoryKind::Comment),
            "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" => {
                return self.begin_story(StoryKind::Furniture);
            }
            "shptxt" | "dptxbxtext" => return self.begin_story(StoryKind::TextBox),
            // Known, and read like the group around them. What Word 97 writes for older programs beside a
            // shape, also as `do`, stands in a group that is left out.
            "shpinst" | "shp" | "shpgrp" | "do" | "fldrslt" | "result" | "field" | "object" | "shppict"
            | "moveto" => {
                return true;
            }
            "ftnalt" => {
                self.make_endnote();
                return true;
            }
            word if is_left_out(word) => Destination::Skip,
            _ => return false,
        };
        self.group().destination = destination;
        true
    }

    /// Words that change what holds.
    fn property_word(&mut self, word: &str, value: Option<i32>) -> bool {
        let on = value != Some(0);
        let number = value.unwrap_or(0);
        match word {
            "ansicpg" | "mac" | "pc" | "pca" | "ansi" => self.head.encoding_word(word, value),
            "deff" => self.head.default_font = number,
            "f" => self.group().font = number,
            "uc" => self.group().stand_ins = u32::try_from(number).unwrap_or(0).min(16),
            "v" => self.group().hidden = on,
            "deleted" => self.group().deleted = on,
            "plain" => {
                let font = self.head.default_font;
                let group = self.group();
                (group.font, group.hidden, group.deleted) = (font, false, false);
            }
            "pard" => self.group().paragraph = Paragraph::default(),
            "s" => self.group().paragraph.style = number,
            "outlinelevel" => self.group().paragraph.outline = value,
            "intbl" => self.group().paragraph.in_table = on,
            "ls" => self.group().paragraph.list = number,
            "ilvl" => self.group().paragraph.depth = number,
            "trhdr" => self.story().header_row = true,
            _ => return false,
        }
        true
    }

    /// Words that stand for text.
    fn text_word(&mut self, word: &str, value: Option<i32>) -> Result<(), Stop> {
        match word {
            "u" => self.unicode(value.unwrap_or(0)),
            "par" | "sect" | "page" | "column" => self.end_paragraph()?,
            "cell" if self.group().destination == Destination::Text => self.story().end_cell(),
            "trowd" if self.group().destination == Destination::Text => self.story().begin_row(),
            "row" if self.group().destination == Destination::Text => self.story().end_row(),
            "nestcell" | "nestrow" => self.push("\n"),
            "line" | "softline" => self.push("\n"),
            "tab" => self.push("\t"),
            "emdash" => self.push("—"),
            "endash" => self.push("–"),
            "lquote" => self.push("‘"),
            "rquote" => self.push("’"),
            "ldblquote" => self.push("“"),
            "rdblquote" => self.push("”"),
            "bullet" => self.push("•"),
            "emspace" | "enspace" | "qmspace" => self.push(" "),
            "zwj" => self.push("\u{200D}"),
            "zwnj" => self.push("\u{200C}"),
            "chftn" => self.note_mark(),
            _ => {}
        }
        Ok(())
    }
}
