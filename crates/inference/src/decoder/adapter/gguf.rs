//! Adapters in a GGUF file, as llama.cpp reads them: `blk.N.NAME.weight.lora_a` and `.lora_b`.

use std::path::Path;

use super::{Base, Factors, Stored, refused};
use crate::InferenceError;
use crate::gguf::Gguf;
use crate::tensors::{Tensors, vector};

/// Written by docent: the sha256 of the model that the adapter was trained on.
const BASE_SHA256: &str = "docent.base.sha256";

pub(super) struct AdapterFile {
    file: Gguf,
    alpha: Option<f64>,
}

impl AdapterFile {
    pub(super) fn open(path: &Path, base: &Base<'_>) -> Result<Self, InferenceError> {
        let file = Gguf::open(path)?;
        if file.text("general.type") != Some("adapter") || file.text("adapter.type") != Some("lora") {
            return Err(refused(path, "it is not a LoRA adapter"));
        }
        let architecture = file.text("general.architecture").unwrap_or_default();
        if architecture != base.shape.architecture {
            let ours = &base.shape.architecture;
            return Err(refused(path, format!("it is made for {architecture}, and the model is {ours}")));
        }
        if file.text(BASE_SHA256).is_some_and(|sha256| sha256 != base.sha256) {
            return Err(refused(path, "it was trained on another model file"));
        }
        file.check_tensors()?;
        let alpha = file.float("adapter.lora.alpha");
        Ok(Self { file, alpha })
    }
}

impl Stored for AdapterFile {
    fn factors(&self, matrix: &str) -> Result<Option<Factors>, InferenceError> {
        let names = [format!("{matrix}.weight.lora_a"), format!("{matrix}.weight.lora_b")];
        let shapes = names.each_ref().map(|name| self.file.shape(name));
        let (&[rank, inputs], &[outputs, same_rank]) = (match shapes {
            [None, None] => return Ok(None),
            [Some(down), Some(up)] => (down, up),
            _ => return Err(self.file.invalid(format!("one of the two factors of {matrix} is missing"))),
        }) else {
            return Err(self.file.invalid(format!("the factors of {matrix} are not matrices")));
        };
        if rank != same_rank {
            return Err(self.file.invalid(format!("the factors of {matrix} differ in rank")));
        }
        let (down, up) = (vector(&self.file, &names[0])?, vector(&self.file, &names[1])?);
        Ok(Some(Factors { rank, inputs, outputs, down, up }))
    }

    fn scale(&self, rank: usize) -> f32 {
        // As llama.cpp: without an alpha, or with 0, the terms are added as they are.
        match self.alpha {
            Some(alpha) if alpha != 0.0 => (alpha / rank as f64) as f32,
            _ => 1.0,
        }
    }

    fn count(&self) -> usize {
        Tensors::count(&self.file) / 2
    }
}
