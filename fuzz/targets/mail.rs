#![no_main]

docent_fuzz::reader!("letter.eml", Mail);
