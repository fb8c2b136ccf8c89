#![no_main]

docent_fuzz::reader!("text.md", Markdown);
