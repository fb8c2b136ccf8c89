#![no_main]

docent_fuzz::reader!("text.doc", Doc);
