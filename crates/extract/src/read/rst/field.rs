//! Fields (`:name: body`): at the top of a document they tell of it, elsewhere they are read.

use super::row::{self, Row};
use super::{Reading, Within, marker};
use crate::block_text::BlockText;
use crate::message::Stop;

/// Fields that steer Sphinx and tell a reader nothing.
const SETTINGS: &[&str] = &["orphan", "tocdepth", "nocomments", "nosearch"];

impl Reading<'_, '_, '_> {
    pub(super) fn field(&mut self, rows: &[Row], width: usize, within: Within) -> Result<usize, Stop> {
        let count = 1 + row::indented_count(&rows[1..], 1);
        let line = self.text(&rows[0]);
        let Some((name, _)) = marker::field(line) else { return Ok(1) };
        let mut inner = vec![rows[0].from(&self.source.text, width)];
        inner.extend(row::without_indent(&rows[1..count]));
        let may_have_info = self.may_have_info;
        if within.depth == 0 && may_have_info && self.tell(name, &inner) {
            return Ok(count);
        }
        let inner_kind = within.list();
        let simple = inner.iter().take_while(|row| !row.is_blank()).count();
        let mut block = BlockText::new(self.source);
        let name_start = rows[0].start + 1;
        block.push_source(name_start..name_start + name.len());
        block.push_made(": ");
        self.write_running(&inner[..simple], &mut block);
        self.push(inner_kind.kind(), block, &rows[..simple.max(1)])?;
        self.body(&inner[simple..], inner_kind)?;
        self.may_have_info = may_have_info; // the list of fields goes on
        Ok(count)
    }

    /// Takes what a field tells of the document; false when it tells nothing known.
    fn tell(&mut self, name: &str, rows: &[Row]) -> bool {
        let lines = rows.iter().map(|row| self.text(row).trim()).filter(|line| !line.is_empty());
        let value = lines.collect::<Vec<_>>().join(" ");
        let name = name.to_ascii_lowercase();
        if SETTINGS.contains(&name.as_str()) {
            return true;
        }
        let metadata = &mut self.writer.metadata;
        let slot = match name.as_str() {
            "author" | "authors" => &mut metadata.author,
            "date" | "created" => &mut metadata.date,
            "modified" | "updated" | "last modified" => &mut metadata.modified,
            "language" | "lang" => &mut metadata.language,
            "title" => &mut metadata.title,
            "tags" | "keywords" => {
                let tags = value.split([',', ';', '，', '、']).map(str::trim).filter(|tag| !tag.is_empty());
                metadata.tags.extend(tags.map(str::to_owned));
                return true;
            }
            _ => return false,
        };
        if !value.is_empty() {
            *slot = Some(match slot.take() {
                Some(before) if name == "author" => format!("{before}, {value}"),
                Some(before) => before,
                None => value.trim_matches('$').trim().to_owned(),
            });
        }
        true
    }
}
