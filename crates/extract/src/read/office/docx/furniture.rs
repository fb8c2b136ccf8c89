//! Heads and feet of pages, each text once.

use super::super::drawing::fallback_or_choice;
use super::super::running::{one_line, push_text};
use super::super::xml::{Element, Tree};

/// The heads and feet that the sections of a document refer to.
#[derive(Debug, Default)]
pub(super) struct Furniture {
    pub(super) heads: Vec<String>,
    pub(super) feet: Vec<String>,
}

impl Furniture {
    /// Gathers them in the order of the sections; `parts` has the XML of each with its id.
    pub(super) fn gather(body: &Element<'_>, parts: &[(String, String)]) -> Self {
        let mut furniture = Self::default();
        for reference in body.descendants(|_| true) {
            let into = match reference.name() {
                "headerReference" => &mut furniture.heads,
                "footerReference" => &mut furniture.feet,
                _ => continue,
            };
            let Some(id) = reference.prefixed("id") else { continue };
            let Some((_, xml)) = parts.iter().find(|(part, _)| *part == id) else { continue };
            let text = text_of(xml);
            if !text.is_empty() && !into.contains(&text) {
                into.push(text);
            }
        }
        furniture
    }
}

fn text_of(xml: &str) -> String {
    let tree = Tree::parse(xml);
    let mut lines = vec![String::new()];
    if let Some(root) = tree.root() {
        gather(&root, &mut lines);
    }
    let lines = lines.iter().map(|line| one_line(line)).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn gather(element: &Element<'_>, lines: &mut Vec<String>) {
    for child in element.children() {
        match child.name() {
            "t" => {
                if let Some(line) = lines.last_mut() {
                    push_text(line, &child.text());
                }
            }
            "p" => {
                lines.push(String::new());
                gather(&child, lines);
                lines.push(String::new());
            }
            "tab" | "ptab" | "br" | "cr" => {
                if let Some(line) = lines.last_mut() {
                    line.push(' ');
                }
            }
            "textpath" => lines.extend(child.attribute("string").map(std::borrow::Cow::into_owned)),
            "del" | "moveFrom" | "instrText" | "pPr" | "rPr" | "sdtPr" => {}
            "AlternateContent" => {
                if let Some(branch) = fallback_or_choice(&child) {
                    gather(&branch, lines);
                }
            }
            _ => gather(&child, lines),
        }
    }
}
