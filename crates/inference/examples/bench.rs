//! Serves the engine to `cargo xtask bench inference`, or prints how fast it is on this machine.
//!
//! By hand: `cargo run -p docent-inference --features candle --example bench -- MODELS_FOLDER [THREADS]`.
//! Each figure is the best of three runs, the first of which also loads the model.
//!
//! For the benchmark: `bench serve generator|embedder docent|candle MODELS_FOLDER THREADS` reads a
//! request per line of standard input and writes a reply per line of standard output, all in JSON.
//!
//! Both read `all-MiniLM-L6-v2/` and `SmolLM2-135M-Instruct-Q4_1/` in the folder.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_corpus::{Cancel, Pooling};
use docent_inference::{
    ChatMessage, EmbedKind, Embedder, EmbedderFiles, EngineConfig, GenerateEvent, GenerateRequest,
    GenerateStats, Generator, GeneratorFiles, Priority, Role, Sampling, StopReason, configure_process,
    device_report, open_embedder, open_generator,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const GGUF: &str = "SmolLM2-135M-Instruct-Q4_1/SmolLM2-135M-Instruct.Q4_1.gguf";
const MINILM: &str = "all-MiniLM-L6-v2";

/// Longest text of the embedding model, special tokens included.
const EMBED_TOKENS: usize = 256;

/// Prompts tried until the model has enough to say.
const ATTEMPTS: u64 = 8;

const RUNS: u64 = 3;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", model, whose, folder, threads] => {
            let threads = threads.parse()?;
            configure_process(threads);
            serve(&|| Engine::open(model, whose, Path::new(folder), threads))
        }
        [folder, threads @ ..] if threads.len() < 2 => {
            let threads = threads.first().map_or(Ok(0), |threads| threads.parse())?;
            configure_process(threads);
            print_table(Path::new(folder), threads)
        }
        _ => Err("usage: bench MODELS_FOLDER [THREADS]".into()),
    }
}

/// How long some tokens took.
struct Timed {
    took: Duration,
    tokens: usize,
}

impl Timed {
    fn reply(&self) -> Value {
        json!({ "seconds": self.took.as_secs_f64(), "tokens": self.tokens })
    }

    fn per_second(&self) -> f64 {
        self.tokens as f64 / self.took.as_secs_f64()
    }
}

/// A chat model that can be timed.
trait Chat {
    /// Reads a prompt of `tokens` or hardly fewer, which begins as none with another seed does.
    fn prefill(&mut self, tokens: usize, seed: u64) -> Result<Timed, Failure>;

    /// Makes up to `tokens` one after the other behind a prompt of `depth`. What is counted is how
    /// often the whole model was gone through.
    fn decode(&mut self, depth: usize, tokens: usize) -> Result<Timed, Failure>;
}

/// An embedding model that can be timed.
trait Embeds {
    fn embed(&mut self, texts: Vec<String>, kind: EmbedKind) -> Result<Vec<Vec<f32>>, Failure>;

    /// Tokens that are computed for a text.
    fn count(&self, text: &str) -> Result<usize, Failure>;
}

enum Engine {
    Generator(Box<dyn Chat>),
    Embedder(Box<dyn Embeds>),
}

impl Engine {
    fn open(model: &str, whose: &str, folder: &Path, threads: usize) -> Result<Self, Failure> {
        Ok(match (model, whose) {
            ("generator", "docent") => Self::Generator(Box::new(DocentChat::open(folder, threads)?)),
            ("embedder", "docent") => Self::Embedder(Box::new(DocentVectors::open(folder, threads)?)),
            ("generator", "candle") => Self::Generator(Box::new(stock::CandleChat::open(folder)?)),
            ("embedder", "candle") => Self::Embedder(Box::new(stock::CandleVectors::open(folder)?)),
            _ => return Err(format!("there is no {model} of {whose}").into()),
        })
    }

    /// The least that can be asked, so that everything is loaded afterwards.
    fn wake(&mut self) -> Result<(), Failure> {
        match self {
            Self::Generator(model) => model.prefill(16, 0).map(drop),
            Self::Embedder(model) => model.embed(vec!["A first text.".into()], EmbedKind::Query).map(drop),
        }
    }

    fn answer(&mut self, op: &str, request: &Value) -> Result<Value, Failure> {
        let number = |name: &str| {
            let number = request[name].as_u64().ok_or_else(|| format!("{op} needs the number {name}"));
            number.map(|number| number as usize)
        };
        let texts =
            || -> Result<Vec<String>, Failure> { Ok(serde_json::from_value(request["texts"].clone())?) };
        match (self, op) {
            (Self::Generator(model), "prefill") => {
                Ok(model.prefill(number("tokens")?, number("seed")? as u64)?.reply())
            }
            (Self::Generator(model), "decode") => {
                Ok(model.decode(number("depth")?, number("tokens")?)?.reply())
            }
            (Self::Embedder(model), "embed") => {
                let file = std::fs::read_to_string(request["file"].as_str().ok_or("embed needs a file")?)?;
                let texts = file.lines().map(serde_json::from_str).collect::<Result<Vec<String>, _>>()?;
                Ok(embed_timed(model.as_mut(), texts)?.reply())
            }
            (Self::Embedder(model), "query") => {
                let mut times = Vec::new();
                for text in texts()? {
                    let started = Instant::now();
                    model.embed(vec![text], EmbedKind::Query)?;
                    times.push(started.elapsed());
                }
                times.sort();
                let middle = times.get(times.len() / 2).ok_or("query needs texts")?;
                Ok(json!({ "seconds": middle.as_secs_f64() }))
            }
            (Self::Embedder(model), "vectors") => {
                Ok(json!({ "vectors": model.embed(texts()?, EmbedKind::Passage)? }))
            }
            _ => Err(format!("there is no {op} here").into()),
        }
    }
}

