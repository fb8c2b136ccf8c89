#![no_main]

docent_fuzz::reader!("text.rtf", Rtf);
