//! ODS, read as a stream. calamine builds the whole table of a sheet with every repeated and every
//! empty cell, loses percentages and currencies, and gives up at elements that it does not expect;
//! here a cell costs what it holds.
//!
//! Elements and attributes are those of OpenDocument 1.3, part 3, chapters 9 and 19.

use super::grid::{Grid, Kind};
use super::notes::Note;
use super::{Sheet, Telling, value};
use crate::content::{Content, ReadSeek};
use crate::message::{Failure, Stop};
use crate::read::office::flat;
use crate::read::office::xml::Tree;
use crate::read::open_document::objects::{Shown, shown};
use calamine::WorkbookProperties;
use docent_corpus::BlockKind;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_html5_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use quick_xml::writer::Writer;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

/// Rows and columns of a sheet, as LibreOffice has them.
const ROWS: u32 = 1 << 20;
const COLUMNS: u32 = 1 << 14;
/// Longest `meta.xml` and manifest that are read, in bytes.
const SMALL_PART: u64 = 1 << 20;
/// Deepest nesting of elements that is followed.
const DEPTH: usize = 200;
/// Most embedded objects that are read.
const OBJECTS: usize = 500;
/// Most spaces that one element stands for.
const SPACES: u32 = 1000;

/// Reads every sheet of the workbook, hidden ones too.
pub(super) fn read(content: &Content<'_>, telling: &mut Telling<'_, '_>) -> Result<(), Stop> {
    let file = content.open().map_err(Failure::from)?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| Failure::Damaged(error.to_string()))?;
    if small_part(&mut archive, "META-INF/manifest.xml").contains("encryption-data") {
        return Err(Failure::Encrypted.into());
    }
    telling.describe(properties(&small_part(&mut archive, "meta.xml")));
    let objects = objects(&mut archive);
    let part = archive.by_name("content.xml").map_err(|error| Failure::Damaged(error.to_string()))?;
    read_sheets(BufReader::new(part), objects, telling)
}

/// What the objects on the sheets say that is in no cell, by their paths: formulas, titles of charts.
fn objects(archive: &mut zip::ZipArchive<Box<dyn ReadSeek + '_>>) -> HashMap<String, String> {
    let names = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
    let names: Vec<String> = names.filter(|name| name.ends_with("/content.xml")).take(OBJECTS).collect();
    let mut found = HashMap::new();
    for name in names {
        let xml = small_part(archive, &name);
        let tree = Tree::parse(&xml);
        let says = match tree.root().as_ref().and_then(shown) {
            Some(Shown::Formula(formula)) => formula,
            Some(Shown::Blocks(blocks)) => {
                // The values of a chart are those of cells.
                let titles = blocks.into_iter().filter(|(kind, _)| *kind == BlockKind::Paragraph);
                titles.map(|(_, text)| text).collect::<Vec<_>>().join("\n")
            }
            None => continue,
        };
        found.insert(name.trim_end_matches("/content.xml").to_owned(), says);
    }
    found
}

/// Reads every sheet of a workbook in one XML file (FODS).
pub(super) fn read_flat(content: &Content<'_>, telling: &mut Telling<'_, '_>) -> Result<(), Stop> {
    let xml = flat::text(content)?;
    // Notes in cells have authors and dates too: only what is said of the whole document counts.
    let meta = xml.split_once("<office:meta").and_then(|(_, rest)| rest.split_once("</office:meta>"));
    let meta = meta.map(|(meta, _)| format!("<office:meta{meta}</office:meta>"));
    telling.describe(properties(&meta.unwrap_or_default()));
    read_sheets(xml.as_bytes(), HashMap::new(), telling)
}

