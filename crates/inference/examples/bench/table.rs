//! docent's own figures, for a look by hand.

use std::path::Path;

use docent_inference::{EngineConfig, device_report};

use crate::Failure;
use crate::docent::{DocentChat, DocentVectors};
use crate::engine::{Chat, embed_timed};

const RUNS: u64 = 3;

pub(crate) fn print_table(folder: &Path, config: &EngineConfig) -> Result<(), Failure> {
    println!("{:?}", device_report(config, None));
    let mut model = DocentChat::open(folder, config)?;
    for tokens in [128, 512, 1500] {
        let (mut prefill, mut decode) = (0f64, 0f64);
        for run in 0..RUNS {
            prefill = prefill.max(model.prefill(tokens, run)?.per_second());
            decode = decode.max(model.decode(tokens, 64)?.per_second());
        }
        println!("prompt of {tokens:4} tokens: prefill {prefill:6.0} tok/s, decode {decode:5.1} tok/s");
    }
    let mut model = DocentVectors::open(folder, config)?;
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
