#![no_main]

docent_fuzz::reader!("sheet.xlsx", Xlsx);
