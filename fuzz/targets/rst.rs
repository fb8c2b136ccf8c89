#![no_main]

docent_fuzz::reader!("text.rst", Rst);
