//! The dimensions of a decoder from the metadata of its GGUF file.

use docent_kernels::{Activation, Pairs};

use super::{Local, RopeShape, Shape, unsupported};
use crate::InferenceError;
use crate::decoder::rope::Scaling;
use crate::gguf::Gguf;
use crate::gguf::checkpoint::TURNS_BY_HALVES;

/// Gemma 3: five layers of six see a window, and turn by this base.
const GEMMA3_GLOBAL_EVERY: usize = 6;
const GEMMA3_LOCAL_BASE: f64 = 10_000.0;

/// Layers of Gemma 3 27B, the only one whose scores are scaled by the width of a head as if the
/// heads made up the width of the model.
const GEMMA3_LARGEST_LAYERS: usize = 62;

impl Shape {
    /// Reads the dimensions of `file` and checks that it holds every tensor they call for, in the
    /// right form, and no other.
    ///
    /// # Errors
    /// [`InferenceError::UnsupportedArchitecture`] if it is of a kind not computed here,
    /// [`InferenceError::ModelFile`] if it does not hold together.
    pub(crate) fn read(file: &Gguf) -> Result<Self, InferenceError> {
        let architecture =
            file.text("general.architecture").ok_or_else(|| file.invalid("it names no architecture"))?;
        let shape = Metadata { file, architecture }.shape()?;
        shape.check(file)?;
        Ok(shape)
    }
}

/// The keys of one architecture.
struct Metadata<'a> {
    file: &'a Gguf,
    architecture: &'a str,
}

impl Metadata<'_> {
    fn shape(&self) -> Result<Shape, InferenceError> {
        // In GGUF files of the Llama family rows are reordered so that neighbours turn together.
        let pairs = match self.architecture {
            "llama" if self.file.flag(TURNS_BY_HALVES) != Some(true) => Pairs::Interleaved,
            "llama" => Pairs::Halves,
            "qwen2" | "qwen3" | "gemma3" | "phi3" => Pairs::Halves,
            other => return Err(unsupported(other, "")),
        };
        self.refuse_unknown_parts()?;
        let gemma = self.architecture == "gemma3";
        let width = self.count("embedding_length")?;
        let heads = self.count("attention.head_count")?;
        let layers = self.count("block_count")?;
        let head_len = self.count_or("attention.key_length", width / heads)?;
        let epsilon = self
            .float("attention.layer_norm_rms_epsilon")
            .ok_or_else(|| self.file.invalid("the epsilon of its norms is missing"))?;
        let scored = if gemma && layers == GEMMA3_LARGEST_LAYERS { width / heads } else { head_len };
        let shape = Shape {
            architecture: self.architecture.to_owned(),
            context: self.count("context_length")?,
            layers,
            inner: self.count("feed_forward_length")?,
            kv_heads: self.count_or("attention.head_count_kv", heads)?,
            epsilon: epsilon as f32,
            activation: if gemma { Activation::GeluTanh } else { Activation::Silu },
            embedding_scale: if gemma { (width as f32).sqrt() } else { 1.0 },
            score_scale: (scored as f32).sqrt().recip(),
            rope: self.rope(pairs, head_len)?,
            local: if gemma { self.local()? } else { None },
            width,
            heads,
            head_len,
        };
        let value_len = self.count_or("attention.value_length", head_len)?;
        if value_len != head_len || shape.rope.rotated > head_len {
            return Err(unsupported(self.architecture, " with heads of unequal parts"));
        }
        let even = head_len.is_multiple_of(2) && shape.rope.rotated.is_multiple_of(2);
        if !heads.is_multiple_of(shape.kv_heads) || !even {
            return Err(self.file.invalid("its heads cannot be divided as it says"));
        }
        Ok(shape)
    }

    /// What would change the result and is not computed here.
    fn refuse_unknown_parts(&self) -> Result<(), InferenceError> {
        if self.int("expert_count").is_some_and(|count| count > 0) {
            return Err(unsupported(self.architecture, " with experts"));
        }
        for key in [
            "logit_scale",
            "residual_scale",
            "embedding_scale",
            "attention.scale",
            "final_logit_softcapping",
            "rope.scaling.yarn_log_multiplier",
        ] {
            if self.float(key).is_some_and(|value| value != 0.0 && value != 1.0) {
                return Err(unsupported(self.architecture, &format!(" with {key}")));
            }
        }
        Ok(())
    }

    fn local(&self) -> Result<Option<Local>, InferenceError> {
        let Some(_) = self.int("attention.sliding_window").filter(|&window| window > 0) else {
            return Ok(None);
        };
        let pattern = self.key("attention.sliding_window_pattern");
        if self.file.has(&pattern) && self.file.int(&pattern).is_none() {
            return Err(unsupported(self.architecture, " with a pattern of windows of its own"));
        }
        Ok(Some(Local {
            window: self.count("attention.sliding_window")?,
            global_every: self.count_or("attention.sliding_window_pattern", GEMMA3_GLOBAL_EVERY)?,
            rope_base: self.float("rope.freq_base_swa").unwrap_or(GEMMA3_LOCAL_BASE),
        }))
    }

    fn rope(&self, pairs: Pairs, head_len: usize) -> Result<RopeShape, InferenceError> {
        let original = match self.int("rope.scaling.original_context_length") {
            Some(_) => self.count("rope.scaling.original_context_length")?,
            None => self.count("context_length")?,
        };
        Ok(RopeShape {
            base: self.float("rope.freq_base").unwrap_or(10_000.0),
            pairs,
            rotated: self.count_or("rope.dimension_count", head_len)?,
            scaling: self.scaling()?,
            original,
            attention: self.float("rope.scaling.attn_factor").unwrap_or(1.0),
        })
    }

    fn scaling(&self) -> Result<Scaling, InferenceError> {
        let factor = self.float("rope.scaling.factor").or_else(|| self.float("rope.scale_linear"));
        let factor = factor.filter(|&factor| factor > 0.0).unwrap_or(1.0);
        match self.text("rope.scaling.type") {
            // A factor without a name is linear, as in llama.cpp.
            None | Some("linear" | "longrope") => Ok(Scaling::Linear(factor)),
            Some("none") => Ok(Scaling::Linear(1.0)),
            Some("yarn") => Ok(Scaling::Yarn(factor)),
            Some(kind) => Err(unsupported(self.architecture, &format!(" with {kind} positions"))),
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn count(&self, name: &str) -> Result<usize, InferenceError> {
        self.file.count(&self.key(name))
    }

    fn count_or(&self, name: &str, default: usize) -> Result<usize, InferenceError> {
        if self.int(name).is_some() { self.count(name) } else { Ok(default) }
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.file.int(&self.key(name))
    }

    fn float(&self, name: &str) -> Option<f64> {
        self.file.float(&self.key(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.file.text(&self.key(name))
    }
}
