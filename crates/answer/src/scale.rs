//! What the cosines of an embedding model mean.
//!
//! One model gives unrelated texts a cosine of 0.05, another 0.75, and an English model gives
//! Chinese texts numbers that mean nothing. So each model is tried once per language on a few
//! questions and answers of our own: the mean cosine of the strangers among them becomes 0, that of
//! the pairs becomes 1, and a model that cannot tell the pairs from the strangers is known not to
//! read that language. The pairs share as few words as possible, so that matching words is not
//! enough.

use docent_corpus::Cancel;
use docent_inference::{EmbedKind, Embedder, InferenceError, Priority};
use docent_text::Language;

const ENGLISH: &[(&str, &str)] = &[
    ("Which animal guards the house?", "Our dog barks at every stranger who comes to the door."),
    ("How can I lose weight?", "Eating fewer calories and jogging daily makes people slimmer."),
    ("When does the train leave?", "The express to London departs from platform four at noon."),
    (
        "What is the doctor's advice against fever?",
        "Patients with a high temperature should rest and drink water.",
    ),
    ("How do plants get energy?", "Leaves turn sunlight into sugar by photosynthesis."),
    ("Why did the company go bankrupt?", "The firm could no longer repay its loans after sales collapsed."),
    ("Who painted the ceiling of the chapel?", "Michelangelo worked on the frescoes for four years."),
    ("How is the software installed?", "Run the setup program and restart your computer afterwards."),
];

const CHINESE: &[(&str, &str)] = &[
    ("什么动物看家？", "我们的狗一见陌生人靠近大门就叫。"),
    ("怎样减肥？", "少吃高热量食品并坚持每天跑步能让身材变苗条。"),
    ("火车几点开？", "开往伦敦的特快列车中午从四号站台出发。"),
    ("发烧了医生建议怎么办？", "体温升高的病人应当休息并多喝水。"),
    ("植物如何获得能量？", "叶片通过光合作用把阳光转化为糖分。"),
    ("公司为何破产？", "销售额暴跌之后，这家企业再也还不起贷款。"),
    ("教堂的天花板是谁画的？", "米开朗基罗花了四年时间创作这些壁画。"),
    ("软件如何安装？", "运行设置程序，然后重新启动电脑。"),
];

/// How many of the eight questions must find their own answer among the eight.
const NEEDED: usize = 6;

/// Least distance between the two means; below it their difference is noise.
const LEAST_DISTANCE: f32 = 0.05;

/// How a model's cosines are read in one language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    unrelated: f32,
    related: f32,
    reads: bool,
}

impl Scale {
    /// Tries `embedder` in `language`.
    ///
    /// # Errors
    /// Whatever embedding the sixteen short texts met.
    pub(crate) async fn measure(
        embedder: &dyn Embedder,
        language: Language,
        cancel: &Cancel,
    ) -> Result<Self, InferenceError> {
        let pairs = match language {
            Language::Chinese => CHINESE,
            Language::English => ENGLISH,
        };
        let side = |of: fn(&(&str, &str)) -> String| pairs.iter().map(of).collect::<Vec<_>>();
        let (questions, answers) = (side(|pair| pair.0.to_owned()), side(|pair| pair.1.to_owned()));
        let embed = |texts, kind| embedder.embed(texts, kind, Priority::Interactive, cancel.clone());
        let questions = embed(questions, EmbedKind::Query).await?;
        let answers = embed(answers, EmbedKind::Passage).await?;
        Ok(Self::from_vectors(&questions, &answers))
    }

    fn from_vectors(questions: &[Vec<f32>], answers: &[Vec<f32>]) -> Self {
        let (mut own, mut other, mut right) = (0.0, 0.0, 0);
        for (row, question) in questions.iter().enumerate() {
            let cosines: Vec<f32> = answers.iter().map(|answer| cosine(question, answer)).collect();
            let best = (0..cosines.len()).max_by(|a, b| cosines[*a].total_cmp(&cosines[*b]));
            right += usize::from(best == Some(row));
            own += cosines[row];
            other += cosines.iter().sum::<f32>() - cosines[row];
        }
        let n = questions.len() as f32;
        let (related, unrelated) = (own / n, other / (n * (n - 1.0)));
        Self { unrelated, related, reads: right >= NEEDED && related - unrelated >= LEAST_DISTANCE }
    }

    /// Whether the model can tell what belongs together in this language.
    pub(crate) fn reads(&self) -> bool {
        self.reads
    }

    /// A cosine on the common scale: 0 is unrelated, 1 a question and its answer; from -0.5 to 2.
    /// `None` when the model does not read the language.
    pub(crate) fn of(&self, cosine: f32) -> Option<f32> {
        let scaled = (cosine - self.unrelated) / (self.related - self.unrelated);
        self.reads.then(|| scaled.clamp(-0.5, 2.0))
    }

    #[cfg(test)]
    pub(crate) fn fixed(unrelated: f32, related: f32) -> Self {
        Self { unrelated, related, reads: true }
    }
}

/// Cosine of two vectors of one length; 0 if either has none.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let lengths = length(a) * length(b);
    if lengths > 0.0 { dot / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_inference::fake::FakeEmbedder;

    #[tokio::test]
    async fn an_embedder_that_only_matches_words_does_not_read() {
        for language in [Language::English, Language::Chinese] {
            let scale = Scale::measure(&FakeEmbedder::new(256), language, &Cancel::new()).await.unwrap();
            assert!(!scale.reads(), "{language:?} {scale:?}");
            assert_eq!(scale.of(0.9), None);
        }
    }

    #[test]
    fn pairs_become_one_and_strangers_zero() {
        let axis = |i: usize| (0..9).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        let tilted = |i: usize| axis(i).iter().zip(axis(8)).map(|(a, b)| a + b).collect::<Vec<f32>>();
        let questions: Vec<_> = (0..8).map(tilted).collect();
        let scale = Scale::from_vectors(&questions, &questions);
        assert!(scale.reads());
        assert!((scale.of(1.0).unwrap() - 1.0).abs() < 1e-5);
        assert!(scale.of(0.5).unwrap().abs() < 1e-5);
        assert_eq!(scale.of(-5.0), Some(-0.5));
    }

    #[test]
    fn cosine_of_nothing_is_zero() {
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
        assert!((cosine(&[2.0, 0.0], &[5.0, 0.0]) - 1.0).abs() < 1e-6);
    }
}
