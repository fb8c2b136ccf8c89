//! Which title of the table of contents holds at a place of the book.

use rbook::Epub;
use std::collections::HashMap;

/// Most entries of a table of contents that are looked at.
const MAX_ENTRIES: usize = 20_000;

/// An entry of the table of contents within one file.
struct Entry {
    fragment: Option<String>,
    label: String,
    /// 1 for the outermost entries.
    level: u8,
}

/// The titles of a book, and the one that holds now.
#[derive(Default)]
pub(super) struct Titles {
    by_path: HashMap<String, Vec<Entry>>,
    path: String,
    current: Option<String>,
}

impl Titles {
    pub(super) fn of(book: &Epub) -> Self {
        let mut by_path: HashMap<String, Vec<Entry>> = HashMap::new();
        let contents = book.toc().contents();
        for entry in contents.iter().flat_map(|root| root.flatten()).take(MAX_ENTRIES) {
            let (Some(href), label) = (entry.href(), one_line(entry.label())) else { continue };
            if label.is_empty() {
                continue;
            }
            let fragment = href.fragment().map(str::to_owned);
            let level = u8::try_from(entry.depth()).unwrap_or(6).clamp(1, 6);
            by_path.entry(href.path().as_str().to_owned()).or_default().push(Entry {
                fragment,
                label,
                level,
            });
        }
        Self { by_path, ..Self::default() }
    }

    /// A file begins. Without an entry of its own it goes on with the chapter before.
    pub(super) fn enter(&mut self, path: &str) {
        self.path = path.to_owned();
        let entries = self.by_path.get(path).map(Vec::as_slice).unwrap_or_default();
        let whole = entries.iter().find(|entry| entry.fragment.is_none()).or_else(|| entries.first());
        if let Some(entry) = whole {
            self.current = Some(entry.label.clone());
        }
    }

    /// A block begins, behind this anchor or as this heading: another title may hold from here on.
    pub(super) fn pass(&mut self, anchor: Option<&str>, heading: Option<&str>) {
        let Some(entries) = self.by_path.get(&self.path) else { return };
        let by_anchor =
            anchor.and_then(|anchor| entries.iter().find(|e| e.fragment.as_deref() == Some(anchor)));
        let heading = heading.map(one_line);
        let found = by_anchor.or_else(|| {
            let heading = heading.as_deref()?;
            entries.iter().find(|entry| entry.label == heading)
        });
        if let Some(entry) = found {
            self.current = Some(entry.label.clone());
        }
    }

    /// The level of the heading that a text at the beginning of the file is, if the table of contents
    /// names the file so.
    pub(super) fn level_of(&self, text: &str) -> Option<u8> {
        let entries = self.by_path.get(&self.path)?;
        let text = one_line(text);
        entries.iter().find(|entry| entry.label == text).map(|entry| entry.level)
    }

    /// The title that holds.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
