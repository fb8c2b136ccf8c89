//! Text that is turned on its page: by how much, and its lines in the order in which they are read.

use super::geometry::union;
use crate::message::{Line, Turn};

/// Text turned by up to so many degrees beside a quarter counts as turned by the quarter.
const TOLERANCE: f32 = 10.0;

/// How text is turned that stands at `degrees` clockwise on the page as displayed.
pub(super) fn turn(degrees: f32) -> Turn {
    if !degrees.is_finite() {
        return Turn::Upright;
    }
    let degrees = degrees.rem_euclid(360.0);
    let quarters = (degrees / 90.0).round();
    if (degrees - quarters * 90.0).abs() > TOLERANCE {
        return Turn::Slanted;
    }
    match quarters as u8 % 4 {
        0 => Turn::Upright,
        1 => Turn::Right,
        2 => Turn::Over,
        _ => Turn::Left,
    }
}

/// Puts lines that are read downwards in order, right to left. PDFium takes those that begin at the
/// same height for one line and sorts them from left to right.
pub(super) fn sort_turned(lines: &mut [Line]) {
    let mut from = 0;
    while from < lines.len() {
        let steps = lines[from..].windows(2).take_while(|pair| goes_right(&pair[0], &pair[1])).count();
        lines[from..=from + steps].reverse();
        from += steps + 1;
    }
}

/// Whether `line` stands right of `before` beside it, both turned clockwise.
fn goes_right(before: &Line, line: &Line) -> bool {
    if before.turn != Turn::Right || line.turn != Turn::Right {
        return false;
    }
    let (a, b) = (bounds(before), bounds(line));
    let shared = a[3].min(b[3]) - a[1].max(b[1]);
    b[0] > a[0] && b[2] > a[2] && shared > 0.5 * (a[3] - a[1]).min(b[3] - b[1])
}

fn bounds(line: &Line) -> [f32; 4] {
    line.words.iter().map(|word| word.rect).reduce(union).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Word;

    #[test]
    fn only_quarters_are_no_slant() {
        let turns = [0.0, 358.0, 91.0, 180.0, 270.0, 45.0, f32::NAN].map(turn);
        let expected =
            [Turn::Upright, Turn::Upright, Turn::Right, Turn::Over, Turn::Left, Turn::Slanted, Turn::Upright];
        assert_eq!(turns, expected);
    }

    #[test]
    fn lines_read_downwards_go_from_right_to_left() {
        let line = |text: &str, x: f32, y: f32, turn| {
            let word = Word { start: 0, end: text.len() as u32, rect: [x, y, x + 10.0, y + 100.0] };
            Line { text: text.to_owned(), words: vec![word], turn, ..Line::default() }
        };
        let mut lines = vec![
            line("upright", 0.0, 0.0, Turn::Upright),
            line("two", 20.0, 50.0, Turn::Right),
            line("one", 40.0, 50.0, Turn::Right),
            line("next column", 60.0, 200.0, Turn::Right),
            line("up", 0.0, 0.0, Turn::Left),
            line("right of it", 20.0, 0.0, Turn::Left),
        ];
        sort_turned(&mut lines);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["upright", "one", "two", "next column", "up", "right of it"]);
    }
}
