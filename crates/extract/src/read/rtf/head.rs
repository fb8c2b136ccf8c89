//! The tables at the head of an RTF file: fonts, styles, properties.

use super::charset;
use super::group::Property;
use crate::read::office::properties::keywords;
use crate::read::office::running::one_line;
use crate::read::office::styles::{Role, own_look_of_name};
use docent_corpus::Metadata;
use encoding_rs::{Encoding, WINDOWS_1252};
use std::collections::HashMap;

/// A font, as far as its text depends on it.
#[derive(Debug, Default)]
struct Font {
    encoding: Option<&'static Encoding>,
    /// Whether its characters are signs: `\fcharset2`.
    is_symbol: bool,
    name: String,
}

/// A paragraph style.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// Level of a heading, from 1.
    pub(super) heading: Option<u8>,
    pub(super) role: Option<Role>,
}

/// What the head of the file says.
#[derive(Debug)]
pub(super) struct Head {
    default_encoding: &'static Encoding,
    pub(super) default_font: i32,
    fonts: HashMap<i32, Font>,
    font: i32,
    styles: HashMap<i32, Style>,
    /// Number, level and name of the style being read; no number for one that is no paragraph style.
    style: (Option<i32>, Option<i32>, String),
    pub(super) metadata: Metadata,
    /// Year, month, day, hour, minute and second of the time being read.
    time: [i32; 6],
}

impl Head {
    pub(super) fn new() -> Self {
        Self {
            default_encoding: WINDOWS_1252,
            default_font: 0,
            fonts: HashMap::new(),
            font: 0,
            styles: HashMap::new(),
            style: (Some(0), None, String::new()),
            metadata: Metadata::default(),
            time: [0; 6],
        }
    }

    /// Takes the encoding of the file. Returns whether `word` named one.
    pub(super) fn encoding_word(&mut self, word: &str, value: Option<i32>) {
        let page = match word {
            "ansicpg" => value.unwrap_or(1252),
            "mac" => 10000,
            _ => return,
        };
        self.default_encoding = charset::of_code_page(page).unwrap_or(self.default_encoding);
    }

    /// Encoding of text in this font.
    pub(super) fn encoding(&self, font: i32) -> &'static Encoding {
        self.fonts.get(&font).and_then(|font| font.encoding).unwrap_or(self.default_encoding)
    }

    /// The name of a font whose characters are signs.
    pub(super) fn symbol_font(&self, font: i32) -> Option<&str> {
        self.fonts.get(&font).filter(|font| font.is_symbol).map(|font| font.name.as_str())
    }

    /// A word in the table of fonts.
    pub(super) fn font_word(&mut self, word: &str, value: Option<i32>) {
        match (word, value) {
            ("f", Some(number)) => {
                self.font = number;
                self.fonts.insert(number, Font::default());
            }
            ("fcharset", Some(charset)) => {
                if let Some(font) = self.fonts.get_mut(&self.font) {
                    font.is_symbol = charset == 2;
                    font.encoding = font.encoding.or_else(|| charset::of_font(charset));
                }
            }
            ("cpg", Some(page)) => {
                if let Some(font) = self.fonts.get_mut(&self.font) {
                    font.encoding = charset::of_code_page(page).or(font.encoding);
                }
            }
            _ => {}
        }
    }

    /// Text in the table of fonts: names.
    pub(super) fn font_text(&mut self, text: &str) {
        if let Some(font) = self.fonts.get_mut(&self.font)
            && font.name.len() < 100
        {
            font.name.push_str(text.trim_end_matches(';'));
        }
    }

    /// A word in the table of styles.
    pub(super) fn style_word(&mut self, word: &str, value: Option<i32>) {
        match word {
            "s" => self.style.0 = value,
            "cs" | "ds" | "ts" => self.style.0 = None,
            "outlinelevel" => self.style.1 = value,
            _ => {}
        }
    }

    /// Text in the table of styles: names.
    pub(super) fn style_text(&mut self, text: &str) {
        if self.style.2.len() < 200 {
            self.style.2.push_str(text);
        }
    }

    /// The end of a group in the table of styles.
    pub(super) fn end_style(&mut self) {
        let (number, outline, name) = std::mem::replace(&mut self.style, (Some(0), None, String::new()));
        let name = name.trim().trim_end_matches(';');
        if let Some(number) = number.filter(|_| !name.is_empty()) {
            let look = own_look_of_name(name);
            let heading = look.heading.or_else(|| outline.and_then(heading_level));
            self.styles.insert(number, Style { heading, role: look.role });
        }
    }

    /// The paragraph style of this number.
    pub(super) fn style(&self, number: i32) -> Style {
        self.styles.get(&number).copied().unwrap_or_default()
    }

    /// A word in the properties of the document.
    pub(super) fn property_word(&mut self, word: &str, value: Option<i32>) {
        let Some(value) = value else { return };
        let place = ["yr", "mo", "dy", "hr", "min", "sec"].iter().position(|name| *name == word);
        if let Some(place) = place {
            self.time[place] = value;
        }
        if word == "nofpages" {
            self.metadata.pages = u32::try_from(value).ok().filter(|pages| *pages > 0);
        }
    }

    /// The end of a property with this text.
    pub(super) fn end_property(&mut self, property: Property, text: &str) {
        let text = one_line(text);
        let text = (!text.is_empty()).then_some(text);
        let time = std::mem::take(&mut self.time);
        match property {
            Property::Title => self.metadata.title = text,
            Property::Author => self.metadata.author = text,
            Property::Keywords => self.metadata.tags = keywords(&text.unwrap_or_default()),
            Property::Created => self.metadata.date = written(time),
            Property::Modified => self.metadata.modified = written(time),
        }
    }
}

/// The level of a heading at an outline level, which counts from 0.
pub(super) fn heading_level(outline: i32) -> Option<u8> {
    u8::try_from(outline).ok().filter(|outline| *outline < 9).map(|outline| (outline + 1).min(6))
}

fn written([year, month, day, hour, minute, second]: [i32; 6]) -> Option<String> {
    let is_date = year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}
