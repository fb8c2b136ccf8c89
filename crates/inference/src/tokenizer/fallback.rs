//! Byte-pair encoding over characters, with bytes for those that have no token: what the
//! `tokenizer.json` of Llama 2, Mistral, Gemma and Phi 3 describes.
//!
//! Their GGUF files keep the scores of the SentencePiece vocabulary that it was made from ([`spm`]).
//! Here the merges themselves are kept, in their order, which scores could not tell in full: a token
//! with several merges has one score.
//!
//! [`spm`]: super::spm

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::bpe;
use super::failed;
use super::spm::{SPACE, byte};
use super::vocabulary::{Kind, Vocabulary, is_space};
use crate::InferenceError;
use crate::gguf::Gguf;

/// `tokenizer.ggml.model` of such a tokenizer. llama.cpp has no name for it.
pub(crate) const BY_MERGES: &str = "docent.merges";

pub(super) struct FallbackBpe {
    /// Without any added token: it knows characters, bytes and merges only.
    merging: Tokenizer,
}

impl FallbackBpe {
    pub(super) fn read(file: &Gguf, vocabulary: &Vocabulary<'_>) -> Result<Self, InferenceError> {
        let mut tokens = Vocab::with_capacity(vocabulary.len());
        let mut bytes = [false; 256];
        for (id, kind, text) in vocabulary.ids() {
            match kind {
                Kind::Byte => {
                    let byte = byte(text).ok_or_else(|| failed(format!("\"{text}\" is not a byte")))?;
                    bytes[usize::from(byte)] = true;
                    tokens.insert(text.to_owned(), id);
                }
                Kind::Text | Kind::UserDefined if kind == Kind::Text || is_space(kind, text) => {
                    tokens.insert(text.to_owned(), id);
                }
                Kind::Text | Kind::UserDefined | Kind::Control | Kind::Unused => {}
            }
        }
        if bytes.contains(&false) {
            return Err(failed("the vocabulary has no token for some byte"));
        }
        let merges = allowed(bpe::merges(file)?, &tokens, vocabulary)?;
        let model = BPE::builder().vocab_and_merges(tokens, merges).byte_fallback(true).build();
        Ok(Self { merging: Tokenizer::new(model.map_err(bpe::unfit)?) })
    }

    /// Ids of `text`.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), InferenceError> {
        let encoding = self.merging.encode_fast(text.replace(' ', SPACE), false).map_err(bpe::not_encoded)?;
        ids.extend(encoding.get_ids());
        Ok(())
    }
}

/// The merges without those around tokens that no text may become.
fn allowed(merges: Merges, tokens: &Vocab, vocabulary: &Vocabulary<'_>) -> Result<Merges, InferenceError> {
    let kinds: HashMap<&str, Kind> = vocabulary.ids().map(|(_, kind, text)| (text, kind)).collect();
    let mut kept = Merges::with_capacity(merges.len());
    for (left, right) in merges {
        let whole = format!("{left}{right}");
        let mut merged = true;
        for part in [&left, &right, &whole] {
            match kinds.get(part.as_str()) {
                None => return Err(failed(format!("a merge needs \"{part}\", which is no token"))),
                Some(Kind::Byte) => return Err(failed(format!("a merge is about the byte {part}"))),
                Some(_) => merged &= tokens.contains_key(part),
            }
        }
        if merged {
            kept.push((left, right));
        }
    }
    Ok(kept)
}
