#![no_main]

docent_fuzz::reader!("files.zip", Zip);
