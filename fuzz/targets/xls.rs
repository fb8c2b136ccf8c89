#![no_main]

docent_fuzz::reader!("sheet.xls", Xls);