fn embed_timed(model: &mut dyn Embeds, texts: Vec<String>) -> Result<Timed, Failure> {
    let counts = texts.iter().map(|text| model.count(text)).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    model.embed(texts, EmbedKind::Passage)?;
    Ok(Timed { took: started.elapsed(), tokens: counts.iter().sum() })
}

/// Answers requests until standard input ends.
fn serve(open: &dyn Fn() -> Result<Engine, Failure>) -> Result<(), Failure> {
    let mut engine = None;
    let mut replies = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let reply = reply(&mut engine, open, &request);
        let reply = reply.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(replies, "{reply}")?;
        replies.flush()?;
    }
    Ok(())
}

fn reply(
    engine: &mut Option<Engine>,
    open: &dyn Fn() -> Result<Engine, Failure>,
    request: &Value,
) -> Result<Value, Failure> {
    match request["op"].as_str().ok_or("a request needs an op")? {
        "about" => {
            let report = device_report();
            Ok(json!({ "about": format!("{} with {}", report.device, report.features.join(", ")) }))
        }
        "memory" => Ok(json!({ "bytes": peak_memory() })),
        "load" => {
            let started = Instant::now();
            engine.insert(open()?).wake()?;
            Ok(json!({ "seconds": started.elapsed().as_secs_f64() }))
        }
        op => engine.as_mut().ok_or("nothing is loaded")?.answer(op, request),
    }
}

/// The most memory this process ever held, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn print_table(folder: &Path, threads: usize) -> Result<(), Failure> {
    println!("{:?}", device_report());
    let mut model = DocentChat::open(folder, threads)?;
    for tokens in [128, 512, 1500] {
        let (mut prefill, mut decode) = (0f64, 0f64);
        for run in 0..RUNS {
            prefill = prefill.max(model.prefill(tokens, run)?.per_second());
            decode = decode.max(model.decode(tokens, 64)?.per_second());
        }
        println!("prompt of {tokens:4} tokens: prefill {prefill:6.0} tok/s, decode {decode:5.1} tok/s");
    }
    let mut model = DocentVectors::open(folder, threads)?;
    for (count, words) in [(32, 126), (8, 254), (1, 10)] {
        let texts = vec![vec!["ship"; words].join(" "); count];
        let mut best = embed_timed(&mut model, texts.clone())?;
        for _ in 1..RUNS {
            let again = embed_timed(&mut model, texts.clone())?;
            best = if again.took < best.took { again } else { best };
        }
        let (rate, took) = (best.per_second(), best.took.as_secs_f64() * 1e3);
        println!("{count:2} texts of {:3} tokens: {rate:6.0} tok/s, {took:.1} ms", words + 2);
    }
    Ok(())
}

/// Settings under which nothing is dropped while other engines have their turn.
fn config(threads: usize) -> EngineConfig {
    EngineConfig { threads, idle_unload: Duration::from_secs(24 * 3600), ..EngineConfig::default() }
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// docent's chat model, through the interface that the program uses.
struct DocentChat {
    model: Arc<dyn Generator>,
    runtime: Runtime,
    /// By depth, the seed of a prompt that the model answers at length.
    talkative: HashMap<usize, u64>,
}

impl DocentChat {
    fn open(folder: &Path, threads: usize) -> Result<Self, Failure> {
        let files = GeneratorFiles {
            name: "SmolLM2-135M-Instruct-Q4_1".into(),
            gguf: folder.join(GGUF),
            weights_sha256: String::new(),
        };
        let model = open_generator(files, &config(threads))?;
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
        let request = GenerateRequest {
            messages,
            sampling: Sampling::default(),
            max_tokens,
            stop: vec![],
            priority: Priority::Interactive,
            // What is measured is a token, not what a lucky prompt saves.
            drafts: false,
            ..GenerateRequest::default()
        };
        self.runtime.block_on(self.stats(request))
    }

    async fn stats(&self, request: GenerateRequest) -> Result<GenerateStats, Failure> {
        let mut events = self.model.generate(request, Cancel::new()).await?;
        while let Some(event) = events.recv().await {
            if let GenerateEvent::Done(stats) = event? {
                return Ok(stats);
            }
        }
        Err("the answer broke off".into())
    }
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
            // The last token allowed is chosen, but the model is not gone through for it.
            let unread = usize::from(stats.stop == StopReason::MaxTokens);
            let made = stats.generated_tokens.saturating_sub(unread);
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
}

/// docent's embedding model, through the interface that the program uses.
struct DocentVectors {
    model: Arc<dyn Embedder>,
    runtime: Runtime,
}

impl DocentVectors {
    fn open(folder: &Path, threads: usize) -> Result<Self, Failure> {
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
        Ok(Self { model: open_embedder(files, &config(threads))?, runtime: runtime()? })
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

/// candle's own models, as its users would run them, for comparison.
mod stock {
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

    use super::{Chat, EMBED_TOKENS, Embeds, Failure, GGUF, MINILM, Timed};

    /// Texts computed at once.
    const BATCH: usize = 32;

    pub(super) struct CandleChat {
        model: ModelWeights,
        /// The model after a prompt of so many tokens.
        read: Option<(usize, ModelWeights)>,
    }

    impl CandleChat {
        pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
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

    pub(super) struct CandleVectors {
        model: BertModel,
        tokenizer: Tokenizer,
    }

    impl CandleVectors {
        pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
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
}
