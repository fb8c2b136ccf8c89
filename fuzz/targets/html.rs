#![no_main]

docent_fuzz::reader!("page.html", Html);
