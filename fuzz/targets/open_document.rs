#![no_main]

docent_fuzz::reader!("text.odt", Odt);
