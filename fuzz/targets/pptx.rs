#![no_main]

docent_fuzz::reader!("slides.pptx", Pptx);
