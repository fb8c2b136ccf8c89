//! How telling a term is, judged from the chunks that a search brought up.

use std::collections::{HashMap, HashSet};

use docent_text::{Stop, terms};

use crate::common::{self, is_common};
use crate::stem::stem;

/// The content terms of a text, in order, with repeats; English ones as stems.
pub(crate) fn content_terms(text: &str) -> impl Iterator<Item = String> {
    terms(text, Stop::Drop).into_iter().map(stem)
}

/// The distinct content terms of a text.
pub(crate) fn term_set(text: &str) -> HashSet<String> {
    content_terms(text).collect()
}

/// Inverse document frequencies over a pool of texts.
///
/// The pool is what both legs of a search returned, not the whole library: the store keeps no
/// statistics that we could ask for, and within the pool rare still is rare. A term that no text
/// of the pool holds weighs most, which is what tells a question about something else apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Idf {
    texts: usize,
    frequency: HashMap<String, usize>,
}

impl Idf {
    /// Counts, for each term, the sets that hold it.
    pub(crate) fn of<'s>(sets: impl IntoIterator<Item = &'s HashSet<String>>) -> Self {
        let mut idf = Self::default();
        for set in sets {
            idf.texts += 1;
            for term in set {
                *idf.frequency.entry(term.clone()).or_default() += 1;
            }
        }
        idf
    }

    /// Whether nothing has been counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts == 0
    }

    /// ln(1 + (N - n + 0.5) / (n + 0.5)), the weight of BM25 (Robertson and Zaragoza, 2009) in the
    /// form that never goes below 0; N texts, n of them with the term. Common words have a share of it.
    pub(crate) fn weight(&self, term: &str) -> f32 {
        let n = self.frequency.get(term).copied().unwrap_or(0) as f32;
        let all = self.texts as f32;
        let weight = (1.0 + (all - n + 0.5) / (n + 0.5)).ln();
        if is_common(term) { weight * common::SHARE } else { weight }
    }

    /// Share of the weight of `wanted` that `present` holds, 0 to 1. Nothing wanted is 0.
    pub(crate) fn coverage<'t>(
        &self,
        wanted: impl IntoIterator<Item = &'t String>,
        present: &HashSet<String>,
    ) -> f32 {
        let (mut all, mut found) = (0.0, 0.0);
        for term in wanted {
            let weight = self.weight(term);
            all += weight;
            if present.contains(term) {
                found += weight;
            }
        }
        if all > 0.0 { found / all } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_weigh_more_and_absent_ones_most() {
        let pool = ["red fox", "red dog", "red cat", "red fox runs"].map(term_set);
        let idf = Idf::of(&pool);
        assert!(idf.weight("fox") > idf.weight("red"));
        assert!(idf.weight("zebra") > idf.weight("cat"));
        assert!(idf.weight("red") > 0.0);
    }

    #[test]
    fn coverage_is_a_share_of_weight() {
        let pool = ["red fox", "red dog", "red cat"].map(term_set);
        let idf = Idf::of(&pool);
        let wanted = vec!["red".to_owned(), "fox".to_owned()];
        assert!((idf.coverage(&wanted, &pool[0]) - 1.0).abs() < 1e-6);
        let only_red = idf.coverage(&wanted, &pool[1]);
        assert!(only_red > 0.0 && only_red < 0.5, "{only_red}");
        assert_eq!(idf.coverage(&[], &pool[0]), 0.0);
        assert_eq!(Idf::default().coverage(&wanted, &HashSet::new()), 0.0);
    }

    #[test]
    fn chinese_terms_are_pairs() {
        let set = term_set("安装软件包");
        assert!(set.contains("软件"), "{set:?}");
    }
}
