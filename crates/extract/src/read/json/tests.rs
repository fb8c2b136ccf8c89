//! JSON as text, with the places of its values.

use super::scan::Scanner;
use super::tape::{Tape, VALUES};
use crate::read::testing::{kinds, read_json, texts};
use docent_corpus::{BlockKind, DocumentText, Format, Place};
use proptest::prelude::*;

fn json(text: &str) -> DocumentText {
    read_json(text, Format::Json)
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
fn small_parts_are_lines_with_their_paths() {
    let file = r#"{
  "name": "docent", "private": true, "nothing": null,
  "说明": "引用\n\"原文\" \ud83d\ude42",
  "tags": ["a", "b"],
  "author": {"name": "Ann", "links": [{"url": "x"}, {"url": "y"}]}
}"#;
    let document = json(file);
    let expected = "name: docent\nprivate: true\n说明: 引用\n\"原文\" 🙂\ntags: a, b\nauthor.name: Ann\nauthor.links[0].url: x\nauthor.links[1].url: y";
    assert_eq!(texts(&document), [expected]);
    assert_eq!(runs(&document, file), ["docent", "true", "引用", "原文", " ", "a", "b", "Ann", "x", "y"]);
    let Place::Lines { first, last, .. } = document.blocks[0].place else { panic!() };
    assert_eq!((first, last), (2, 5));
}

