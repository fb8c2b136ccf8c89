//! Medians, spreads and ratios, and how they are printed.

use anyhow::{Context, Result};
use serde_json::Value;

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// More is better.
    TokensPerSecond,
    /// What a reply counts under this name, per second. More is better.
    PerSecond(&'static str),
    /// Less is better.
    Seconds,
    /// Less is better.
    Milliseconds,
    /// Less is better.
    Mebibytes,
}

impl Unit {
    /// The figure in an engine's reply.
    pub(crate) fn read(self, reply: &Value) -> Result<f64> {
        let field = |name: &str| {
            reply[name].as_f64().with_context(|| format!("the reply {reply} has no number `{name}`"))
        };
        Ok(match self {
            Self::TokensPerSecond => field("tokens")? / field("seconds")?,
            Self::PerSecond(what) => field(what)? / field("seconds")?,
            Self::Seconds => field("seconds")?,
            Self::Milliseconds => field("seconds")? * 1e3,
            Self::Mebibytes => field("bytes")? / f64::from(1 << 20),
        })
    }

    fn name(self) -> String {
        match self {
            Self::TokensPerSecond => "tokens/s".to_owned(),
            Self::PerSecond(what) => format!("{what}/s"),
            Self::Seconds => "s".to_owned(),
            Self::Milliseconds => "ms".to_owned(),
            Self::Mebibytes => "MiB".to_owned(),
        }
    }

    fn more_is_better(self) -> bool {
        matches!(self, Self::TokensPerSecond | Self::PerSecond(_))
    }
}

/// One thing that is measured.
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    /// What the first engine's figure divided by that of the one named should reach, or stay below
    /// where less is better.
    pub(crate) goals: &'static [(&'static str, f64)],
}

/// The figures of one engine, one per round.
#[derive(Clone, Default)]
pub(crate) struct Series {
    pub(crate) quiet: Vec<f64>,
    /// Beside the busy neighbour; empty if there was none.
    pub(crate) busy: Vec<f64>,
    /// Processor seconds a second that the engine got in each round; empty where that is unknown.
    pub(crate) quiet_cores: Vec<f64>,
    /// The same beside the busy neighbour.
    pub(crate) busy_cores: Vec<f64>,
}

impl Series {
    /// Figures of a quiet machine alone.
    pub(crate) fn of(figures: Vec<f64>) -> Self {
        Self { quiet: figures, ..Self::default() }
    }

    /// What the busy neighbour changed: by so many per cent the speed, and by so many the processor
    /// time that the engine got, of which it could not have more.
    fn change(&self, unit: Unit) -> String {
        let per_cent = |after: &[f64], before: &[f64]| {
            (Spread::of(after).median / Spread::of(before).median - 1.0) * 100.0
        };
        let speed = match unit.more_is_better() {
            true => per_cent(&self.busy, &self.quiet),
            false => per_cent(&self.quiet, &self.busy),
        };
        match self.quiet_cores.is_empty() || self.busy_cores.is_empty() {
            true => format!("speed {speed:+.0} %"),
            false => {
                let time = per_cent(&self.busy_cores, &self.quiet_cores);
                format!("speed {speed:+.0} %, processor time {time:+.0} %")
            }
        }
    }
}

/// What has been measured so far.
#[derive(Default)]
pub(crate) struct Report {
    ratios: Vec<String>,
    /// What the busy neighbour cost.
    changes: Vec<String>,
}

impl Report {
    /// Prints a metric: every engine's figures, then the first engine's divided by the others'.
    pub(crate) fn add(&mut self, metric: &Metric, engines: &[&str], series: &[Series]) {
        let note = if metric.unit.more_is_better() { "" } else { " (less is better)" };
        println!("\n{}, {}{note}", metric.name, metric.unit.name());
        let short_name = metric.name.split(" (").next().unwrap_or_default();
        let mut changes = Vec::new();
        for (engine, series) in engines.iter().zip(series) {
            println!("  {engine:34} {}", Spread::of(&series.quiet).figures().trim_end());
            if !series.busy.is_empty() {
                let change = series.change(metric.unit);
                println!(
                    "  {:34} {} {change}",
                    "  beside a busy neighbour",
                    Spread::of(&series.busy).figures()
                );
                changes.push(format!("  {engine:32} {change}"));
            }
        }
        if !changes.is_empty() {
            self.changes.push(format!("{short_name}\n{}", changes.join("\n")));
        }
        let (Some((ours, others)), Some((own_name, names))) = (series.split_first(), engines.split_first())
        else {
            return;
        };
        for (name, other) in names.iter().zip(others) {
            let ratio = Spread::of(&quotients(&ours.quiet, &other.quiet));
            let goal = metric.goals.iter().find(|(of, _)| of == name).map_or(String::new(), |(_, goal)| {
                let is_reached = match metric.unit.more_is_better() {
                    true => ratio.median >= *goal,
                    false => ratio.median <= *goal,
                };
                let reached = if is_reached { "reached" } else { "MISSED" };
                format!("  goal {goal}: {reached}")
            });
            let line = format!("{:34} {}{goal}", format!("{own_name} / {name}"), ratio.factor());
            println!("  {}", line.trim_end());
            self.ratios.push(format!("{short_name:32} {}", line.trim_end()));
        }
    }

