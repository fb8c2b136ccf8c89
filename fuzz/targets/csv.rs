#![no_main]

docent_fuzz::reader!("table.csv", Csv);
