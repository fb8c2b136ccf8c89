//! Directives: which of them are read, and how.

use super::row::{self, Row};
use super::{Reading, Within, marker, table};
use crate::block_text::BlockText;
use crate::message::Stop;
use docent_corpus::BlockKind;

/// Directives that show nothing of their own, or what stands in other files.
const HIDDEN: &[&str] = &[
    "contents",
    "toctree",
    "include",
    "literalinclude",
    "raw",
    "index",
    "role",
    "default-role",
    "sectnum",
    "section-numbering",
    "target-notes",
    "highlight",
    "highlightlang",
    "default-domain",
    "currentmodule",
    "py:currentmodule",
    "autosummary",
    "tabularcolumns",
    "header",
    "footer",
    "title",
    "testsetup",
    "testcleanup",
    "plot",
    "graphviz",
    "program",
];
/// Directives whose argument is for programs only; what stands below is text of the document.
const UNNAMED: &[&str] = &[
    "class",
    "rst-class",
    "module",
    "py:module",
    "automodule",
    "autoclass",
    "autofunction",
    "compound",
    "container",
    "only",
    "ifconfig",
    "centered-block",
];
/// Directives whose title is their name.
const ADMONITIONS: &[(&str, &str)] = &[
    ("attention", "Attention"),
    ("caution", "Caution"),
    ("danger", "Danger"),
    ("error", "Error"),
    ("hint", "Hint"),
    ("important", "Important"),
    ("note", "Note"),
    ("tip", "Tip"),
    ("warning", "Warning"),
    ("seealso", "See also"),
    ("todo", "Todo"),
];
const CODE: &[&str] = &["code", "code-block", "sourcecode", "ipython", "prompt", "testcode", "doctest"];

/// The lines of a directive behind its name.
struct Parts<'r> {
    argument: Vec<Row>,
    options: Vec<(&'r str, String)>,
    content: Vec<Row>,
}

impl<'r> Parts<'r> {
    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

impl<'d> Reading<'d, '_, '_> {
    /// Reads a directive: `argument` is what stands behind its name, `below` the rows below.
    pub(super) fn directive(
        &mut self,
        name: &str,
        argument: Row,
        below: &[Row],
        within: Within,
    ) -> Result<(), Stop> {
        let name = name.to_ascii_lowercase();
        let parts = self.parts(argument, below);
        if HIDDEN.contains(&name.as_str()) {
            return Ok(());
        }
        if let Some((_, title)) = ADMONITIONS.iter().find(|(known, _)| *known == name) {
            return self.admonition(title, argument, &parts, within);
        }
        if CODE.contains(&name.as_str()) {
            let language = parts.argument.first().map(|row| self.text(row).to_owned());
            let language =
                language.or_else(|| (name == "testcode" || name == "doctest").then(|| "python".to_owned()));
            return self.literal(
                BlockKind::Code { language: language.filter(|word| !word.is_empty()) },
                &parts.content,
            );
        }
        match name.as_str() {
            "parsed-literal" => self.literal(BlockKind::Code { language: None }, &with_argument(&parts)),
            "math" => self.running(within.kind(), "", row::without_blank_ends(&with_argument(&parts))),
            "epigraph" | "highlights" | "pull-quote" => self.body(&with_argument(&parts), within.quotation()),
            name if UNNAMED.contains(&name) => self.body(&parts.content, within.element()),
            "image" | "figure" => {
                if let Some((_, alternative)) =
                    parts.options.iter().find(|(key, value)| *key == "alt" && !value.is_empty())
                {
                    let mut block = BlockText::new(self.source);
                    block.push_made(alternative);
                    self.push(within.kind(), block, &[argument])?;
                }
                self.body(&parts.content, within.element())
            }
            "csv-table" => self.csv_table(&parts),
            "list-table" => self.list_table(&parts),
            "meta" => {
                self.meta(argument, below);
                Ok(())
            }
            _ => {
                // A title, a version, the signature of a function: its lines are read one by one.
                for row in &parts.argument {
                    self.running(within.kind(), "", std::slice::from_ref(row))?;
                }
                self.body(&parts.content, within.element())
            }
        }
    }

    /// The argument goes on up to an empty row or the options, the options up to an empty row.
    fn parts(&self, argument: Row, below: &[Row]) -> Parts<'d> {
        let mut rows = Vec::new();
        let mut at = 0;
        if !argument.is_blank() {
            rows.push(argument);
            while below.get(at).is_some_and(|row| !row.is_blank() && marker::field(self.text(row)).is_none())
            {
                rows.push(below[at].outdented(usize::MAX));
                at += 1;
            }
        }
        let mut options: Vec<(&str, String)> = Vec::new();
        while let Some(row) = below.get(at).filter(|row| !row.is_blank()) {
            let line = self.text(row);
            match (marker::field(line), options.last_mut()) {
                (Some((name, width)), _) => options.push((name, line[width..].trim().to_owned())),
                (None, Some((_, value))) if row.indent > 0 => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                _ => break,
            }
            at += 1;
        }
        let content = row::without_indent(row::without_blank_ends(&below[at..]));
        Parts { argument: rows, options, content }
    }

