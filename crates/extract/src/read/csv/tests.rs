//! Tables of values, with the lines and bytes of every cell.

use super::*;
use crate::read::testing::{read_csv, texts};
use docent_corpus::DocumentText;
use proptest::prelude::*;

fn lines(document: &DocumentText) -> Vec<(u32, u32)> {
    let of = |block: &docent_corpus::Block| match &block.place {
        Place::Lines { first, last, .. } => (*first, *last),
        other => panic!("{other:?}"),
    };
    document.blocks.iter().map(of).collect()
}

/// The text of every run, checked against the file.
fn runs<'d>(document: &'d DocumentText, file: &str) -> Vec<&'d str> {
    let mut found = Vec::new();
    for block in &document.blocks {
        let Place::Lines { runs, .. } = &block.place else { panic!() };
        for run in runs {
            let text = run.span.of(&document.text).unwrap();
            assert_eq!(&file[run.file_start as usize..run.file_end as usize], text);
            found.push(text);
        }
    }
    found
}

#[test]
fn every_delimiter_is_found() {
    for file in [
        "name,price\ntea,3\ncoffee,4\n",
        "name;price\ntea;3\ncoffee;4\n",
        "name\tprice\ntea\t3\ncoffee\t4\n",
        "name|price\ntea|3\ncoffee|4",
        "sep=;\r\nname;price\r\ntea;3\r\ncoffee;4\r\n",
    ] {
        let document = read_csv(file);
        assert_eq!(texts(&document), ["name | price\ntea | 3\ncoffee | 4"], "{file:?}");
        assert_eq!(document.blocks[0].kind, BlockKind::Table { header_rows: 1 });
        assert_eq!(runs(&document, file), ["name", "price", "tea", "3", "coffee", "4"]);
    }
}

#[test]
fn decimal_commas_do_not_separate() {
    let document = read_csv("Größe;Preis\n1,5;2,5\n3,25;4,75\n");
    assert_eq!(texts(&document), ["Größe | Preis\n1,5 | 2,5\n3,25 | 4,75"]);
}

#[test]
fn quotations_keep_their_lines_and_the_next_block_its_number() {
    let file = "id,text\n1,\"one\ntwo, \"\"three\"\"\"\n2,\"中文,🙂\"\n\n3,end\n";
    let document = read_csv(file);
    assert_eq!(texts(&document), ["id | text\n1 | one two, \"three\"", "2 | 中文,🙂", "3 | end"]);
    assert_eq!(lines(&document), [(1, 3), (4, 4), (6, 6)]);
    assert_eq!(runs(&document, file), ["id", "text", "1", "2", "中文,🙂", "3", "end"]);
}

#[test]
fn a_quotation_mark_alone_swallows_nothing() {
    let mut file = "name,size\n5\" disk,\"1\n".to_owned();
    (0..2000).for_each(|line| file.push_str(&format!("row {line},2\n")));
    let document = read_csv(&file);
    assert!(document.text.contains("\nrow 7 | 2\n") && document.text.contains("row 1999 | 2"));
    assert_eq!(document.blocks.len(), 2002_usize.div_ceil(BLOCK_RECORDS));
}

#[test]
fn one_column_and_ragged_rows_are_tables_too() {
    assert_eq!(texts(&read_csv("alpha\nbeta\ngamma delta\n")), ["alpha\nbeta\ngamma delta"]);
    assert_eq!(texts(&read_csv("a,b,c\n1\n,2,\n1,2,3,4\n")), ["a | b | c\n1\n | 2\n1 | 2 | 3 | 4"]);
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9 ]{0,8}", "[中文字🙂é]{1,4}", "[a-z,;\"|\n]{0,6}"]
}

proptest! {
    #[test]
    fn runs_are_the_bytes_of_the_file_and_no_cell_is_lost(
        rows in prop::collection::vec(prop::collection::vec(cell(), 2..5), 1..20),
        crlf in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let file = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let dialect = Dialect { delimiter: b',', quoted: true, start: 0 };
        let found: Vec<Vec<String>> = fields::records(&file, dialect)
            .map(|record| record.fields.iter().map(|field| field.text.clone().into_owned()).collect())
            .collect();
        prop_assert_eq!(&found, &rows);
        if rows.iter().flatten().any(|cell| !cell.trim().is_empty()) {
            let document = read_csv(&file);
            runs(&document, &file);
            let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(kept(&document.text), kept(&rows.concat().concat()));
            let index = LineIndex::new(&file);
            for block in &document.blocks {
                let Place::Lines { first, last, runs } = &block.place else { panic!() };
                for run in runs {
                    let line = index.number(run.file_start as usize);
                    prop_assert!((*first..=*last).contains(&line));
                }
            }
        }
    }
}