fn read_sheets(
    xml: impl BufRead,
    objects: HashMap<String, String>,
    telling: &mut Telling<'_, '_>,
) -> Result<(), Stop> {
    let mut reader = Reader::from_reader(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.expand_empty_elements = true;
    Sheets { reader, buffer: Vec::new(), objects, telling }.read()
}

fn small_part(archive: &mut zip::ZipArchive<Box<dyn ReadSeek + '_>>, name: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(part) = archive.by_name(name) {
        // What can be unpacked is used.
        let _ = part.take(SMALL_PART).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn properties(meta: &str) -> WorkbookProperties {
    let mut found = WorkbookProperties::default();
    let mut reader = Reader::from_str(meta);
    let mut keywords: Vec<String> = Vec::new();
    let (mut name, mut text) = (String::new(), String::new());
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                start.name().as_ref().clone_into(&mut name);
                text.clear();
            }
            Ok(Event::Text(piece)) => text.push_str(&piece.xml10_content()),
            Ok(Event::GeneralRef(entity)) => push_entity(&entity, &mut text),
            Ok(Event::End(_)) => {
                let text = std::mem::take(&mut text);
                match std::mem::take(&mut name).as_str() {
                    "dc:title" => found.title = Some(text),
                    "meta:initial-creator" => found.creator = Some(text),
                    "dc:creator" => found.last_modified_by = Some(text),
                    "meta:creation-date" => found.created = Some(text),
                    "dc:date" => found.modified = Some(text),
                    "meta:keyword" => keywords.push(text),
                    _ => {}
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found.keywords = Some(keywords.join(";"));
    found
}

/// What a cell holds, and how often it comes.
#[derive(Default)]
struct OpenCell {
    kind: Option<Kind>,
    text: String,
    repeated: u32,
    /// It lies under a merged cell.
    covered: bool,
    /// Author and text of what is noted at it.
    notes: Vec<(String, String)>,
}

struct Sheets<'w, 's, 't, B> {
    reader: Reader<B>,
    buffer: Vec<u8>,
    /// What embedded objects say, by their paths.
    objects: HashMap<String, String>,
    telling: &'t mut Telling<'w, 's>,
}

impl<B: BufRead> Sheets<'_, '_, '_, B> {
    fn read(mut self) -> Result<(), Stop> {
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) if start.name().as_ref() == "table:table" => {
                    let name = attribute(&start, "table:name").unwrap_or_default();
                    let (grid, notes, damage) = self.table();
                    let failed = damage.is_some();
                    if failed && grid.range().is_none() && self.telling.writer.is_empty() {
                        return Err(Failure::Damaged(damage.unwrap_or_default()).into());
                    }
                    self.telling.sheet(Sheet { name, grid, notes, damage })?;
                    if failed || self.telling.budget.exceeded().is_some() {
                        return Ok(());
                    }
                }
                Ok(Event::Eof) => return Ok(()),
                Ok(_) => {}
                Err(error) if self.telling.writer.is_empty() => {
                    return Err(Failure::Damaged(error.to_string()).into());
                }
                Err(error) => {
                    let name = self.telling.name.clone();
                    return self.telling.damage(name, error.to_string());
                }
            }
        }
    }

    /// The cells of a table, and why it ends early if it does.
    fn table(&mut self) -> (Grid, Vec<Note>, Option<String>) {
        let mut notes = Vec::new();
        let (grid, damage) = self.cells(&mut notes);
        (grid, notes, damage)
    }

    fn cells(&mut self, notes: &mut Vec<Note>) -> (Grid, Option<String>) {
        let mut grid = Grid::default();
        let mut row = 0_u32;
        let mut depth = 1_usize;
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) => match start.name().as_ref() {
                    "table:table-row" => {
                        let repeated =
                            count(&start, "table:number-rows-repeated").min(ROWS.saturating_sub(row));
                        match self.row() {
                            Ok(cells) => {
                                note(notes, &cells, row, &mut self.telling.budget);
                                if !put_rows(&mut grid, &cells, row, repeated, &mut self.telling.budget) {
                                    return (grid, None);
                                }
                                row = row.saturating_add(repeated);
                            }
                            Err(damage) => return (grid, Some(damage)),
                        }
                    }
                    // Text boxes that stand on the sheet and not at a cell.
                    "table:shapes" => match self.annotation() {
                        Ok((_, text)) => notes.extend(Note::new((0, 0), "", &text, &mut self.telling.budget)),
                        Err(damage) => return (grid, Some(damage)),
                    },
                    // The rules of filters have texts that are in no cell.
                    "office:forms" | "table:table-source" | "office:dde-source" => {
                        if let Err(damage) = self.skip() {
                            return (grid, Some(damage));
                        }
                    }
                    _ => depth += 1,
                },
                Ok(Event::End(_)) => {
                    depth -= 1;
                    if depth == 0 {
                        return (grid, None);
                    }
                }
                Ok(Event::Eof) => return (grid, Some("the file ends within a sheet".to_owned())),
                Ok(_) => {}
                Err(error) => return (grid, Some(error.to_string())),
            }
            if depth > DEPTH {
                return (grid, Some("elements are nested too deeply".to_owned()));
            }
        }
    }

    /// The cells of a row, each with its column; those without text are left out.
    fn row(&mut self) -> Result<Vec<(u32, OpenCell)>, String> {
        let mut cells = Vec::new();
        let mut column = 0_u32;
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    let covered = match start.name().as_ref() {
                        "table:table-cell" => false,
                        "table:covered-table-cell" => true,
                        _ => {
                            self.skip()?;
                            continue;
                        }
                    };
                    let mut cell = opened(&start);
                    cell.covered = covered;
                    self.content(&mut cell)?;
                    cell.repeated = cell.repeated.min(COLUMNS.saturating_sub(column));
                    let next = column.saturating_add(cell.repeated);
                    let says_something = !cell.text.trim().is_empty() || !cell.notes.is_empty();
                    if !cell.covered && says_something {
                        cells.push((column, cell));
                    }
                    column = next;
                }
                Event::End(_) => return Ok(cells),
                Event::Eof => return Err("the file ends within a row".to_owned()),
                _ => {}
            }
        }
    }

    /// Reads a cell to its end. Its paragraphs are its text where no attribute says its value.
    fn content(&mut self, cell: &mut OpenCell) -> Result<(), String> {
        let mut shown = String::new();
        let mut depth = 1_usize;
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())? {
                Event::Start(start) => match start.name().as_ref() {
                    "office:annotation" => {
                        let note = self.annotation()?;
                        cell.notes.push(note);
                    }
                    "draw:frame" | "draw:custom-shape" | "draw:g" => {
                        let (_, text) = self.annotation()?;
                        cell.notes.push((String::new(), text));
                    }
                    "table:detective" | "table:table" | "text:ruby-text" => self.skip()?,
                    "text:p" | "text:h" | "text:line-break" | "text:tab" => {
                        if !shown.is_empty() {
                            shown.push(' ');
                        }
                        depth += 1;
                    }
                    "text:s" => {
                        let spaces = count(&start, "text:c").min(SPACES);
                        shown.extend(std::iter::repeat_n(' ', spaces as usize));
                        depth += 1;
                    }
                    _ => depth += 1,
                },
                Event::Text(text) if depth > 1 => shown.push_str(&text.xml10_content()),
                Event::CData(text) if depth > 1 => shown.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) if depth > 1 => push_entity(&entity, &mut shown),
                Event::End(_) => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Event::Eof => return Err("the file ends within a cell".to_owned()),
                _ => {}
            }
            if depth > DEPTH {
                return Err("elements are nested too deeply".to_owned());
            }
        }
        if cell.kind.is_none() {
            cell.text = shown;
        }
        Ok(())
    }

    /// Author and text of a note; the text of a drawing.
    fn annotation(&mut self) -> Result<(String, String), String> {
        let (mut pieces, mut depth) = ([String::new(), String::new()], 1_usize);
        // Which of the two is being read, and how deep its element is.
        let mut open = None::<(usize, usize)>;
        while depth > 0 {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())? {
                Event::Start(start) if start.name().as_ref() == "table:table" => {
                    self.skip()?; // the values of a chart
                }
                Event::Start(start) if start.local_name().as_ref() == "math" => {
                    let start = start.into_owned();
                    if let Some(Shown::Formula(formula)) = self.embedded(start)? {
                        pieces[1].push('\n');
                        pieces[1].push_str(&formula);
                    }
                }
                Event::Start(start) => {
                    depth += 1;
                    match (start.name().as_ref(), open) {
                        ("draw:object", _) => {
                            let path = attribute(&start, "xlink:href").unwrap_or_default();
                            // Each is told once, however often it is named.
                            if let Some(says) = self.objects.remove(path.trim_start_matches("./")) {
                                pieces[1].push('\n');
                                pieces[1].push_str(&says);
                            }
                        }
                        ("dc:creator", None) => open = Some((0, depth)),
                        ("text:p", None) => {
                            pieces[1].push('\n');
                            open = Some((1, depth));
                        }
                        ("text:s" | "text:tab" | "text:line-break", Some((which, _))) => {
                            pieces[which].push(' ')
                        }
                        _ => {}
                    }
                }
                Event::Text(text) => {
                    if let Some((which, _)) = open {
                        pieces[which].push_str(&text.xml10_content());
                    }
                }
                Event::GeneralRef(entity) => {
                    if let Some((which, _)) = open {
                        push_entity(&entity, &mut pieces[which]);
                    }
                }
                Event::End(_) => {
                    open = open.filter(|(_, at)| *at != depth);
                    depth -= 1;
                }
                Event::Eof => return Err("the file ends within a note".to_owned()),
                _ => {}
            }
            if depth > DEPTH {
                return Err("elements are nested too deeply".to_owned());
            }
        }
        Ok(pieces.into())
    }

    /// What an object shows that is no part of its own but stands where it is shown, and whose first tag
    /// was just read.
    fn embedded(&mut self, start: BytesStart<'static>) -> Result<Option<Shown>, String> {
        let (mut copy, mut depth) = (Writer::new(Vec::new()), 0_usize);
        let mut event = Event::Start(start);
        loop {
            match &event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return Err("the file ends within an object".to_owned()),
                _ => {}
            }
            // As long as the part would be read that it is in an archive.
            if (copy.get_ref().len() as u64) < SMALL_PART {
                copy.write_event(event).map_err(|error| error.to_string())?;
            }
            if depth == 0 {
                break;
            }
            self.buffer.clear();
            event = self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())?;
        }
        let xml = String::from_utf8_lossy(copy.get_ref());
        Ok(Tree::parse(&xml).root().as_ref().and_then(shown))
    }

    /// Skips to the end of the element that has just begun.
    fn skip(&mut self) -> Result<(), String> {
        let mut depth = 1_usize;
        while depth > 0 {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return Err("the file ends within an element".to_owned()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A cell by its attributes: numbers and dates stand there as they are, not as they are shown.
fn opened(start: &BytesStart<'_>) -> OpenCell {
    let given = |name: &str| attribute(start, name);
    let number = || given("office:value")?.parse::<f64>().ok();
    let value = match given("office:value-type").or_else(|| given("calcext:value-type")).as_deref() {
        Some("float") => number().map(|number| (Kind::Number, value::number(number))),
        Some("percentage") => number().map(|number| (Kind::Number, value::percent(number))),
        Some("currency") => number().map(|number| (Kind::Number, currency(number, given("office:currency")))),
        Some("date") => given("office:date-value").map(|date| (Kind::Date, value::iso_moment(&date))),
        Some("time") => given("office:time-value").map(|time| (Kind::Date, value::iso_duration(&time))),
        Some("boolean") => given("office:boolean-value")
            .map(|truth| (Kind::Other, value::boolean(truth == "true").to_owned())),
        _ => None,
    };
    let (kind, text) = value.map_or((None, String::new()), |(kind, text)| (Some(kind), text));
    let repeated = count(start, "table:number-columns-repeated");
    OpenCell { kind, text, repeated, ..OpenCell::default() }
}

/// An amount with the currency's code.
fn currency(amount: f64, code: Option<String>) -> String {
    match code {
        Some(code) => format!("{} {code}", value::number(amount)),
        None => value::number(amount),
    }
}

/// Notes what is noted at the cells of a row.
fn note(notes: &mut Vec<Note>, cells: &[(u32, OpenCell)], row: u32, budget: &mut super::Budget) {
    for (column, cell) in cells {
        let here = cell.notes.iter();
        notes.extend(here.filter_map(|(author, text)| Note::new((row, *column), author, text, budget)));
    }
}

/// Puts a row into the grid as often as it comes. Returns `false` when the budget is spent.
fn put_rows(
    grid: &mut Grid,
    cells: &[(u32, OpenCell)],
    first: u32,
    repeated: u32,
    budget: &mut super::Budget,
) -> bool {
    if cells.is_empty() {
        return true;
    }
    (first..first.saturating_add(repeated)).all(|row| {
        cells.iter().all(|(column, cell)| {
            let columns = *column..column.saturating_add(cell.repeated);
            let kind = cell.kind.unwrap_or(Kind::Text);
            columns.into_iter().all(|column| grid.put((row, column), kind, &cell.text, budget))
        })
    })
}

/// How often something is repeated: at least once.
fn count(start: &BytesStart<'_>, name: &str) -> u32 {
    attribute(start, name).and_then(|count| count.parse().ok()).unwrap_or(1).max(1)
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.try_get_attribute(name).ok()??;
    found.normalized_value(XmlVersion::default()).ok().map(std::borrow::Cow::into_owned)
}

fn push_entity(entity: &BytesRef<'_>, text: &mut String) {
    match entity.resolve_char_ref() {
        Ok(Some(c)) => text.push(c),
        _ => text.push_str(resolve_html5_entity(&entity.xml10_content()).unwrap_or_default()),
    }
}
