//! Okapi BM25 over a list of rows held in memory (Robertson and Zaragoza, "The Probabilistic
//! Relevance Framework: BM25 and Beyond", 2009), with the constants LanceDB uses.

use docent_text::{fold, words};
use std::collections::HashMap;

/// How soon more occurrences of a word stop counting.
const K1: f64 = 1.2;
/// How much a long text is held against its words, 0 to 1.
const B: f64 = 0.75;

/// The words of a text in order, made comparable, and cut at every sign that is neither letter nor
/// digit: `example.com` is found by `example`.
pub(crate) fn terms_of(text: &str) -> Vec<String> {
    let text = fold(text);
    words(&text)
        .into_iter()
        .flat_map(|span| text[span].split(|c: char| !c.is_alphanumeric()))
        .filter(|term| !term.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Length of texts and how many of them hold each word of a query.
pub(crate) struct Statistics {
    texts: f64,
    mean_length: f64,
    holding: HashMap<String, f64>,
}

impl Statistics {
    /// Counts over all texts, each given by its terms.
    pub(crate) fn over<'t>(texts: impl Iterator<Item = &'t [String]>, query: &[String]) -> Self {
        let mut holding: HashMap<String, f64> = query.iter().map(|term| (term.clone(), 0.0)).collect();
        let (mut count, mut length) = (0usize, 0usize);
        for terms in texts {
            count += 1;
            length += terms.len();
            for (term, n) in &mut holding {
                if terms.contains(term) {
                    *n += 1.0;
                }
            }
        }
        Self { texts: count as f64, mean_length: length as f64 / count.max(1) as f64, holding }
    }

    /// Weight of a word: the rarer the higher, never negative.
    fn rarity(&self, term: &str) -> f64 {
        let n = self.holding.get(term).copied().unwrap_or(0.0);
        (1.0 + (self.texts - n + 0.5) / (n + 0.5)).ln()
    }

    fn weight(&self, occurrences: usize, length: usize) -> f64 {
        let n = occurrences as f64;
        n * (K1 + 1.0) / (n + K1 * (1.0 - B + B * length as f64 / self.mean_length.max(1.0)))
    }

    /// Score of a text for any of the words; 0 when it holds none.
    pub(crate) fn any_of(&self, query: &[String], terms: &[String]) -> f32 {
        let mut score = 0.0;
        for (at, term) in query.iter().enumerate() {
            // A word asked twice counts once.
            if query[..at].contains(term) {
                continue;
            }
            let n = terms.iter().filter(|other| *other == term).count();
            if n > 0 {
                score += self.rarity(term) * self.weight(n, terms.len());
            }
        }
        score as f32
    }

    /// Score of a text for the words standing next to each other in this order; 0 when they do not.
    pub(crate) fn phrase(&self, query: &[String], terms: &[String]) -> f32 {
        if query.is_empty() {
            return 0.0;
        }
        let n = terms.windows(query.len()).filter(|window| *window == query).count();
        if n == 0 {
            return 0.0;
        }
        (query.iter().map(|term| self.rarity(term)).sum::<f64>() * self.weight(n, terms.len())) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn scores_agree_with_the_formula_worked_by_hand() {
        let texts = [list("a b c d"), list("a a"), list("e f g h i j")];
        let query = list("a");
        let statistics = Statistics::over(texts.iter().map(Vec::as_slice), &query);
        // N = 3, n = 2, mean length 4: idf = ln(1 + 1.5 / 2.5) = ln 1.6.
        let idf = 1.6f64.ln();
        let first = idf * 2.2 / (1.0 + 1.2);
        let second = idf * 2.0 * 2.2 / (2.0 + 1.2 * (0.25 + 0.75 * 0.5));
        assert!((f64::from(statistics.any_of(&query, &texts[0])) - first).abs() < 1e-6);
        assert!((f64::from(statistics.any_of(&query, &texts[1])) - second).abs() < 1e-6);
        assert_eq!(statistics.any_of(&query, &texts[2]), 0.0);
    }

    #[test]
    fn a_phrase_needs_its_order() {
        let texts = [list("x full text y"), list("text full x y")];
        let query = list("full text");
        let statistics = Statistics::over(texts.iter().map(Vec::as_slice), &query);
        assert!(statistics.phrase(&query, &texts[0]) > 0.0);
        assert_eq!(statistics.phrase(&query, &texts[1]), 0.0);
        assert_eq!(statistics.phrase(&[], &texts[0]), 0.0);
        assert_eq!(statistics.any_of(&query, &texts[0]), statistics.any_of(&query, &texts[1]));
    }

    #[test]
    fn case_and_width_do_not_matter() {
        assert_eq!(terms_of("Full-Text 2024"), terms_of("full-text 2024"));
        assert!(terms_of("支持中文全文检索").contains(&"中文".to_owned()));
        assert!(terms_of(" ,.!").is_empty());
        assert_eq!(terms_of("See example.com:80"), ["see", "example", "com", "80"]);
    }
}
