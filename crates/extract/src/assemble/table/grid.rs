//! Tables between ruled lines. Lines that touch make a grid; where the line between two of its cells
//! is missing, they are one cell.

use super::{Cell, Piece, Table, length};
use crate::message::{Line, PageText};
use std::ops::Range;

/// Lines nearer than this are one, in points.
const SNAP: f32 = 2.5;
/// Lines with the same direction join over a gap of this many points.
const JOIN: f32 = 4.0;
/// A grid has at least this many lines in each direction, edges of the other direction's lines
/// included: two rows of two cells.
const MIN_LINES: usize = 3;
/// Finer grids are drawings (graph paper, maps).
const MAX_CELLS: usize = 10_000;
/// A grid needs this many rows with text in two cells.
const MIN_FULL_ROWS: usize = 2;
/// Cells with more characters than this on average are no cells but frames around running text.
const MAX_MEAN_CHARS: usize = 300;

/// A ruled line across or down: where it stands, and from where to where it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rule {
    at: f32,
    from: f32,
    to: f32,
}

/// Columns and rows between ruled lines.
#[derive(Debug)]
struct Grid {
    across: Vec<Rule>,
    down: Vec<Rule>,
    xs: Vec<f32>,
    ys: Vec<f32>,
}

/// The ruled tables of a page. Only lines that are `free` take part.
pub(super) fn find(page: &PageText, free: &[bool]) -> Vec<Table> {
    grids(&page.rules).iter().filter_map(|grid| grid.table(&page.lines, free)).collect()
}

fn grids(rules: &[[f32; 4]]) -> Vec<Grid> {
    let (flat, steep): (Vec<[f32; 4]>, Vec<[f32; 4]>) =
        rules.iter().partition(|[x0, y0, x1, y1]| x1 - x0 >= y1 - y0);
    let across = joined(flat.iter().map(|&[x0, y0, x1, y1]| Rule { at: (y0 + y1) / 2.0, from: x0, to: x1 }));
    let down = joined(steep.iter().map(|&[x0, y0, x1, y1]| Rule { at: (x0 + x1) / 2.0, from: y0, to: y1 }));
    let mut sets = Sets::new(across.len() + down.len());
    for (a, flat) in across.iter().enumerate() {
        for (b, steep) in down.iter().enumerate() {
            let near = |at: f32, rule: &Rule| at >= rule.from - SNAP && at <= rule.to + SNAP;
            if near(steep.at, flat) && near(flat.at, steep) {
                sets.unite(a, across.len() + b);
            }
        }
    }
    let mut grids: Vec<(usize, Vec<Rule>, Vec<Rule>)> = Vec::new();
    for (index, rule) in across.iter().chain(&down).enumerate() {
        let set = sets.of(index);
        let known = grids.iter().position(|(known, ..)| *known == set);
        let at = known.unwrap_or_else(|| {
            grids.push((set, Vec::new(), Vec::new()));
            grids.len() - 1
        });
        if index < across.len() { grids[at].1.push(*rule) } else { grids[at].2.push(*rule) }
    }
    grids.into_iter().filter_map(|(_, across, down)| Grid::of(across, down)).collect()
}

/// Rules on one straight line that touch, as one.
fn joined(rules: impl Iterator<Item = Rule>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = rules.collect();
    rules.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.from.total_cmp(&b.from)));
    let mut joined: Vec<Rule> = Vec::new();
    for rule in rules {
        let same = joined.iter_mut().rev().take_while(|known| rule.at - known.at <= SNAP);
        let mut touching = same.filter(|known| rule.from <= known.to + JOIN && rule.to >= known.from - JOIN);
        match touching.next() {
            Some(known) => (known.from, known.to) = (known.from.min(rule.from), known.to.max(rule.to)),
            None => joined.push(rule),
        }
    }
    joined
}

/// Places in ascending order, those that are nearer than [`SNAP`] as one.
fn places(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.dedup_by(|next, kept| *next - *kept <= 2.0 * SNAP);
    values
}

impl Grid {
    fn of(across: Vec<Rule>, down: Vec<Rule>) -> Option<Self> {
        if across.is_empty() || down.is_empty() {
            return None;
        }
        // Tables are often open at the sides: the ends of their lines are edges too.
        let ends = |rules: &[Rule]| {
            let from = rules.iter().map(|rule| rule.from).fold(f32::INFINITY, f32::min);
            [from, rules.iter().map(|rule| rule.to).fold(f32::NEG_INFINITY, f32::max)]
        };
        let xs = places(down.iter().map(|rule| rule.at).chain(ends(&across)));
        let ys = places(across.iter().map(|rule| rule.at).chain(ends(&down)));
        let cells = xs.len().saturating_sub(1) * ys.len().saturating_sub(1);
        (xs.len() >= MIN_LINES && ys.len() >= MIN_LINES && cells <= MAX_CELLS).then_some(Self {
            across,
            down,
            xs,
            ys,
        })
    }

    fn table(&self, lines: &[Line], free: &[bool]) -> Option<Table> {
        let (columns, rows) = (self.xs.len() - 1, self.ys.len() - 1);
        let mut owner = self.merged(columns, rows);
        let mut cells: Vec<Cell> = vec![Vec::new(); columns * rows];
        for (at, line) in lines.iter().enumerate().filter(|(at, _)| free.get(*at) == Some(&true)) {
            if self.holds(line) {
                for (cell, words) in self.pieces(line, columns, &mut owner) {
                    cells[cell].push(Piece { line: at, words });
                }
            }
        }
        let table = Table::of(lines, cells.chunks(columns).map(<[Cell]>::to_vec).collect());
        let lengths: Vec<usize> =
            table.rows.iter().flatten().map(|cell| length(lines, cell)).filter(|chars| *chars > 0).collect();
        let mean = lengths.iter().sum::<usize>() / lengths.len().max(1);
        (table.full_rows() >= MIN_FULL_ROWS && mean <= MAX_MEAN_CHARS).then_some(table)
    }

