//! Fields of forms: what is filled in is drawn, or told, after everything else on the page, and
//! belongs into the row of its label.

use super::chars::same_row;
use super::geometry::union;
use crate::message::{Inset, Line, Word};

/// By how much the text of a field may stand out of it, in points.
const SLACK: f32 = 3.0;
/// No more characters than these draw a tick.
const SIGN_CHARS: usize = 2;

/// A field that is filled in: where it is, and its lines if nothing on the page draws them.
pub(super) struct Filled {
    pub(super) rect: [f32; 4],
    pub(super) undrawn: Vec<Line>,
    /// A tick that is drawn in it is told by `undrawn`.
    pub(super) is_sign: bool,
}

/// Puts what stands in each field behind the words left of it in its row, or below the line above it.
pub(super) fn put_in_place(lines: Vec<Line>, filled: Vec<Filled>) -> Vec<Line> {
    if filled.is_empty() {
        return lines;
    }
    let rects: Vec<[f32; 4]> = filled.iter().map(|field| field.rect).collect();
    let (mut page, mut drawn): (Vec<Line>, Vec<Vec<Line>>) = (Vec::new(), vec![Vec::new(); rects.len()]);
    for (owner, piece) in lines.into_iter().flat_map(|line| pieces(line, |word| owner(word, &rects))) {
        match owner {
            Some(field) => drawn[field].push(piece),
            None => page.push(piece),
        }
    }
    for (index, (field, drawn)) in filled.into_iter().zip(drawn).enumerate() {
        let mut own = drawn;
        if field.is_sign && own.iter().map(|line| line.text.chars().count()).sum::<usize>() <= SIGN_CHARS {
            own.clear();
        }
        own.extend(field.undrawn);
        let number = u16::try_from(index + 1).unwrap_or(u16::MAX);
        own.iter_mut().for_each(|line| line.inset = Inset::Field(number));
        if !own.is_empty() {
            let at = make_room(&mut page, field.rect);
            page.splice(at..at, own);
        }
    }
    page
}

/// The field in which the middle of a word lies.
fn owner(word: &Word, rects: &[[f32; 4]]) -> Option<usize> {
    rects.iter().position(|rect| is_within(word.rect, *rect))
}

/// Whether the middle of a box lies in a rectangle, or hardly outside.
pub(super) fn is_within([x0, y0, x1, y1]: [f32; 4], [left, top, right, bottom]: [f32; 4]) -> bool {
    let (x, y) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
    (left - SLACK..=right + SLACK).contains(&x) && (top - SLACK..=bottom + SLACK).contains(&y)
}

/// Where the lines of a field go. A line with words on both sides of it is divided.
fn make_room(page: &mut Vec<Line>, rect: [f32; 4]) -> usize {
    let middle = (rect[0] + rect[2]) / 2.0;
    let is_left = |word: &Word| (word.rect[0] + word.rect[2]) / 2.0 < middle;
    let in_row = |line: &Line| same_row(bounds(line), rect);
    // Of lines that are equally far, the last one.
    let nearest = |page: &[Line], is: &dyn Fn(&Line) -> bool, far: &dyn Fn(&Line) -> f32| {
        let found = page.iter().enumerate().filter(|(_, line)| is(line));
        found.max_by(|a, b| far(b.1).total_cmp(&far(a.1))).map(|(at, _)| at)
    };
    let left_end = |line: &Line| {
        let ends = line.words.iter().filter(|word| is_left(word)).map(|word| word.rect[2]);
        ends.fold(f32::NEG_INFINITY, f32::max)
    };
    let has_left = |line: &Line| in_row(line) && line.words.iter().any(is_left);
    if let Some(at) = nearest(page, &has_left, &|line| -left_end(line)) {
        let mut parts: Vec<Line> = pieces(page.remove(at), is_left).map(|(_, part)| part).collect();
        // Words to the right of the field may only follow those to its left.
        if parts.len() > 2 {
            parts = parts.into_iter().reduce(joined).into_iter().collect();
        }
        page.splice(at..at, parts);
        return at + 1;
    }
    if let Some(at) = nearest(page, &in_row, &|line| bounds(line)[0]) {
        return at;
    }
    let is_above = |line: &Line| line.inset == Inset::None && bounds(line)[1] < rect[1];
    match nearest(page, &is_above, &|line| rect[1] - bounds(line)[1]) {
        // Behind what was put there for a field before.
        Some(at) => at + 1 + page[at + 1..].iter().take_while(|line| line.inset != Inset::None).count(),
        None => page.len(),
    }
}

