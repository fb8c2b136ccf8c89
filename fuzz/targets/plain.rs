#![no_main]

docent_fuzz::reader!("text.txt", PlainText);
