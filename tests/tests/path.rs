//! The whole path with the real `docent` as a process: add, find, ask, cite, refuse.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_tests::{Docent, sample};
use serde_json::Value;

fn add_sample(docent: &Docent) -> Value {
    docent.run([std::ffi::OsStr::new("add"), sample().as_os_str()]).ok().json()
}

fn answer(docent: &Docent, question: &str) -> Value {
    let events = docent.run(["ask", question]).ok().json_lines();
    let done = events.iter().find(|event| event["kind"] == "done").expect("the stream ends with the answer");
    done["answer"].clone()
}

#[test]
fn the_sample_library_is_read_found_asked_and_cited() {
    let docent = Docent::new();
    let added = add_sample(&docent);
    let counts = &added["added"][0]["counts"];
    assert_eq!(counts["failed"], 0, "{added}");
    assert_eq!(counts["indexed"], counts["total"], "{added}");

    let found = docent.run(["search", "boiler ignition electrode"]).ok().json();
    assert_eq!(found["passages"][0]["path"], "Notes/2026-03 boiler.txt", "{found}");

    let answer = answer(&docent, "What relative humidity must the stacks be kept at?");
    assert!(answer["text"].as_str().unwrap().contains("45"), "{answer}");
    let citation = &answer["citations"][0];
    assert!(citation["quote"].as_str().unwrap().contains("between 45 and 55 percent"), "{answer}");
    assert_eq!(citation["path"], "Reading room/Preservation handbook.pdf");
    assert_eq!(citation["page"], 0);

    // The citation's span is where the quote stands in the stored document.
    let request = serde_json::json!({
        "document": citation["document"], "revision": citation["revision"],
        "at": citation["span"]["start"], "offset": 0, "limit": 0,
    });
    let read = docent.run(["call", "read_document", &request.to_string()]).ok().json();
    let start = citation["span"]["start"].as_u64().unwrap();
    let blocks = read["blocks"].as_array().unwrap();
    let block = blocks
        .iter()
        .find(|block| (block["start"].as_u64().unwrap()..block["end"].as_u64().unwrap()).contains(&start));
    let block = block.expect("the block of the citation");
    let at = usize::try_from(start - block["start"].as_u64().unwrap()).unwrap();
    assert!(
        block["text"].as_str().unwrap()[at..].starts_with(citation["quote"].as_str().unwrap()),
        "{block}"
    );

    // And it stands in boxes on its page.
    let request = serde_json::json!({
        "document": citation["document"], "revision": citation["revision"], "spans": [citation["span"]],
    });
    let marked = docent.run(["call", "highlight", &request.to_string()]).ok().json();
    let rects = marked["pages"][0]["rects"].as_array().expect("boxes");
    assert!(!rects.is_empty());
    let width = marked["pages"][0]["width"].as_f64().unwrap();
    assert!(rects.iter().all(|rect| rect["x"].as_f64().unwrap() >= 0.0
        && rect["x"].as_f64().unwrap() + rect["width"].as_f64().unwrap() <= width));
}

#[test]
fn chinese_is_asked_and_answered() {
    let docent = Docent::new();
    add_sample(&docent);
    let answer = answer(&docent, "手稿可以拍照吗？");
    let quote = answer["citations"][0]["quote"].as_str().unwrap_or_default().to_owned();
    assert!(quote.contains("可以给手稿拍照"), "{answer}");
}

#[test]
fn what_is_not_there_is_not_invented() {
    let docent = Docent::new();
    add_sample(&docent);
    for question in ["Which football club won the European Cup in 1967?", "谁发明了蒸汽机车的减压阀？"]
    {
        let answer = answer(&docent, question);
        assert_eq!(answer["verdict"], "not_in_documents", "{question}: {answer}");
        assert_eq!(answer["origin"], "refusal");
        assert_eq!(answer["citations"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn changed_moved_and_deleted_files_are_followed() {
    let docent = Docent::new();
    let note = docent.write("a/note.md", "# Keys\n\nThe cellar key hangs in the pantry.\n");
    docent.write("b/other.txt", "The attic is locked with a chain.\n");
    docent.add_documents().ok();
    let first = |query: &str| {
        let found = docent.run(["search", query]).ok().json();
        let passage = &found["passages"][0];
        (
            passage["path"].as_str().unwrap_or_default().to_owned(),
            passage["text"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert!(first("cellar key").1.contains("pantry"));

    std::fs::write(&note, "# Keys\n\nThe cellar key hangs in the garage now.\n").unwrap();
    docent.run(["scan"]).ok();
    assert!(first("cellar key").1.contains("garage"));

    std::fs::create_dir_all(docent.documents().join("c")).unwrap();
    std::fs::rename(&note, docent.documents().join("c/moved.md")).unwrap();
    docent.run(["scan"]).ok();
    assert_eq!(first("cellar key").0, "c/moved.md");

    std::fs::remove_file(docent.documents().join("c/moved.md")).unwrap();
    docent.run(["scan"]).ok();
    assert!(!first("cellar key").1.contains("cellar"), "a deleted file is not found");
    assert!(first("attic chain").1.contains("attic"));
}

#[test]
fn a_conversation_goes_on() {
    let docent = Docent::new();
    add_sample(&docent);
    answer(&docent, "Who repaired the boiler?");
    let list = docent.run(["call", "list_conversations"]).ok().json();
    let id = list["conversations"][0]["id"].as_i64().unwrap();
    let request = serde_json::json!({
        "request_id": "t", "question": "And what did it cost?", "conversation": id,
    });
    let events = docent.run(["call", "ask", &request.to_string()]).ok().json_lines();
    let done = events.iter().find(|event| event["kind"] == "done").expect("an answer");
    let found = done["answer"]["passages"].as_array().unwrap();
    assert!(found.iter().any(|passage| passage["text"].as_str().unwrap().contains("412.50")), "{done}");
    let whole = docent.run(["call", "get_conversation", &format!("{{\"conversation\":{id}}}")]).ok().json();
    assert_eq!(whole["messages"].as_array().unwrap().len(), 4);
}
