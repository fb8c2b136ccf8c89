#![no_main]

docent_fuzz::reader!("letters.mbox", Mbox);