    /// Whether more than half of a line's words stand in the grid.
    fn holds(&self, line: &Line) -> bool {
        let inside = line.words.iter().filter(|word| {
            let [x, y] = centre(word.rect);
            let within = |places: &[f32], at: f32| {
                places.first().is_some_and(|first| *first <= at)
                    && places.last().is_some_and(|last| at <= *last)
            };
            within(&self.xs, x) && within(&self.ys, y)
        });
        inside.count() * 2 > line.words.len()
    }

    /// The words of a line by the cell they stand in; words beside the grid go to the nearest one.
    fn pieces(&self, line: &Line, columns: usize, owner: &mut Sets) -> Vec<(usize, Range<usize>)> {
        let between = |places: &[f32], at: f32| {
            places[1..places.len() - 1].iter().take_while(|place| **place <= at).count()
        };
        let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
        for (at, word) in line.words.iter().enumerate() {
            let [x, y] = centre(word.rect);
            let cell = owner.of(between(&self.ys, y) * columns + between(&self.xs, x));
            match pieces.last_mut() {
                Some((last, words)) if *last == cell => words.end = at + 1,
                _ => pieces.push((cell, at..at + 1)),
            }
        }
        pieces
    }

    /// Which cells are one, because no line divides them.
    fn merged(&self, columns: usize, rows: usize) -> Sets {
        let divides = |rules: &[Rule], at: f32, middle: f32| {
            rules.iter().any(|rule| {
                (rule.at - at).abs() <= 2.0 * SNAP && rule.from - SNAP <= middle && middle <= rule.to + SNAP
            })
        };
        let mut sets = Sets::new(columns * rows);
        for row in 0..rows {
            let y = (self.ys[row] + self.ys[row + 1]) / 2.0;
            for column in 0..columns {
                let x = (self.xs[column] + self.xs[column + 1]) / 2.0;
                let cell = row * columns + column;
                if column + 1 < columns && !divides(&self.down, self.xs[column + 1], y) {
                    sets.unite(cell, cell + 1);
                }
                if row + 1 < rows && !divides(&self.across, self.ys[row + 1], x) {
                    sets.unite(cell, cell + columns);
                }
            }
        }
        sets
    }
}

fn centre([x0, y0, x1, y1]: [f32; 4]) -> [f32; 2] {
    [(x0 + x1) / 2.0, (y0 + y1) / 2.0]
}

/// Sets of numbers that do not overlap; each is named by its least member.
#[derive(Debug)]
struct Sets {
    parents: Vec<usize>,
}

impl Sets {
    fn new(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    fn of(&mut self, mut member: usize) -> usize {
        while self.parents[member] != member {
            self.parents[member] = self.parents[self.parents[member]];
            member = self.parents[member];
        }
        member
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn across(y: f32, x0: f32, x1: f32) -> [f32; 4] {
        [x0, y, x1, y]
    }

    fn down(x: f32, y0: f32, y1: f32) -> [f32; 4] {
        [x, y0, x, y1]
    }

    #[test]
    fn lines_that_touch_make_one_grid_and_others_do_not() {
        let mut rules = vec![across(0.0, 0.0, 90.0), across(20.5, 0.0, 50.0), across(20.0, 50.0, 90.0)];
        rules.extend([
            across(40.0, 0.0, 90.0),
            down(0.0, 0.0, 40.0),
            down(50.0, 0.0, 40.0),
            down(90.0, 0.0, 40.0),
        ]);
        rules.extend([across(300.0, 0.0, 90.0), down(400.0, 500.0, 600.0)]);
        let grids = grids(&rules);
        assert_eq!(grids.len(), 1);
        assert_eq!((grids[0].xs.len(), grids[0].ys.len()), (3, 3));
    }

    #[test]
    fn a_missing_line_makes_one_cell_of_two() {
        let rules = [
            across(0.0, 0.0, 90.0),
            across(20.0, 0.0, 90.0),
            across(40.0, 0.0, 90.0),
            down(0.0, 0.0, 40.0),
            down(50.0, 20.0, 40.0),
            down(90.0, 0.0, 40.0),
        ];
        let grid = &grids(&rules)[0];
        let mut sets = grid.merged(2, 2);
        assert_eq!([0, 1, 2, 3].map(|cell| sets.of(cell)), [0, 0, 2, 3]);
    }

    #[test]
    fn a_table_open_at_its_sides_has_its_outer_columns() {
        let rules =
            [across(0.0, 0.0, 90.0), across(20.0, 0.0, 90.0), across(40.0, 0.0, 90.0), down(50.0, 0.0, 40.0)];
        assert_eq!(grids(&rules)[0].xs, [0.0, 50.0, 90.0]);
    }

    #[test]
    fn a_frame_and_a_bare_line_are_no_grids() {
        let frame =
            [across(0.0, 0.0, 90.0), across(40.0, 0.0, 90.0), down(0.0, 0.0, 40.0), down(90.0, 0.0, 40.0)];
        assert!(grids(&frame).is_empty() && grids(&frame[..1]).is_empty());
    }
}
