#![no_main]

docent_fuzz::reader!("text.org", Org);
