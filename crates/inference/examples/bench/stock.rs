//! candle's own models, as its users would run them, for comparison.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Instant;

use candle_core::quantized::gguf_file::Content;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use candle_transformers::models::quantized_llama::ModelWeights;
use docent_inference::EmbedKind;
use tokenizers::{Tokenizer, TruncationParams};

use crate::engine::{Chat, Embeds, Timed};
use crate::{EMBED_TOKENS, Failure, GGUF, MINILM};

/// Texts computed at once.
const BATCH: usize = 32;

pub(crate) struct CandleChat {
    model: ModelWeights,
    /// The model after a prompt of so many tokens.
    read: Option<(usize, ModelWeights)>,
}

impl CandleChat {
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let mut file = BufReader::new(File::open(folder.join(GGUF))?);
        let content = Content::read(&mut file)?;
        Ok(Self { model: ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?, read: None })
    }
}

impl Chat for CandleChat {
    fn prefill(&mut self, tokens: usize, seed: u64) -> Result<Timed, Failure> {
        self.read = None;
        let ids = ids(tokens, seed);
        let started = Instant::now();
        next(&mut self.model, &ids, 0)?;
        Ok(Timed { took: started.elapsed(), tokens })
    }

    fn decode(&mut self, depth: usize, tokens: usize) -> Result<Timed, Failure> {
        if self.read.as_ref().is_none_or(|(read, _)| *read != depth) {
            // Reading from place 0 on forgets what was there.
            let mut model = self.model.clone();
            if depth > 0 {
                next(&mut model, &ids(depth, 0), 0)?;
            }
            self.read = Some((depth, model));
        }
        let (_, model) = self.read.as_ref().ok_or("no prompt was read")?;
        let mut model = model.clone();
        let mut id = 1000;
        let started = Instant::now();
        for place in depth..depth + tokens {
            id = next(&mut model, &[id], place)?;
        }
        Ok(Timed { took: started.elapsed(), tokens })
    }
}

/// The likeliest token after `ids`, the first of which stands at `place`.
fn next(model: &mut ModelWeights, ids: &[u32], place: usize) -> Result<u32, Failure> {
    let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
    let logits: Vec<f32> = model.forward(&ids, place)?.flatten_all()?.to_vec1()?;
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
    Ok(best.ok_or("no logits")? as u32)
}

/// Ordinary tokens in no order.
fn ids(count: usize, seed: u64) -> Vec<u32> {
    let mut state = seed;
    let mut id = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        256 + (state >> 33) as u32 % 40_000
    };
    (0..count).map(|_| id()).collect()
}

pub(crate) struct CandleVectors {
    model: BertModel,
    tokenizer: Tokenizer,
}

impl CandleVectors {
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let folder = folder.join(MINILM);
        let config: Config = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
        let weights = std::fs::read(folder.join("model.safetensors"))?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"))?;
        tokenizer.with_padding(None);
        let cut = TruncationParams { max_length: EMBED_TOKENS, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(cut))?;
        Ok(Self { model: BertModel::load(weights, &config)?, tokenizer })
    }

    /// One vector of length 1 per text, all padded to the length of the longest.
    fn batch(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Failure> {
        let longest = texts.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for text in texts {
            let padding = longest - text.len();
            ids.extend_from_slice(text);
            ids.extend(std::iter::repeat_n(0u32, padding));
            mask.extend(std::iter::repeat_n(1f32, text.len()));
            mask.extend(std::iter::repeat_n(0f32, padding));
        }
        let shape = (texts.len(), longest);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let sum = mask.unsqueeze(1)?.matmul(&hidden)?.squeeze(1)?;
        let mean = sum.broadcast_div(&mask.sum_keepdim(1)?)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        Ok(mean.broadcast_div(&length)?.to_vec2()?)
    }
}

impl Embeds for CandleVectors {
    fn embed(&mut self, texts: Vec<String>, _: EmbedKind) -> Result<Vec<Vec<f32>>, Failure> {
        let mut vectors = vec![Vec::new(); texts.len()];
        let encoded = self.tokenizer.encode_batch(texts, true)?;
        let mut order: Vec<usize> = (0..encoded.len()).collect();
        order.sort_by_key(|&place| encoded[place].len());
        for places in order.chunks(BATCH) {
            let texts: Vec<&[u32]> = places.iter().map(|&place| encoded[place].get_ids()).collect();
            for (&place, vector) in places.iter().zip(self.batch(&texts)?) {
                vectors[place] = vector;
            }
        }
        Ok(vectors)
    }

    fn count(&self, text: &str) -> Result<usize, Failure> {
        Ok(self.tokenizer.encode(text, true)?.len())
    }
}
