//! The dimensions of a decoder, from the metadata of its file, and what its file must hold.

use crate::InferenceError;
use crate::gguf::Gguf;

use docent_kernels::Pairs;

/// Dimensions of one model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// The file's own word for its architecture.
    pub(crate) architecture: String,
    /// Longest sequence, in tokens.
    pub(crate) context: usize,
    pub(super) layers: usize,
    /// Length of a token's vector between layers.
    pub(super) width: usize,
    /// Inner length of the feed-forward part.
    pub(super) inner: usize,
    /// Query heads.
    pub(super) heads: usize,
    /// Key and value heads; a divisor of `heads`.
    pub(super) kv_heads: usize,
    /// Length of a head's vector.
    pub(super) head_len: usize,
    /// Added to the mean square in every norm.
    pub(super) epsilon: f32,
    pub(super) rope_base: f64,
    pub(super) rope_pairs: Pairs,
}

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
        let rope_pairs = match architecture {
            "llama" => Pairs::Interleaved,
            "qwen2" | "qwen3" => Pairs::Halves,
            _ => return Err(unsupported(architecture, "")),
        };
        let key = |name: &str| format!("{architecture}.{name}");
        if file.int(&key("expert_count")).is_some_and(|count| count > 0) {
            return Err(unsupported(architecture, " with experts"));
        }
        match file.text(&key("rope.scaling.type")) {
            None | Some("none") => {}
            Some(kind) => {
                return Err(unsupported(architecture, &format!(" with {kind} positions")));
            }
        }
        let width = file.count(&key("embedding_length"))?;
        let heads = file.count(&key("attention.head_count"))?;
        let optional = |name: &str, default: usize| match file.int(&key(name)) {
            Some(_) => file.count(&key(name)),
            None => Ok(default),
        };
        let epsilon = file
            .float(&key("attention.layer_norm_rms_epsilon"))
            .ok_or_else(|| file.invalid("the epsilon of its norms is missing"))?;
        let shape = Self {
            context: file.count(&key("context_length"))?,
            layers: file.count(&key("block_count"))?,
            inner: file.count(&key("feed_forward_length"))?,
            kv_heads: optional("attention.head_count_kv", heads)?,
            head_len: optional("attention.key_length", width / heads)?,
            epsilon: epsilon as f32,
            rope_base: file.float(&key("rope.freq_base")).unwrap_or(10_000.0),
            architecture: architecture.to_owned(),
            width,
            heads,
            rope_pairs,
        };
        let value_len = optional("attention.value_length", shape.head_len)?;
        let rotated = optional("rope.dimension_count", shape.head_len)?;
        if value_len != shape.head_len || rotated != shape.head_len {
            return Err(unsupported(architecture, " with heads of unequal parts"));
        }
        if !heads.is_multiple_of(shape.kv_heads) || !shape.head_len.is_multiple_of(2) {
            return Err(file.invalid("its heads cannot be divided as it says"));
        }
        shape.check(file)?;
        Ok(shape)
    }

    /// Tokens of the vocabulary, as the embedding table has them.
    pub(crate) fn vocabulary(file: &Gguf) -> usize {
        let table = file.shape("token_embd.weight").and_then(|shape| shape.first());
        table.copied().unwrap_or(0)
    }

    /// Compares the tensors of `file` with what the dimensions call for.
    fn check(&self, file: &Gguf) -> Result<(), InferenceError> {
        let vocabulary = Self::vocabulary(file);
        let mut expected = 0;
        let mut expect = |name: String, wanted: &[usize], required: bool| match file.shape(&name) {
            Some(found) if found == wanted => {
                expected += 1;
                Ok(())
            }
            Some(found) => {
                Err(file.invalid(format!("the tensor {name} has the shape {found:?} instead of {wanted:?}")))
            }
            None if required => Err(file.invalid(format!("the tensor {name} is missing"))),
            None => Ok(()),
        };
        let (width, inner, head) = (self.width, self.inner, self.head_len);
        let (queries, keys) = (self.heads * head, self.kv_heads * head);
        expect("token_embd.weight".into(), &[vocabulary, width], true)?;
        expect("output.weight".into(), &[vocabulary, width], false)?;
        expect("output_norm.weight".into(), &[width], true)?;
        expect("rope_freqs.weight".into(), &[head / 2], false)?;
        for layer in 0..self.layers {
            for (name, wanted, required) in [
                ("attn_norm.weight", &[width][..], true),
                ("attn_q.weight", &[queries, width], true),
                ("attn_k.weight", &[keys, width], true),
                ("attn_v.weight", &[keys, width], true),
                ("attn_q.bias", &[queries], false),
                ("attn_k.bias", &[keys], false),
                ("attn_v.bias", &[keys], false),
                ("attn_q_norm.weight", &[head], false),
                ("attn_k_norm.weight", &[head], false),
                ("attn_output.weight", &[width, queries], true),
                ("ffn_norm.weight", &[width], true),
                ("ffn_gate.weight", &[inner, width], true),
                ("ffn_up.weight", &[inner, width], true),
                ("ffn_down.weight", &[width, inner], true),
            ] {
                expect(format!("blk.{layer}.{name}"), wanted, required)?;
            }
        }
        if expected != file.tensor_count() {
            return Err(unsupported(&self.architecture, " with further tensors"));
        }
        Ok(())
    }
}

fn unsupported(architecture: &str, detail: &str) -> InferenceError {
    InferenceError::UnsupportedArchitecture { name: format!("{architecture}{detail}") }
}
