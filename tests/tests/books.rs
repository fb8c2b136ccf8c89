//! Real books through the whole path: Debian's manuals, a PDF and a web page in English and in
//! Chinese, added, asked, cited, and the citation checked against pdftotext. Of the PDFs some pages
//! are enough: reading them whole is tested where they are read.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_tests::Docent;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const BOOKS: &str = "/usr/share/debian-reference";
const ENGLISH_PDF: &str = "/usr/share/developers-reference/developers-reference.pdf";

/// Some pages of a PDF as a PDF of their own, made by poppler's tools.
#[track_caller]
fn pages(pdf: &str, first: u32, last: u32, goal: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    let (from, to) = (first.to_string(), last.to_string());
    run(Command::new("pdfseparate").args(["-f", &from, "-l", &to, pdf]).arg(folder.path().join("%d.pdf")));
    let single = (first..=last).map(|page| folder.path().join(format!("{page}.pdf")));
    run(Command::new("pdfunite").args(single).arg(goal));
}

/// Asks and returns the first citation of the answer.
#[track_caller]
fn cited(docent: &Docent, question: &str) -> Value {
    let events = docent.run(["ask", question]).ok().json_lines();
    let done = events.iter().find(|event| event["kind"] == "done").expect("an answer");
    let citation = &done["answer"]["citations"][0];
    assert!(citation.is_object(), "{question}: {}", done["answer"]);
    citation.clone()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The cited sentence stands on the cited page, as another program reads that page.
#[track_caller]
fn stands_on_its_page(citation: &Value, pdf: &Path) {
    let page = (citation["page"].as_u64().expect("a page") + 1).to_string();
    let text = Command::new("pdftotext").args(["-f", &page, "-l", &page]).arg(pdf).arg("-").output().unwrap();
    let text = squeezed(&String::from_utf8(text.stdout).unwrap());
    // The end of a sentence may stand on the next page.
    let quote: String = squeezed(citation["quote"].as_str().unwrap()).chars().take(20).collect();
    assert!(text.contains(&quote), "page {page} holds {quote}");
}

#[test]
fn debians_manuals_are_read_asked_and_cited_in_two_languages() {
    let docent = Docent::new();
    let folder = docent.documents();
    let (english_pdf, chinese_pdf) = (folder.join("reference.pdf"), folder.join("手册.pdf"));
    pages(ENGLISH_PDF, 55, 70, &english_pdf);
    pages(&format!("{BOOKS}/debian-reference.zh-cn.pdf"), 145, 158, &chinese_pdf);
    for page in ["ch03.en.html", "ch03.zh-cn.html"] {
        std::fs::copy(PathBuf::from(BOOKS).join(page), folder.join(page)).unwrap();
    }
    let added = docent.add_documents().ok().json();
    let counts = &added["added"][0]["counts"];
    assert_eq!((&counts["indexed"], &counts["total"]), (&4.into(), &4.into()), "{added}");

    let asked = [
        (
            "What is the minimum delay in the DELAYED queue for a salvaged package?",
            "seven days",
            "reference.pdf",
        ),
        ("Unicode 字符集用多少位码点范围来显示人类已知的字符？", "21", "手册.pdf"),
        ("What is the default path of the init program?", "/sbin/init", "ch03.en.html"),
        ("init 程序的默认路径是什么？", "/sbin/init", "ch03.zh-cn.html"),
    ];
    for (question, expected, path) in asked {
        let citation = cited(&docent, question);
        assert!(citation["quote"].as_str().unwrap().contains(expected), "{question}: {citation}");
        assert_eq!(citation["path"], path, "{question}: {citation}");
        match path {
            "reference.pdf" => stands_on_its_page(&citation, &english_pdf),
            "手册.pdf" => stands_on_its_page(&citation, &chinese_pdf),
            _ => assert!(!citation["headings"].as_array().unwrap().is_empty(), "{question}: {citation}"),
        }
    }
}
