#![no_main]

docent_fuzz::reader!("files.tar", Tar);
