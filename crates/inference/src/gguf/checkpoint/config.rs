//! `config.json` as the metadata of a GGUF file.

use serde_json::Value as Json;

use super::{Checkpoint, Family, TURNS_BY_HALVES, Value};
use crate::InferenceError;

impl Checkpoint<'_> {
    /// Sets the dimensions.
    pub(super) fn dimensions(&mut self) -> Result<Family, InferenceError> {
        let kind = self.config["model_type"].as_str().unwrap_or_default().to_owned();
        let (architecture, family) = match kind.as_str() {
            "llama" | "mistral" => ("llama", Family::Llama),
            "qwen2" => ("qwen2", Family::Qwen),
            "qwen3" => ("qwen3", Family::Qwen),
            "gemma3_text" => ("gemma3", Family::Gemma3),
            "phi3" => ("phi3", Family::Phi3),
            _ => return Err(InferenceError::UnsupportedArchitecture { name: kind }),
        };
        self.refuse_unknown_parts(family)?;
        self.set("general.architecture", Value::Text(architecture.to_owned()));
        self.set(TURNS_BY_HALVES, Value::Bool(true));
        let key = |name: &str| format!("{architecture}.{name}");
        let (width, heads) = (self.count("hidden_size")?, self.count("num_attention_heads")?);
        let head_len = self.head_len()?;
        let rotated = self.config["partial_rotary_factor"].as_f64().unwrap_or(1.0) * head_len as f64;
        for (name, value) in [
            ("embedding_length", width),
            ("attention.head_count", heads),
            ("attention.key_length", head_len),
            ("attention.value_length", head_len),
            ("rope.dimension_count", rotated as i64),
            ("block_count", self.count("num_hidden_layers")?),
            ("feed_forward_length", self.count("intermediate_size")?),
            ("context_length", self.count("max_position_embeddings")?),
            ("attention.head_count_kv", self.int("num_key_value_heads").unwrap_or(heads)),
        ] {
            self.set(&key(name), Value::Int(value));
        }
        let epsilon = self.config["rms_norm_eps"].as_f64();
        let epsilon = epsilon.ok_or_else(|| self.refuse("config.json lacks rms_norm_eps"))?;
        self.set(&key("attention.layer_norm_rms_epsilon"), Value::Float(epsilon));
        self.set(&key("rope.freq_base"), Value::Float(self.rope_base()));
        self.scale_positions(&key)?;
        if family == Family::Gemma3 {
            self.windows(&key, head_len)?;
        }
        Ok(family)
    }

    /// `rope_parameters` is what transformers 5 calls it.
    fn scaling(&self) -> &Json {
        match &self.config["rope_scaling"] {
            Json::Null => &self.config["rope_parameters"],
            scaling => scaling,
        }
    }

    fn scaling_kind(&self) -> &str {
        let scaling = self.scaling();
        scaling["rope_type"].as_str().or(scaling["type"].as_str()).unwrap_or("default")
    }

    fn rope_base(&self) -> f64 {
        let base = self.config["rope_theta"].as_f64().or(self.scaling()["rope_theta"].as_f64());
        base.unwrap_or(10_000.0)
    }

    fn head_len(&self) -> Result<i64, InferenceError> {
        match self.int("head_dim") {
            Some(head_len) => Ok(head_len),
            None => Ok(self.count("hidden_size")? / self.count("num_attention_heads")?),
        }
    }

    fn scale_positions(&mut self, key: &dyn Fn(&str) -> String) -> Result<(), InferenceError> {
        let scaling = self.scaling().clone();
        let kind = self.scaling_kind().to_owned();
        let factor = scaling["factor"].as_f64();
        let original = scaling["original_max_position_embeddings"]
            .as_i64()
            .or(self.config["original_max_position_embeddings"].as_i64());
        if let Some(original) = original {
            self.set(&key("rope.scaling.original_context_length"), Value::Int(original));
        }
        match kind.as_str() {
            // The factors of the last three are tensors in a GGUF file; see `weights`.
            "default" | "llama3" => {}
            "longrope" | "su" => {
                let (Some(original), longest) = (original, self.count("max_position_embeddings")?) else {
                    return Err(self.refuse("config.json lacks the original context of its positions"));
                };
                // Ding et al. 2024, equation 4.
                let ratio = longest as f64 / original as f64;
                let attention =
                    if ratio > 1.0 { (1.0 + ratio.ln() / (original as f64).ln()).sqrt() } else { 1.0 };
                let attention = scaling["attention_factor"].as_f64().unwrap_or(attention);
                self.set(&key("rope.scaling.attn_factor"), Value::Float(attention));
            }
            "linear" | "yarn" => {
                let factor =
                    factor.ok_or_else(|| self.refuse("config.json lacks the factor of its positions"))?;
                self.set(&key("rope.scaling.type"), Value::Text(kind));
                self.set(&key("rope.scaling.factor"), Value::Float(factor));
            }
            _ => {
                let name = format!("{} with {kind} positions", self.config["model_type"]);
                return Err(InferenceError::UnsupportedArchitecture { name });
            }
        }
        Ok(())
    }

    fn windows(&mut self, key: &dyn Fn(&str) -> String, head_len: i64) -> Result<(), InferenceError> {
        if self.config["query_pre_attn_scalar"].as_f64().is_some_and(|scalar| scalar != head_len as f64) {
            return Err(InferenceError::UnsupportedArchitecture {
                name: "gemma3 with scores of another scale".into(),
            });
        }
        if let Some(window) = self.int("sliding_window") {
            self.set(&key("attention.sliding_window"), Value::Int(window));
        }
        if let Some(pattern) = self.int("sliding_window_pattern").or(self.int("_sliding_window_pattern")) {
            self.set(&key("attention.sliding_window_pattern"), Value::Int(pattern));
        }
        if let Some(base) = self.config["rope_local_base_freq"].as_f64() {
            self.set(&key("rope.freq_base_swa"), Value::Float(base));
        }
        Ok(())
    }

    /// What would change the result and is not computed here.
    fn refuse_unknown_parts(&self, family: Family) -> Result<(), InferenceError> {
        let unsupported = |detail: String| {
            let name = format!("{} with {detail}", self.config["model_type"].as_str().unwrap_or_default());
            Err(InferenceError::UnsupportedArchitecture { name })
        };
        let activation = self.config["hidden_activation"].as_str().or(self.config["hidden_act"].as_str());
        let wanted = if family == Family::Gemma3 { "gelu_pytorch_tanh" } else { "silu" };
        if activation.is_some_and(|activation| activation != wanted) {
            return unsupported(format!("the activation {}", activation.unwrap_or_default()));
        }
        for key in ["final_logit_softcapping", "attn_logit_softcapping", "num_local_experts"] {
            if self.config[key].as_f64().is_some_and(|value| value != 0.0) {
                return unsupported(key.to_owned());
            }
        }
        let windowed = match family {
            Family::Gemma3 | Family::Phi3 => false,
            Family::Qwen => self.config["use_sliding_window"].as_bool().unwrap_or(false),
            Family::Llama => self.int("sliding_window").is_some_and(|window| {
                self.int("max_position_embeddings").is_none_or(|context| window < context)
            }),
        };
        if windowed {
            return unsupported("a window".to_owned());
        }
        Ok(())
    }

    pub(super) fn int(&self, key: &str) -> Option<i64> {
        self.config[key].as_i64()
    }

    fn count(&self, key: &str) -> Result<i64, InferenceError> {
        let value = self.int(key).filter(|&value| value > 0);
        value.ok_or_else(|| self.refuse(format!("config.json lacks {key}, or it is not a positive number")))
    }

    /// Factors for each pair that speeds are divided by, by the names of their tensors.
    pub(super) fn position_factors(&self) -> Result<Vec<(&'static str, Vec<f32>)>, InferenceError> {
        let scaling = self.scaling();
        let list = |key: &str| -> Result<Vec<f32>, InferenceError> {
            let numbers = scaling[key].as_array().map(|all| all.iter().filter_map(Json::as_f64));
            let numbers = numbers.ok_or_else(|| self.refuse(format!("config.json lacks {key}")))?;
            Ok(numbers.map(|number| number as f32).collect())
        };
        Ok(match self.scaling_kind() {
            "longrope" | "su" => vec![
                ("rope_factors_long.weight", list("long_factor")?),
                ("rope_factors_short.weight", list("short_factor")?),
            ],
            "llama3" => vec![("rope_freqs.weight", self.llama3_factors(scaling)?)],
            _ => Vec::new(),
        })
    }

    /// Llama 3.1: pairs that turn slowly are slowed down by the factor, fast ones are not, those
    /// between by something between.
    fn llama3_factors(&self, scaling: &Json) -> Result<Vec<f32>, InferenceError> {
        let number =
            |key: &str| scaling[key].as_f64().ok_or_else(|| self.refuse(format!("config.json lacks {key}")));
        let (factor, low, high) =
            (number("factor")?, number("low_freq_factor")?, number("high_freq_factor")?);
        let original = number("original_max_position_embeddings")?;
        let base = self.rope_base();
        let pairs = self.head_len()? / 2;
        let of_pair = |pair: i64| {
            let turns = original * base.powf(-(pair as f64) / pairs as f64) / (2.0 * std::f64::consts::PI);
            let smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0);
            (1.0 / ((1.0 - smooth) / factor + smooth)) as f32
        };
        Ok((0..pairs).map(of_pair).collect())
    }
}
