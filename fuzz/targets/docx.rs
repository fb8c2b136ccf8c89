#![no_main]

docent_fuzz::reader!("text.docx", Docx);
