#![no_main]

docent_fuzz::reader!("slides.ppt", Ppt);
