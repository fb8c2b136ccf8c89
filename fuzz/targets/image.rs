#![no_main]

docent_fuzz::reader!("picture.png", Image);
