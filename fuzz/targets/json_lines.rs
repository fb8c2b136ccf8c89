#![no_main]

docent_fuzz::reader!("data.jsonl", JsonLines);
