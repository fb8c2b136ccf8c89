//! MathML 3, chapter 3: the notation of OpenDocument.

use super::{MAX_DEPTH, fraction, is_between, root, scripted, stacked};
use crate::read::office::running::one_line;
use crate::read::office::xml::Element;

/// The formula as a line of text.
pub(in crate::read) fn mathml(math: &Element<'_>) -> String {
    let text = one_line(&row(math, 0));
    if !text.is_empty() {
        return text;
    }
    // What the formula was typed as.
    math.find("annotation").map(|annotation| one_line(&annotation.text())).unwrap_or_default()
}

/// The parts of an element, one after the other.
fn row(element: &Element<'_>, depth: usize) -> String {
    let mut text = String::new();
    let mut before = Token::Other;
    for (at, part) in element.children().enumerate() {
        let (shown, token) = (part_text(&part, depth), token(&part));
        if shown.is_empty() {
            continue;
        }
        let between = part.name() == "mo" && at > 0 && is_between(&shown);
        if between {
            text.push_str(&format!(" {shown} "));
        } else {
            if matches!(
                (before, token),
                (Token::Word, Token::Word | Token::Letter) | (Token::Letter, Token::Word)
            ) {
                text.push(' ');
            }
            text.push_str(&shown);
            if part.name() == "mo" && matches!(shown.as_str(), "," | ";") {
                text.push(' ');
            }
        }
        before = token;
    }
    text
}

/// What may not run into its neighbour.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    /// A name or text of several letters, or something with an index.
    Word,
    /// A letter or a number.
    Letter,
    Other,
}

fn token(part: &Element<'_>) -> Token {
    match part.name() {
        "mtext" | "ms" | "msup" | "msub" | "msubsup" | "munder" | "mover" | "munderover" => Token::Word,
        "mi" if part.text().trim().chars().count() > 1 => Token::Word,
        "mi" | "mn" => Token::Letter,
        _ => Token::Other,
    }
}

fn part_text(part: &Element<'_>, depth: usize) -> String {
    if depth >= MAX_DEPTH {
        return part.text();
    }
    let parts: Vec<Element<'_>> = part.children().collect();
    let at = |index: usize| parts.get(index).map(|part| part_text(part, depth + 1)).unwrap_or_default();
    let rows = |name: &str, between: &str| {
        let rows = parts.iter().filter(|part| part.name().ends_with(name));
        rows.map(|row| part_text(row, depth + 1)).collect::<Vec<_>>().join(between)
    };
    match part.name() {
        "mi" | "mn" | "mo" | "mtext" | "ms" => {
            // Signs that only tell how to read the formula aloud, such as that of an unwritten product.
            part.text().trim().chars().filter(|c| !('\u{2061}'..='\u{2064}').contains(c)).collect()
        }
        "mfrac" if !has_bar(part) => stacked(&at(0), &at(1)),
        "mfrac" => fraction(&at(0), &at(1)),
        "msup" | "mover" => scripted(&at(0), None, Some(&at(1))),
        "msub" | "munder" => scripted(&at(0), Some(&at(1)), None),
        "msubsup" | "munderover" => scripted(&at(0), Some(&at(1)), Some(&at(2))),
        "msqrt" => root(&row(part, depth + 1), None),
        "mroot" => root(&at(0), Some(&at(1))),
        "mfenced" => {
            let sign = |name: &str, usual: &str| {
                part.attribute(name).map_or(usual.to_owned(), |sign| sign.into_owned())
            };
            let separator = sign("separators", ",").trim().chars().next().map(|c| format!("{c} "));
            let inner: Vec<String> = parts.iter().map(|part| part_text(part, depth + 1)).collect();
            format!(
                "{}{}{}",
                sign("open", "("),
                inner.join(&separator.unwrap_or_default()),
                sign("close", ")")
            )
        }
        "mtable" => rows("tr", "; "),
        "mtr" | "mlabeledtr" => rows("td", ", "),
        "semantics" => at(0),
        "annotation" | "annotation-xml" | "mphantom" => String::new(),
        "mspace" => " ".to_owned(),
        _ => row(part, depth + 1),
    }
}

/// Whether a line is drawn between the parts of a fraction: one of no thickness is none, in whatever unit.
fn has_bar(fraction: &Element<'_>) -> bool {
    let thickness = fraction.attribute("linethickness");
    let number = thickness.as_deref().map(|length| length.trim().trim_end_matches(char::is_alphabetic));
    number.and_then(|length| length.trim_end_matches('%').parse::<f64>().ok()) != Some(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::office::xml::Tree;

    fn line(xml: &str) -> String {
        mathml(&Tree::parse(&format!("<math>{xml}</math>")).root().unwrap())
    }

    #[test]
    fn a_formula_becomes_a_line() {
        let roots = "<semantics><mrow><mi>x</mi><mo stretchy='false'>=</mo><mfrac><mrow><mo>−</mo><mi>b</mi><mo>±</mo><msqrt><mrow><msup><mi>b</mi><mn>2</mn></msup><mo>−</mo><mn>4</mn><mi>a</mi><mi>c</mi></mrow></msqrt></mrow><mrow><mn>2</mn><mi>a</mi></mrow></mfrac></mrow><annotation encoding='StarMath 5.0'>x = {-b} over {2a}</annotation></semantics>";
        assert_eq!(line(roots), "x = (−b ± √(b^2 − 4ac))/2a");
        let sum = "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><msub><mi>x</mi><mi>i</mi></msub>";
        assert_eq!(line(sum), "∑_(i = 1)^n x_i");
        let words = "<mi>sin</mi><mi>x</mi><mo>,</mo><mtext> für alle </mtext><mi>x</mi>";
        assert_eq!(line(words), "sin x, für alle x");
        let matrix = "<mo>[</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd><mtd><mn>1</mn></mtd></mtr></mtable><mo>]</mo>";
        assert_eq!(line(matrix), "[1, 0; 0, 1]");
        assert_eq!(line("<mfenced><mi>a</mi><mi>b</mi></mfenced>"), "(a, b)");
    }

    #[test]
    fn only_a_fraction_with_a_line_is_a_division() {
        let fraction = |attributes: &str| format!("<mfrac {attributes}><mi>n</mi><mi>k</mi></mfrac>");
        for none in ["0", "0pt", "0.0em", "0%", " 0 "] {
            let binomial = fraction(&format!("linethickness='{none}'"));
            assert_eq!(line(&format!("<mo>(</mo>{binomial}<mo>)</mo>")), "(n¦k)", "{none}");
        }
        let drawn =
            ["", "linethickness='1'", "linethickness='0.5pt'", "linethickness='thin'", "bevelled='true'"];
        for attributes in drawn {
            assert_eq!(line(&fraction(attributes)), "n/k", "{attributes}");
        }
    }

    #[test]
    fn an_empty_formula_is_what_was_typed_and_a_deep_one_ends() {
        let typed = "<semantics><mrow/><annotation>E = m c^2</annotation></semantics>";
        assert_eq!(line(typed), "E = m c^2");
        let deep = format!("{}<mi>x</mi>{}", "<mrow>".repeat(400), "</mrow>".repeat(400));
        assert_eq!(line(&deep), "x");
    }
}
