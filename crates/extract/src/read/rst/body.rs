//! The elements of a body, told apart by how their first line begins.

use super::row::{self, Row};
use super::{Reading, Within, marker, table, title};
use crate::message::Stop;
use docent_corpus::BlockKind;

/// Elements nested deeper are read as running text.
const MAX_DEPTH: usize = 48;

impl<'d> Reading<'d, '_, '_> {
    /// Reads everything in `rows`, one element after the other.
    pub(super) fn body(&mut self, rows: &[Row], within: Within) -> Result<(), Stop> {
        let mut at = 0;
        while at < rows.len() {
            at += self.element(&rows[at..], within)?.max(1);
        }
        Ok(())
    }

    /// Reads the element that `rows` begin with; returns how many rows it takes.
    fn element(&mut self, rows: &[Row], within: Within) -> Result<usize, Stop> {
        let line = self.text(&rows[0]);
        if line.is_empty() {
            return Ok(1);
        }
        if within.depth >= MAX_DEPTH {
            let count = rows.iter().take_while(|row| !row.is_blank()).count();
            return self.running(within.kind(), "", &rows[..count]).map(|()| count);
        }
        if within.depth == 0
            && let Some((index, style, count)) = title::at_start(&self.source.text, rows)
        {
            let level = self.titles.level(style);
            let heading = [rows[index].outdented(usize::MAX)];
            return self.running(BlockKind::Heading { level }, "", &heading).map(|()| count);
        }
        if rows[0].indent > 0 {
            let count = row::indented_count(rows, 1);
            let inner = row::without_indent(&rows[..count]);
            return self.body(&inner, within.quotation()).map(|()| count);
        }
        if title::adornment(line).is_some() && line.len() >= 4 {
            return Ok(1); // a transition
        }
        if line == ".." || line.starts_with(".. ") {
            return self.explicit(rows, within);
        }
        if line == "__" || line.starts_with("__ ") {
            return Ok(1 + row::indented_count(&rows[1..], 1)); // an anonymous target
        }
        if let Some((grid, count)) = table::at_start(&self.source.text, rows) {
            return self.table(&grid, &rows[..count]).map(|()| count);
        }
        if line == "|" || line.starts_with("| ") {
            return self.line_block(rows, within);
        }
        if line.starts_with(">>> ") {
            let count = rows.iter().take_while(|row| !row.is_blank()).count();
            let kind = BlockKind::Code { language: Some("python".to_owned()) };
            return self.literal(kind, &rows[..count]).map(|()| count);
        }
        if let Some((_, width)) = marker::field(line) {
            return self.field(rows, width, within);
        }
        if let Some(width) = marker::item(line).filter(|_| self.is_item(rows)) {
            return self.item(rows, width, within);
        }
        if marker::is_option(line) {
            return self.option(rows, within);
        }
        self.paragraph(rows, within)
    }

    /// A line that begins like `A. Name` is an item only when the next line fits to it.
    fn is_item(&self, rows: &[Row]) -> bool {
        let next = rows.get(1).filter(|row| !row.is_blank());
        marker::is_bullet(self.text(&rows[0]))
            || next.is_none_or(|row| row.indent > 0 || marker::item(self.text(row)).is_some())
    }

    fn item(&mut self, rows: &[Row], width: usize, within: Within) -> Result<usize, Stop> {
        let count = 1 + row::indented_count(&rows[1..], width.min(rows[0].end - rows[0].start + 1));
        let mut inner = vec![rows[0].from(&self.source.text, width)];
        inner.extend(rows[1..count].iter().map(|row| row.outdented(width)));
        self.body(&inner, within.list())?;
        Ok(count)
    }

    /// An option and what it does.
    fn option(&mut self, rows: &[Row], within: Within) -> Result<usize, Stop> {
        let count = 1 + rows[1..].iter().take_while(|row| row.is_indented()).count();
        let inner = Within { lists: within.lists.saturating_add(1), quote: false, ..within };
        self.running(inner.kind(), "", &rows[..count])?;
        Ok(count)
    }

    fn line_block(&mut self, rows: &[Row], within: Within) -> Result<usize, Stop> {
        let count =
            rows.iter().take_while(|row| self.text(row).starts_with('|') || row.is_indented()).count();
        let mut block = crate::block_text::BlockText::new(self.source);
        for (index, row) in rows[..count].iter().enumerate() {
            let is_line = self.text(row).starts_with('|');
            if index > 0 {
                block.push_made(if is_line { "\n" } else { " " });
            }
            self.write_running(
                &[row.outdented(usize::MAX).from(&self.source.text, usize::from(is_line))],
                &mut block,
            );
        }
        self.push(within.kind(), block, &rows[..count])?;
        Ok(count)
    }

    /// A paragraph, a term with its definition, and the literal block that a paragraph announces.
    fn paragraph(&mut self, rows: &[Row], within: Within) -> Result<usize, Stop> {
        if rows.get(1).is_some_and(Row::is_indented) {
            return self.definition(rows, within);
        }
        let mut count = 1 + rows[1..].iter().take_while(|row| !row.is_blank() && row.indent == 0).count();
        let mut lines = rows[..count].to_vec();
        let announces = self.cut_announcement(&mut lines);
        self.running(within.kind(), "", &lines)?;
        if announces {
            count += self.announced(&rows[count..])?;
        }
        Ok(count)
    }

    fn definition(&mut self, rows: &[Row], within: Within) -> Result<usize, Stop> {
        let mut term = vec![rows[0]];
        let announces = self.cut_announcement(&mut term);
        if announces {
            self.running(within.kind(), "", &term)?;
            return Ok(1 + self.announced(&rows[1..])?);
        }
        self.running(within.list().kind(), "", &term)?;
        let count = row::indented_count(&rows[1..], 1);
        let inner = row::without_indent(&rows[1..1 + count]);
        self.body(&inner, within.list())?;
        Ok(1 + count)
    }

    /// Takes `::` from the end of a paragraph; one colon stays unless a space stands before it.
    fn cut_announcement(&self, lines: &mut Vec<Row>) -> bool {
        let Some(last) = lines.last_mut() else { return false };
        let text = self.text(last);
        let Some(before) = text.strip_suffix("::") else { return false };
        let kept = if before.is_empty() || before.ends_with(' ') {
            before.trim_end().len()
        } else {
            before.len() + 1
        };
        last.end = last.start + kept;
        if kept == 0 {
            lines.pop();
        }
        true
    }

    /// The literal block behind `::`: indented, or each line quoted by the same character.
    fn announced(&mut self, rows: &[Row]) -> Result<usize, Stop> {
        let Some(first) = rows.iter().position(|row| !row.is_blank()) else { return Ok(rows.len()) };
        let mut count = first + row::indented_count(&rows[first..], 1);
        if count == first {
            let quote = self.text(&rows[first]).chars().next().filter(char::is_ascii_punctuation);
            let Some(quote) = quote else { return Ok(0) };
            count += rows[first..].iter().take_while(|row| self.text(row).starts_with(quote)).count();
        }
        let inner = row::without_indent(&rows[first..count]);
        self.literal(BlockKind::Code { language: None }, &inner)?;
        Ok(count)
    }
}