#[test]
fn larger_parts_have_headings_and_records_a_block_each() {
    let long = "word ".repeat(1000);
    let file =
        format!(r#"{{"books": [{{"title": "One"}}, {{"title": "二", "text": "{long}"}}], "count": 2}}"#);
    let document = json(&file);
    let text = format!("title: 二\ntext: {}", long.trim());
    assert_eq!(texts(&document), ["count: 2", "books", "title: One", &text]);
    assert_eq!(kinds(&document)[1], BlockKind::Heading { level: 1 });
    runs(&document, &file);
}

#[test]
fn a_part_of_a_file_is_not_its_title() {
    let features: Vec<String> = (0..99)
        .map(|n| format!(r#"{{"type": "Feature", "properties": {{"name": "Port {n}", "ships": {n}}}}}"#))
        .collect();
    let features = features.join(",");
    let named = format!(r#"{{"type": "FeatureCollection", "name": "Ports 港口", "features": [{features}]}}"#);
    assert_eq!(json(&named).metadata.title.as_deref(), Some("Ports 港口"));
    let document = json(&format!(r#"{{"type": "FeatureCollection", "features": [{features}]}}"#));
    assert_eq!(kinds(&document)[1], BlockKind::Heading { level: 1 });
    assert_eq!((texts(&document)[1], document.metadata.title.as_deref()), ("features", None));
}

#[test]
fn long_arrays_of_numbers_are_shortened_and_packed_files_left_out() {
    let points: Vec<String> = (0..200).map(|n| format!("[{n}.5, -{n}]")).collect();
    let file = format!(
        r#"{{"type": "Feature", "place": "北京", "geometry": {{"coordinates": [[{}]]}}, "icon": "data:image/png;base64,AAAA", "size": [1, 2]}}"#,
        points.join(",")
    );
    let document = json(&file);
    let text = &document.text;
    assert!(text.contains("place: 北京") && text.contains("size: 1, 2") && !text.contains("AAAA"));
    assert!(text.contains("coordinates: 0.5, -0, 1.5, -1, 2.5, -2") && text.contains(", …"));
    assert!(!text.contains("100.5"));
}

#[test]
fn files_of_settings_with_comments_are_read() {
    let file = "// settings\n{ /* all */ \"a\": 1, b: [1, 2,], \"c\": NaN, }\n";
    assert_eq!(texts(&json(file)), ["a: 1\nb: 1, 2\nc: NaN"]);
}

#[test]
fn what_is_no_json_stays_text() {
    let file = "{\"a\": 1,\n\nbroken here";
    assert_eq!(texts(&json(file)), ["{\"a\": 1,", "broken here"]);
    let deep = "[".repeat(100_000);
    assert_eq!(json(&deep).text, deep);
}

#[test]
fn every_line_of_a_file_of_records_is_a_block() {
    let file = "{\"q\": \"什么？\", \"n\": 1}\n\nnot json\n[\"x\", {\"y\": 2}]\n";
    let document = read_json(file, Format::JsonLines);
    assert_eq!(texts(&document), ["q: 什么？\nn: 1", "not json", "[0]: x\n[1].y: 2"]);
    let line = |index: usize| match &document.blocks[index].place {
        Place::Lines { first, .. } => *first,
        other => panic!("{other:?}"),
    };
    assert_eq!([line(0), line(1), line(2)], [1, 3, 4]);
    assert_eq!(texts(&json("{\"a\": 1}\n{\"a\": 2}\n")), ["a: 1", "a: 2"]);
}

#[test]
fn a_notebook_is_text_code_and_output() {
    let file = r###"{
 "cells": [
  {"cell_type": "markdown", "source": ["# Title\n", "Some *text*,\n", "two lines.\n", "\n", "## 小节"]},
  {"cell_type": "code", "source": ["x = 1\n", "print(x)"],
   "outputs": [{"output_type": "stream", "text": ["1\n"]},
               {"data": {"image/png": "iVBORw0KGgo", "text/plain": ["<Figure>"]}},
               {"output_type": "error", "evalue": "bad", "traceback": ["\u001b[31m"]}]}
 ],
 "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5
}"###;
    let document = json(file);
    let expected = ["Title", "Some *text*,\ntwo lines.", "小节", "x = 1\nprint(x)", "1", "<Figure>", "bad"];
    assert_eq!(texts(&document), expected);
    assert_eq!(kinds(&document)[0], BlockKind::Heading { level: 1 });
    assert_eq!(kinds(&document)[3], BlockKind::Code { language: Some("python".into()) });
    assert!(runs(&document, file).contains(&"print(x)"));
}

#[test]
fn the_number_of_values_is_bounded() {
    let tape = Tape::read("[1, [2, 3], 4, 5]", 0..17, 4).unwrap();
    assert!(tape.full && tape.len() == 4);
    assert_eq!(tape.parts(0).collect::<Vec<_>>(), [1, 2]);
    assert!(!Tape::read("[1]", 0..3, VALUES).unwrap().full);
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        "[a-zé中🙂\"\\\\\n ]{0,12}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z中]{1,5}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every text in a value, in order.
fn strings(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(parts) => parts.iter().for_each(|part| strings(part, found)),
        serde_json::Value::Object(parts) => parts.values().for_each(|part| strings(part, found)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_text_is_found_and_runs_are_its_bytes(value in value(), pretty in any::<bool>()) {
        let file = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert!(Tape::read(&file, 0..file.len(), VALUES).is_ok());
        let mut all = Vec::new();
        strings(&value, &mut all);
        if all.iter().any(|text| !text.trim().is_empty()) {
            let document = json(&file);
            runs(&document, &file);
            for text in all.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
                prop_assert!(document.text.contains(text), "{:?} in {:?}", text, document.text);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"\\\\/*a-c1 \n中]{0,60}") {
        let mut scanner = Scanner::new(&text, 0..text.len());
        let mut after = 0;
        while let Ok(Some((start, _))) = scanner.next() {
            prop_assert!(start >= after && scanner.at() > start);
            after = scanner.at();
        }
        let _ = Tape::read(&text, 0..text.len(), 10);
        if !text.trim().is_empty() {
            for format in [Format::Json, Format::JsonLines] {
                let source = crate::encoding::Decoded::of_str(&text);
                let mut told = Vec::new();
                struct Ends<'v>(&'v mut Vec<crate::message::Message>);
                impl crate::message::Sink for Ends<'_> {
                    fn send(&mut self, message: crate::message::Message) -> Result<(), crate::message::Closed> {
                        self.0.push(message);
                        Ok(())
                    }
                }
                let mut sink = Ends(&mut told);
                let mut writer = crate::writer::BlockWriter::new(&mut sink, 1 << 20);
                prop_assert!(super::read(&source, format, &mut writer).is_ok());
            }
        }
    }
}
