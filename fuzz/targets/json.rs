#![no_main]

docent_fuzz::reader!("data.json", Json);