    /// Prints all ratios once more, side by side.
    pub(crate) fn summary(&self) {
        println!("\n══ ratios: median (least – greatest) over the rounds\n{}", self.ratios.join("\n"));
        if !self.changes.is_empty() {
            println!("\n══ what a busy neighbour changes\n{}", self.changes.join("\n"));
        }
    }
}

/// Each figure divided by that of the same round.
fn quotients(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

/// The middle and the ends of some figures.
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    /// Of any number of figures.
    pub(crate) fn of(figures: &[f64]) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        let last = sorted.len().saturating_sub(1);
        Self { median: (at(last / 2) + at(last.div_ceil(2))) / 2.0, least: at(0), greatest: at(last) }
    }

    /// All three, for a line of the output.
    pub(crate) fn figures(&self) -> String {
        let spread = format!("({} – {})", digits(self.least), digits(self.greatest));
        format!("{:>9}  {spread:22}", digits(self.median))
    }

    fn factor(&self) -> String {
        let spread = format!("({:.2} – {:.2})", self.least, self.greatest);
        format!("{:>9.2}  {spread:22}", self.median)
    }
}

/// Three digits that mean something.
fn digits(figure: f64) -> String {
    match figure {
        large if large >= 100.0 => format!("{large:.0}"),
        medium if medium >= 10.0 => format!("{medium:.1}"),
        small => format!("{small:.2}"),
    }
}

/// How far two vectors point the same way.
pub(crate) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_spread_has_a_middle_and_ends() {
        let odd = Spread::of(&[3.0, 1.0, 2.0]);
        assert_eq!((odd.least, odd.median, odd.greatest), (1.0, 2.0, 3.0));
        assert_eq!(Spread::of(&[4.0, 1.0]).median, 2.5);
        assert_eq!(Spread::of(&[7.0]).median, 7.0);
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        assert_eq!(quotients(&[8.0, 4.0], &[4.0, 2.0]), [2.0, 2.0]);
    }

    #[test]
    fn what_a_neighbour_changes_is_said_of_the_speed_and_of_the_processor_time() {
        let mut series = Series { quiet: vec![200.0], busy: vec![150.0], ..Series::default() };
        assert_eq!(series.change(Unit::TokensPerSecond), "speed -25 %");
        (series.quiet_cores, series.busy_cores) = (vec![2.0], vec![1.4]);
        assert_eq!(series.change(Unit::TokensPerSecond), "speed -25 %, processor time -30 %");
        // A time that doubles is half the speed.
        let series = Series { quiet: vec![10.0], busy: vec![20.0], ..Series::default() };
        assert_eq!(series.change(Unit::Milliseconds), "speed -50 %");
    }

    #[test]
    fn replies_become_figures() {
        let reply = json!({ "seconds": 0.5, "tokens": 100, "bytes": 3 << 20 });
        assert_eq!(Unit::TokensPerSecond.read(&reply).unwrap(), 200.0);
        assert_eq!(Unit::Milliseconds.read(&reply).unwrap(), 500.0);
        assert_eq!(Unit::Mebibytes.read(&reply).unwrap(), 3.0);
        assert!(Unit::Mebibytes.read(&json!({})).is_err());
        assert_eq!(Unit::PerSecond("tokens").read(&reply).unwrap(), 200.0);
        assert_eq!(Unit::Seconds.read(&reply).unwrap(), 0.5);
    }

    #[test]
    fn vectors_are_compared_by_direction() {
        assert!((cosine(&[1.0, 1.0], &[3.0, 3.0]) - 1.0).abs() < 1e-12);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
    }
}
