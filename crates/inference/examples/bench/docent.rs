//! docent's models, through the interfaces that the program uses.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use docent_corpus::{Cancel, Pooling};
use docent_inference::{
    ChatMessage, DeviceChoice, EmbedKind, Embedder, EmbedderFiles, EngineConfig, GenerateEvent,
    GenerateRequest, GenerateStats, Generator, GeneratorFiles, Precision, Priority, Role, Sampling,
    StopReason, open_embedder, open_generator,
};
use tokio::runtime::Runtime;

use crate::engine::{Chat, Embeds, FollowUp, Said, Timed};
use crate::{EMBED_TOKENS, Failure, GGUF, MINILM};

/// Prompts tried until the model has enough to say.
const ATTEMPTS: u64 = 8;

/// What is asked behind evidence, one question after the other.
const QUESTIONS: [&str; 2] = ["Who keeps the light?", "Which of the ships came first?"];

/// The processor, and nothing is dropped while other engines have their turn.
pub(crate) fn config(threads: usize, precision: Precision) -> EngineConfig {
    let idle_unload = Duration::from_secs(24 * 3600);
    EngineConfig { threads, idle_unload, precision, device: DeviceChoice::Cpu, ..EngineConfig::default() }
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// docent's chat model, through the interface that the program uses.
pub(crate) struct DocentChat {
    model: Arc<dyn Generator>,
    runtime: Runtime,
    /// By depth, the seed of a prompt that the model answers at length.
    talkative: HashMap<usize, u64>,
}

impl DocentChat {
    pub(crate) fn open(folder: &Path, config: &EngineConfig) -> Result<Self, Failure> {
        let files = GeneratorFiles {
            name: "SmolLM2-135M-Instruct-Q4_1".into(),
            gguf: folder.join(GGUF),
            weights_sha256: String::new(),
        };
        let model = open_generator(files, config)?;
        Ok(Self { model, runtime: runtime()?, talkative: HashMap::new() })
    }

    /// A chat of just `tokens` if that can be, else of as few more as possible. Its first word is
    /// another one for each seed, so that nothing of the chat before can be used again.
    fn chat(&self, tokens: usize, seed: u64) -> Result<Vec<ChatMessage>, Failure> {
        let words = "ships come and go while the light of the house turns over their names each night";
        let words: Vec<&str> = words.split(' ').cycle().skip(seed as usize % 16).take(tokens + 1).collect();
        let task = format!("{} {seed}. Tell a very long story.", words[0]);
        let chat = |count: usize, rest: &str| {
            let told = words[..count].join(" ") + rest;
            vec![ChatMessage::new(Role::System, task.clone()), ChatMessage::new(Role::User, told)]
        };
        // No word is less than a token, so more than `tokens` words are always too many.
        let (mut fits, mut exceeds) = (0usize, tokens + 1);
        while fits + 1 < exceeds {
            let middle = fits.midpoint(exceeds);
            let is_over = self.model.count_prompt(&chat(middle, ""))? > tokens;
            (fits, exceeds) = if is_over { (fits, middle) } else { (middle, exceeds) };
        }
        let mut rest = String::new();
        for _ in 0..4 {
            if self.model.count_prompt(&chat(fits, &rest))? >= tokens {
                break;
            }
            rest += " and";
        }
        Ok(chat(fits, &rest))
    }

    fn generate(&self, messages: Vec<ChatMessage>, max_tokens: usize) -> Result<GenerateStats, Failure> {
        // What is measured is a token, not what a lucky prompt saves.
        Ok(self.answer(messages, max_tokens, false)?.1)
    }

    fn answer(
        &self,
        messages: Vec<ChatMessage>,
        max_tokens: usize,
        drafts: bool,
    ) -> Result<(String, GenerateStats), Failure> {
        let request = GenerateRequest {
            messages,
            sampling: Sampling::default(),
            max_tokens,
            stop: vec![],
            priority: Priority::Interactive,
            drafts,
            ..GenerateRequest::default()
        };
        self.runtime.block_on(self.listen(request))
    }

    async fn listen(&self, request: GenerateRequest) -> Result<(String, GenerateStats), Failure> {
        let mut events = self.model.generate(request, Cancel::new()).await?;
        let mut said = String::new();
        while let Some(event) = events.recv().await {
            match event? {
                GenerateEvent::Text(text) => said += &text,
                GenerateEvent::Done(stats) => return Ok((said, stats)),
                GenerateEvent::Prefill { .. } => {}
            }
        }
        Err("the answer broke off".into())
    }
}

/// How often the whole model was gone through or would have been without drafts: the last token
/// allowed is chosen, but nothing is computed for it.
fn made(stats: &GenerateStats) -> usize {
    stats.generated_tokens.saturating_sub(usize::from(stats.stop == StopReason::MaxTokens))
}

impl Chat for DocentChat {
    fn prefill(&mut self, tokens: usize, seed: u64) -> Result<Timed, Failure> {
        let stats = self.generate(self.chat(tokens, seed)?, 1)?;
        Ok(Timed { took: stats.prefill, tokens: stats.prompt_tokens })
    }

    fn decode(&mut self, depth: usize, tokens: usize) -> Result<Timed, Failure> {
        let seeds = self.talkative.get(&depth).map_or(0..ATTEMPTS, |&seed| seed..seed + 1);
        let mut longest: Option<Timed> = None;
        for seed in seeds {
            let stats = self.generate(self.chat(depth, seed)?, tokens + 1)?;
            let made = made(&stats);
            if longest.as_ref().is_none_or(|longest| made > longest.tokens) {
                longest = Some(Timed { took: stats.decode, tokens: made });
                self.talkative.insert(depth, seed);
            }
            if made >= tokens {
                break;
            }
        }
        longest.filter(|timed| timed.tokens > 0).ok_or_else(|| "the model has nothing to say".into())
    }

    fn say(&mut self, task: &str, text: &str, tokens: usize, drafts: bool) -> Result<Said, Failure> {
        let messages = vec![ChatMessage::new(Role::System, task), ChatMessage::new(Role::User, text)];
        let (text, stats) = self.answer(messages, tokens + 1, drafts)?;
        let timed = Timed { took: stats.decode, tokens: made(&stats) };
        if timed.tokens == 0 {
            return Err("the model has nothing to say".into());
        }
        Ok(Said { text, timed, drafted: stats.drafted_tokens })
    }

    fn follow_up(&mut self, tokens: usize, seed: u64) -> Result<FollowUp, Failure> {
        let evidence = self.chat(tokens, seed)?;
        let mut last = None;
        for question in QUESTIONS {
            let mut messages = evidence.clone();
            if let Some(asked) = messages.last_mut() {
                asked.content = format!("{}\n\nQuestion: {question}", asked.content);
            }
            last = Some(self.generate(messages, 1)?);
        }
        let stats = last.ok_or("nothing was asked")?;
        Ok(FollowUp { took: stats.prefill, tokens: stats.prompt_tokens, reused: stats.reused_tokens })
    }
}

/// docent's embedding model, through the interface that the program uses.
pub(crate) struct DocentVectors {
    model: Arc<dyn Embedder>,
    runtime: Runtime,
}

impl DocentVectors {
    pub(crate) fn open(folder: &Path, config: &EngineConfig) -> Result<Self, Failure> {
        let file = |name: &str| -> PathBuf { folder.join(MINILM).join(name) };
        let files = EmbedderFiles {
            name: MINILM.into(),
            weights: file("model.safetensors"),
            tokenizer: file("tokenizer.json"),
            config: file("config.json"),
            weights_sha256: String::new(),
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            normalise: true,
            max_tokens: EMBED_TOKENS,
        };
        Ok(Self { model: open_embedder(files, config)?, runtime: runtime()? })
    }
}

impl Embeds for DocentVectors {
    fn embed(&mut self, texts: Vec<String>, kind: EmbedKind) -> Result<Vec<Vec<f32>>, Failure> {
        let priority = match kind {
            EmbedKind::Query => Priority::Interactive,
            EmbedKind::Passage => Priority::Bulk,
        };
        Ok(self.runtime.block_on(self.model.embed(texts, kind, priority, Cancel::new()))?)
    }

    fn count(&self, text: &str) -> Result<usize, Failure> {
        // One special token at either end.
        Ok((self.model.count_tokens(text)? + 2).min(EMBED_TOKENS))
    }
}
