//! Code in blocks, with its lines.

use super::*;
use crate::read::testing::{kinds, read_code, texts};
use docent_corpus::DocumentText;
use proptest::prelude::*;

fn first_lines(document: &DocumentText) -> Vec<u32> {
    let of = |block: &docent_corpus::Block| match &block.place {
        Place::Lines { first, .. } => *first,
        other => panic!("{other:?}"),
    };
    document.blocks.iter().map(of).collect()
}

#[test]
fn every_item_is_a_block_with_its_comments() {
    let file = "//! What this is for.\n//!\n//! 第二段。\n\nuse a::b;\nuse c::d;\n\nconst N: usize = 1;\n\n/// Says hello.\n#[inline]\npub fn hello() {\n    one();\n\n    two();\n}\n// Next.\nfn next() {}\n\nimpl A {\n    fn x() {}\n}\n";
    let document = read_code(file, "rust");
    assert_eq!(
        texts(&document),
        [
            "What this is for.",
            "第二段。",
            "use a::b;\nuse c::d;\n\nconst N: usize = 1;",
            "/// Says hello.\n#[inline]\npub fn hello() {\n    one();\n\n    two();\n}",
            "// Next.\nfn next() {}",
            "impl A {\n    fn x() {}\n}",
        ]
    );
    assert_eq!(first_lines(&document), [1, 3, 5, 10, 17, 20]);
    assert_eq!(kinds(&document)[0], BlockKind::Paragraph);
    assert_eq!(kinds(&document)[3], BlockKind::Code { language: Some("rust".into()) });
}

#[test]
fn python_is_cut_by_indentation() {
    let file = "#!/usr/bin/env python3\n\"\"\"Tool for 表格.\n\nMore of it.\n\"\"\"\nimport os\nimport sys\n\n\n@cache\ndef f(x):\n    # inside\n    return x\n\n\nclass A:\n    def g(self):\n        pass\n\nif __name__ == '__main__':\n    f(1)\nelse:\n    f(2)\n";
    let document = read_code(file, "python");
    assert_eq!(
        texts(&document),
        [
            "Tool for 表格.",
            "More of it.",
            "import os\nimport sys",
            "@cache\ndef f(x):\n    # inside\n    return x",
            "class A:\n    def g(self):\n        pass",
            "if __name__ == '__main__':\n    f(1)\nelse:\n    f(2)",
        ]
    );
    assert_eq!(first_lines(&document), [2, 4, 6, 10, 16, 20]);
}

#[test]
fn a_comment_right_before_code_stays_with_it() {
    let document = read_code("/* Adds. */\nint add(int a, int b) {\n  return a + b;\n}\n", "c");
    assert_eq!(texts(&document), ["/* Adds. */\nint add(int a, int b) {\n  return a + b;\n}"]);
}

#[test]
fn a_long_class_is_cut_at_its_methods() {
    let mut file = "package a;\n\npublic class Long {\n".to_owned();
    for n in 0..100 {
        file.push_str(&format!("    /** Number {n}. */\n    public int get{n}() {{\n        int x = {n};\n\n        return x;\n    }}\n\n"));
    }
    file.push_str("}\n");
    let document = read_code(&file, "java");
    assert!(document.blocks.len() > 50, "{}", document.blocks.len());
    assert!(
        texts(&document)
            .iter()
            .any(|text| text.starts_with("/** Number 7. */\n") && text.ends_with("return x;\n    }"))
    );
}

#[test]
fn a_method_of_a_class_that_needs_several_chunks_begins_a_block() {
    let method = |n: usize| {
        format!(
            "    /// Number {n}.\n    pub fn get_{n}(&self) {{\n        run();\n{}    }}\n",
            "        more();\n".repeat(30)
        )
    };
    let file = format!(
        "/// A thing.\n#[allow(unused)]\nimpl Thing {{\n{}\n{}\n{}}}\n",
        method(1),
        method(2),
        method(3)
    );
    let document = read_code(&file, "rust");
    let begins: Vec<String> =
        texts(&document).iter().map(|text| text.lines().take(2).collect::<Vec<_>>().join("\n")).collect();
    assert_eq!(
        begins,
        [
            "/// A thing.\n#[allow(unused)]",
            "/// Number 2.\n    pub fn get_2(&self) {",
            "/// Number 3.\n    pub fn get_3(&self) {"
        ]
    );
    let alone = format!(
        "impl Foo {{\n    /// Doc\n    pub fn compute(&self) {{\n{}    }}\n}}\n",
        "        run();\n".repeat(200)
    );
    assert!(texts(&read_code(&alone, "rust"))[1].starts_with("/// Doc\n    pub fn compute(&self) {\n"));
    let function = format!("fn long() {{\n{}}}\n", "    let a = 1;\n\n".repeat(200));
    assert_eq!(read_code(&function, "rust").blocks.len(), 1);
}

#[test]
fn no_block_is_too_large() {
    let minified = format!("var a={};", "f(1,\"中\");".repeat(20_000));
    let listing: String = (0..5000).map(|n| format!("value_{n} = {n}\n")).collect();
    for (file, language) in [(minified.as_str(), "javascript"), (listing.as_str(), "properties")] {
        let document = read_code(file, language);
        assert!(document.blocks.iter().all(|block| block.span.len() <= 16 << 10));
        let kept = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(kept(&texts(&document).concat()), kept(file));
    }
}

fn code_like() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "",
        "",
        "def f():",
        "    x = 1",
        "        y = '中文'",
        "# note",
        "    # inner",
        "}",
        "class A {",
        "\"\"\"",
        "end",
        "/* a",
        " * b",
        " */",
        "// c",
        "@at",
        "import os",
        "\tif x {",
        "\t}",
        "<!-- x -->",
        "-- d",
        "fn x() {",
    ]);
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn code_loses_nothing_and_runs_are_the_bytes_of_the_file(
        file in code_like(),
        language in prop::sample::select(vec!["rust", "python", "ruby", "xml", "sql", "java"]),
    ) {
        if file.chars().any(char::is_alphanumeric) {
            let document = read_code(&file, language);
            let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(kept(&document.text), kept(&file));
            let mut after = 0;
            for block in &document.blocks {
                let Place::Lines { first, last, runs } = &block.place else { panic!() };
                prop_assert!(first <= last && *first > after);
                after = *last;
                for run in runs {
                    let bytes = &file[run.file_start as usize..run.file_end as usize];
                    prop_assert_eq!(bytes, run.span.of(&document.text).unwrap());
                }
            }
        }
    }
}