/// Two pieces of a line as one again.
fn joined(mut line: Line, next: Line) -> Line {
    let offset = u32::try_from(line.text.len() + 1).unwrap_or(u32::MAX);
    line.text.push(' ');
    line.text.push_str(&next.text);
    let moved = next.words.into_iter().map(|word| Word {
        start: word.start.saturating_add(offset),
        end: word.end.saturating_add(offset),
        rect: word.rect,
    });
    line.words.extend(moved);
    line.hyphen = next.hyphen;
    line
}

fn bounds(line: &Line) -> [f32; 4] {
    line.words.iter().map(|word| word.rect).reduce(union).unwrap_or_default()
}

/// A line divided where what is said of its words changes.
fn pieces<K: PartialEq + Copy>(line: Line, key: impl Fn(&Word) -> K) -> impl Iterator<Item = (K, Line)> {
    let keys: Vec<K> = line.words.iter().map(key).collect();
    let mut found = Vec::new();
    let mut from = 0;
    while from < keys.len() {
        let count = keys[from..].iter().take_while(|key| **key == keys[from]).count();
        found.push((keys[from], part(&line, from, from + count)));
        from += count;
    }
    found.into_iter()
}

/// Some of the words of a line.
fn part(line: &Line, from: usize, to: usize) -> Line {
    let words = &line.words[from..to];
    let start = words.first().map_or(0, |word| word.start);
    let end = words.last().map_or(0, |word| word.end);
    let text = line.text.get(start as usize..end as usize).unwrap_or_default().to_owned();
    let words = words.iter().map(|word| Word { start: word.start - start, end: word.end - start, ..*word });
    let hyphen = line.hyphen && to == line.words.len();
    Line { text, words: words.collect(), hyphen, ..line.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line whose words are 50 points wide and 60 apart.
    fn line(x: f32, y: f32, words: &str) -> Line {
        let mut line = Line { text: words.to_owned(), size: 10.0, ..Line::default() };
        let mut start = 0;
        for (at, word) in words.split(' ').enumerate() {
            let left = x + at as f32 * 60.0;
            let end = start + word.len() as u32;
            line.words.push(Word { start, end, rect: [left, y, left + 50.0, y + 10.0] });
            start = end + 1;
        }
        line
    }

    fn field(rect: [f32; 4], undrawn: &[Line]) -> Filled {
        Filled { rect, undrawn: undrawn.to_vec(), is_sign: false }
    }

    fn texts(lines: &[Line]) -> Vec<(&str, u16)> {
        let number = |line: &Line| if let Inset::Field(number) = line.inset { number } else { 0 };
        lines.iter().map(|line| (line.text.as_str(), number(line))).collect()
    }

    #[test]
    fn what_is_filled_in_stands_in_the_row_of_its_label() {
        let lines = vec![
            line(0.0, 0.0, "Title"),
            line(0.0, 100.0, "Name:"),
            line(0.0, 130.0, "Agree: Yes No"),
            // Drawn last, and taken for one line.
            line(60.0, 102.0, "Ann Smith"),
        ];
        let tick = line(55.0, 130.0, "[x]");
        let filled = vec![
            field([50.0, 98.0, 200.0, 114.0], &[]),
            field([52.0, 128.0, 58.0, 142.0], &[tick]),
            field([300.0, 150.0, 400.0, 160.0], &[line(300.0, 150.0, "Alone")]),
        ];
        let placed = put_in_place(lines, filled);
        assert_eq!(
            texts(&placed),
            [
                ("Title", 0),
                ("Name:", 0),
                ("Ann Smith", 1),
                ("Agree:", 0),
                ("[x]", 2),
                ("Yes No", 0),
                ("Alone", 3)
            ]
        );
    }

    #[test]
    fn one_drawn_line_in_two_fields_is_two() {
        let filled = vec![field([0.0, 0.0, 55.0, 12.0], &[]), field([60.0, 0.0, 115.0, 12.0], &[])];
        let placed = put_in_place(vec![line(0.0, 0.0, "One Two")], filled);
        assert_eq!(texts(&placed), [("One", 1), ("Two", 2)]);
        assert_eq!(placed[1].words[0].start, 0);
    }
}