    /// The title, and the text, which may begin behind the name.
    fn admonition(
        &mut self,
        title: &str,
        argument: Row,
        parts: &Parts<'_>,
        within: Within,
    ) -> Result<(), Stop> {
        let mut block = BlockText::new(self.source);
        block.push_made(title);
        self.push(within.kind(), block, &[argument])?;
        self.body(&with_argument(parts), within.element())
    }

    fn meta(&mut self, argument: Row, below: &[Row]) {
        for row in std::iter::once(&argument).chain(below) {
            let line = self.text(row);
            if let Some((name, width)) = marker::field(line)
                && name.split_whitespace().next() == Some("keywords")
            {
                let tags =
                    line[width..].split([',', '，', '、']).map(str::trim).filter(|tag| !tag.is_empty());
                self.writer.metadata.tags.extend(tags.map(str::to_owned));
            }
        }
    }

    fn caption(&mut self, parts: &Parts<'_>) -> Result<(), Stop> {
        self.running(BlockKind::Paragraph, "", &parts.argument)
    }

    fn csv_table(&mut self, parts: &Parts<'_>) -> Result<(), Stop> {
        self.caption(parts)?;
        let mut text = String::new();
        let header = parts.option("header").filter(|header| !header.is_empty());
        for line in header.into_iter().chain(parts.content.iter().map(|row| self.text(row))) {
            text.push_str(line);
            text.push('\n');
        }
        let delimiter = match parts.option("delim") {
            Some("tab") => b'\t',
            Some("space") => b' ',
            Some(sign) if sign.len() == 1 => sign.as_bytes()[0],
            _ => b',',
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(std::io::Cursor::new(without_leading_spaces(&text, char::from(delimiter))));
        let mut block = BlockText::new(self.source);
        for (index, record) in reader.records().filter_map(Result::ok).enumerate() {
            if index > 0 {
                block.push_made("\n");
            }
            let cells: Vec<String> = record.iter().map(|cell| self.plain(cell)).collect();
            block.push_made(&cells.join(" | "));
        }
        let rows = header_rows(parts) + u32::from(header.is_some());
        self.push(BlockKind::Table { header_rows: rows }, block, &parts.content)
    }

    /// Text without its markup, in one line.
    fn plain(&self, text: &str) -> String {
        use super::super::flow::Piece;
        let pieces = super::inline::pieces(text, &self.substitutions).into_iter();
        let shown: String = pieces
            .map(|piece| match piece {
                Piece::Shown(range) => text[range].to_owned(),
                Piece::Made(made) => made,
            })
            .collect();
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A list of lists: each outer item is a row, each inner item a cell.
    fn list_table(&mut self, parts: &Parts<'_>) -> Result<(), Stop> {
        self.caption(parts)?;
        let mut grid = table::Grid { rows: Vec::new(), header_rows: header_rows(parts) };
        for item in self.items(&parts.content) {
            let cells = self.items(&item).into_iter();
            let cells = cells
                .map(|cell| cell.into_iter().filter(|row| !row.is_blank()).map(|row| row.range()).collect());
            grid.rows.push(cells.collect());
        }
        self.table(&grid, &parts.content)
    }

    /// The rows of each item of a bullet list.
    fn items(&self, rows: &[Row]) -> Vec<Vec<Row>> {
        let mut items: Vec<Vec<Row>> = Vec::new();
        let mut width = 0;
        for row in rows {
            let line = self.text(row);
            if row.indent == 0 && marker::is_bullet(line) {
                width = marker::item(line).unwrap_or(2).max(2);
                items.push(vec![row.from(&self.source.text, 1)]);
            } else if let Some(item) = items.last_mut() {
                item.push(row.outdented(width));
            }
        }
        items
    }

    /// Pushes a table.
    pub(super) fn table(&mut self, grid: &table::Grid, rows: &[Row]) -> Result<(), Stop> {
        let block = table::text(self.source, grid, &self.substitutions);
        self.push(BlockKind::Table { header_rows: grid.header_rows }, block, rows)
    }
}

/// Values without the white space between a delimiter and a quotation mark, which would make the mark
/// part of the value.
fn without_leading_spaces(text: &str, delimiter: char) -> String {
    let (mut kept, mut quoted, mut begins) = (String::with_capacity(text.len()), false, true);
    for c in text.chars() {
        if begins && c == ' ' && delimiter != ' ' {
            continue;
        }
        quoted ^= c == '"';
        begins = !quoted && (c == delimiter || c == '\n');
        kept.push(c);
    }
    kept
}

fn with_argument(parts: &Parts<'_>) -> Vec<Row> {
    parts.argument.iter().chain(&parts.content).copied().collect()
}

fn header_rows(parts: &Parts<'_>) -> u32 {
    parts.option("header-rows").and_then(|count| count.parse().ok()).unwrap_or(0)
}
