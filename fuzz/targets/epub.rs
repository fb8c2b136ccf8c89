#![no_main]

docent_fuzz::reader!("book.epub", Epub);
