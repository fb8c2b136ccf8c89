//! How much a chat model is given to read and allowed to say.
//!
//! Below 7 billion parameters reading is the bottleneck, not finding: more context makes small
//! models worse and is paid for in seconds of waiting. The amounts follow the table of section 3
//! in the project's notes on retrieval; each is a starting point to be measured against.

use docent_inference::GeneratorInfo;

/// Models by what can be expected of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Up to 0.6 billion parameters: may phrase, the quotation is the answer.
    Tiny,
    /// Up to 2.5 billion, and models of unknown size.
    Small,
    /// Larger ones.
    Large,
}

impl Size {
    /// The size of a model with this many parameters.
    pub(crate) fn of_parameters(parameters: u64) -> Self {
        match parameters {
            0..=600_000_000 => Self::Tiny,
            600_000_001..=2_500_000_000 => Self::Small,
            _ => Self::Large,
        }
    }

    /// The size of a model: by its parameters if they are known, else by the number in its name.
    pub(crate) fn of(info: &GeneratorInfo, parameters: Option<u64>) -> Self {
        parameters.or_else(|| in_name(&info.name)).map_or(Self::Small, Self::of_parameters)
    }
}

/// What a prompt may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Most passages.
    pub(crate) passages: usize,
    /// Most tokens of their text.
    pub(crate) evidence: usize,
    /// Most tokens of the answer.
    pub(crate) answer: usize,
    /// Most tokens of a prompt, answer not included.
    pub(crate) prompt: usize,
    /// Whether earlier turns are shown to the model.
    pub(crate) history: bool,
}

impl Budget {
    /// The budget for a model of `size` that holds `context` tokens.
    pub(crate) fn new(size: Size, context: usize) -> Self {
        let (passages, evidence, answer, history) = match size {
            Size::Tiny => (2, 400, 96, false),
            Size::Small => (3, 900, 256, true),
            Size::Large => (5, 2_000, 512, true),
        };
        let answer = answer.min(context / 4);
        let prompt = context - answer;
        Self { passages, evidence: evidence.min(prompt * 3 / 4), answer, prompt, history }
    }
}

/// The number of parameters in a name such as `SmolLM2-135M-Instruct` or `qwen2.5-0.5b`.
fn in_name(name: &str) -> Option<u64> {
    let name = name.strip_suffix(".gguf").unwrap_or(name);
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    parts.find_map(|part| {
        let unit = match part.chars().last()?.to_ascii_lowercase() {
            'm' => 1e6,
            'b' => 1e9,
            _ => return None,
        };
        let number: f64 = part[..part.len() - 1].parse().ok()?;
        (number > 0.0 && number < 1e5).then_some((number * unit) as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_names() {
        let cases = [
            ("SmolLM2-135M-Instruct-Q4_1", Some(135_000_000)),
            ("Qwen2.5-0.5B-Instruct", Some(500_000_000)),
            ("gemma-3-1b-it", Some(1_000_000_000)),
            ("qwen3_4b.gguf", Some(4_000_000_000)),
            ("phi-mini", None),
            ("b-m", None),
            ("", None),
        ];
        for (name, want) in cases {
            assert_eq!(in_name(name), want, "{name}");
        }
    }

    #[test]
    fn stated_parameters_win_over_the_name() {
        let info = GeneratorInfo {
            name: "tale-of-7B".into(),
            architecture: "llama".into(),
            context_tokens: 2048,
            weights_sha256: String::new(),
            memory: docent_inference::ModelMemory::default(),
            default_template: None,
        };
        assert_eq!(Size::of(&info, None), Size::Large);
        assert_eq!(Size::of(&info, Some(135_000_000)), Size::Tiny);
    }

    #[test]
    fn everything_fits_the_context() {
        for size in [Size::Tiny, Size::Small, Size::Large] {
            for context in [0, 64, 512, 2_048, 131_072] {
                let budget = Budget::new(size, context);
                assert!(budget.prompt + budget.answer <= context);
                assert!(budget.evidence <= budget.prompt);
            }
        }
        assert_eq!(Budget::new(Size::Tiny, 2_048).evidence, 400);
    }
}
