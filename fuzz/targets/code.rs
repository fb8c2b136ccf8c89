#![no_main]

docent_fuzz::reader!("code.py", Code);
