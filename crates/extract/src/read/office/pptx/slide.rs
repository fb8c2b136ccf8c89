//! One slide: its shapes with their text, tables and drawings, then comments and notes.

use super::super::drawing::{Drawings, fallback_or_choice};
use super::super::running::{one_line, running};
use super::super::xml::Element;
use super::bullets::{Bullets, Role};
use super::deck::Deck;
use super::text::{paragraphs, raw_text, table};
use crate::message::Stop;
use docent_corpus::BlockKind;
use std::collections::HashMap;

/// What a slide needs to be read.
pub(super) struct Surroundings<'a> {
    pub(super) bullets: &'a Bullets,
    pub(super) drawings: &'a Drawings,
}

/// Reads the shapes of a slide, its title first.
pub(super) fn read_shapes(
    root: &Element<'_>,
    around: &Surroundings<'_>,
    deck: &mut Deck<'_, '_>,
) -> Result<(), Stop> {
    let mut shapes = Vec::new();
    if let Some(tree) = root.find("spTree") {
        gather(&tree, &mut shapes);
    }
    let numbered: Vec<(u32, Element<'_>)> = (1..).zip(shapes).collect();
    let is_title = |shape: &Element<'_>| Role::of(shape).is_some_and(|role| role.is_title());
    let (titles, others): (Vec<_>, Vec<_>) = numbered.into_iter().partition(|(_, shape)| is_title(shape));
    for (number, shape) in titles.iter().chain(&others) {
        read_shape(*number, shape, around, deck)?;
    }
    Ok(())
}

/// All shapes, those of groups too, in the order of the file.
fn gather<'t>(tree: &Element<'t>, shapes: &mut Vec<Element<'t>>) {
    for child in tree.children() {
        match child.name() {
            "sp" | "graphicFrame" | "pic" | "cxnSp" | "contentPart" => shapes.push(child),
            "grpSp" => gather(&child, shapes),
            "AlternateContent" => {
                if let Some(branch) = fallback_or_choice(&child) {
                    gather(&branch, shapes);
                }
            }
            _ => {}
        }
    }
}

fn read_shape(
    number: u32,
    shape: &Element<'_>,
    around: &Surroundings<'_>,
    deck: &mut Deck<'_, '_>,
) -> Result<(), Stop> {
    if shape.name() == "graphicFrame" {
        return read_frame(number, shape, around, deck);
    }
    let Some(body) = shape.child("txBody") else { return Ok(()) };
    let role = Role::of(shape);
    match &role {
        Some(role) if role.is_title() => {
            let lines =
                paragraphs(&body, Some(role), around.bullets).into_iter().map(|paragraph| paragraph.text);
            let title = one_line(&lines.collect::<Vec<_>>().join("\n"));
            deck.title(number, &title, role.kind == "ctrTitle")
        }
        Some(role) if role.is_furniture() => {
            let lines =
                paragraphs(&body, Some(role), around.bullets).into_iter().map(|paragraph| paragraph.text);
            deck.furniture(&running(&lines.collect::<Vec<_>>().join("\n")))
        }
        _ => paragraphs(&body, role.as_ref(), around.bullets)
            .into_iter()
            .try_for_each(|paragraph| deck.push(number, paragraph.kind, &paragraph.text)),
    }
}

/// A frame around a table, a diagram or a chart.
fn read_frame(
    number: u32,
    frame: &Element<'_>,
    around: &Surroundings<'_>,
    deck: &mut Deck<'_, '_>,
) -> Result<(), Stop> {
    for element in frame.descendants(|element| !matches!(element.name(), "tbl" | "AlternateContent")) {
        let drawing = match element.name() {
            "tbl" => {
                let (header_rows, text) = table(&element);
                deck.push(number, BlockKind::Table { header_rows }, &text)?;
                continue;
            }
            "relIds" => element.prefixed("dm"),
            "chart" => element.prefixed("id"),
            "AlternateContent" => {
                if let Some(branch) = fallback_or_choice(&element) {
                    read_frame(number, &branch, around, deck)?;
                }
                continue;
            }
            _ => None,
        };
        for (kind, text) in drawing.iter().flat_map(|id| around.drawings.get(id)) {
            deck.push(number, kind.clone(), text)?;
        }
    }
    Ok(())
}

/// Reads the page of notes of a slide.
pub(super) fn read_notes(root: &Element<'_>, deck: &mut Deck<'_, '_>) -> Result<(), Stop> {
    let mut shapes = Vec::new();
    if let Some(tree) = root.find("spTree") {
        gather(&tree, &mut shapes);
    }
    for shape in shapes {
        let is_text = Role::of(&shape).is_none_or(|role| !role.is_furniture() && role.kind != "sldImg");
        let bodies = shape
            .descendants(|element| element.name() != "txBody")
            .filter(|element| element.name() == "txBody");
        for body in bodies.filter(|_| is_text) {
            for paragraph in body.children().filter(|child| child.name() == "p") {
                deck.note(&running(&raw_text(&paragraph)))?;
            }
        }
    }
    Ok(())
}

/// Reads the comments on a slide; `authors` are the names by number.
pub(super) fn read_comments(
    root: &Element<'_>,
    authors: &HashMap<String, String>,
    deck: &mut Deck<'_, '_>,
) -> Result<(), Stop> {
    for comment in root.descendants(|_| true).filter(|element| matches!(element.name(), "cm" | "reply")) {
        let text = match (comment.child("text"), comment.child("txBody")) {
            (Some(text), _) => text.text(),
            (None, Some(body)) => {
                let lines =
                    body.children().filter(|child| child.name() == "p").map(|paragraph| raw_text(&paragraph));
                lines.collect::<Vec<_>>().join("\n")
            }
            (None, None) => continue,
        };
        let text = running(&text);
        let author = comment.attribute("authorId").and_then(|id| authors.get(id.as_ref()));
        match author {
            Some(author) if !text.is_empty() => deck.aside(&format!("[{author}] {text}"))?,
            _ => deck.aside(&text)?,
        }
    }
    Ok(())
}
