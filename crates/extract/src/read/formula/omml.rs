//! Office Math Markup (ECMA-376 part 1, chapter 22): the notation of Word and PowerPoint.

use super::{MAX_DEPTH, fraction, root, scripted, stacked};
use crate::read::office::running::push_text;
use crate::read::office::xml::Element;

/// The formula as a line of text. Spaces at its ends stay: they may be all that parts it from the words
/// around it.
pub(in crate::read) fn omml(math: &Element<'_>) -> String {
    let mut line = String::new();
    push_text(&mut line, &inner(math, 0));
    line
}

fn inner(element: &Element<'_>, depth: usize) -> String {
    element.children().map(|part| part_text(&part, depth)).collect()
}

fn part_text(part: &Element<'_>, depth: usize) -> String {
    if depth >= MAX_DEPTH {
        return part.text();
    }
    let of = |name: &str| part.child(name).map(|part| inner(&part, depth + 1)).unwrap_or_default();
    let all = |name: &str, between: &str| {
        let all = part.children().filter(|part| part.name() == name);
        all.map(|part| inner(&part, depth + 1)).collect::<Vec<_>>().join(between)
    };
    match part.name() {
        "t" => {
            let mut text = String::new();
            push_text(&mut text, &part.text());
            text
        }
        "f" if property(part, "type").as_deref() == Some("noBar") => stacked(&of("num"), &of("den")),
        "f" => fraction(&of("num"), &of("den")),
        "sSup" => scripted(&of("e"), None, Some(&of("sup"))),
        "sSub" => scripted(&of("e"), Some(&of("sub")), None),
        "sSubSup" => scripted(&of("e"), Some(&of("sub")), Some(&of("sup"))),
        "sPre" => format!("{}{}", scripted("", Some(&of("sub")), Some(&of("sup"))), of("e")),
        "limLow" => scripted(&of("e"), Some(&of("lim")), None),
        "limUpp" => scripted(&of("e"), None, Some(&of("lim"))),
        "rad" => root(&of("e"), Some(&of("deg"))),
        "nary" => {
            let sign = property(part, "chr").unwrap_or_else(|| "∫".to_owned());
            format!("{} {}", scripted(&sign, Some(&of("sub")), Some(&of("sup"))), of("e"))
        }
        "d" => {
            let sign = |name: &str, usual: &str| property(part, name).unwrap_or_else(|| usual.to_owned());
            let separator = sign("sepChr", "|");
            format!("{}{}{}", sign("begChr", "("), all("e", &separator), sign("endChr", ")"))
        }
        "func" => format!("{} {}", of("fName"), of("e")),
        "m" => {
            let rows = part.children().filter(|part| part.name() == "mr");
            rows.map(|row| part_text(&row, depth + 1)).collect::<Vec<_>>().join("; ")
        }
        "mr" => all("e", ", "),
        "eqArr" => all("e", "; "),
        "br" => " ".to_owned(),
        // Properties, and what a tracked change removed.
        "del" | "moveFrom" | "ctrlPr" => String::new(),
        name if name.ends_with("Pr") => String::new(),
        _ => inner(part, depth + 1),
    }
}

/// A sign that the properties of a part name; `None` where they leave the usual one.
fn property(part: &Element<'_>, name: &str) -> Option<String> {
    let properties = part.children().find(|child| child.name().ends_with("Pr"))?;
    properties.child(name)?.attribute("val").map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::office::xml::Tree;

    fn r(text: &str) -> String {
        format!("<m:r><m:t>{text}</m:t></m:r>")
    }

    fn line(xml: &str) -> String {
        omml(&Tree::parse(&format!("<m:oMath>{xml}</m:oMath>")).root().unwrap())
    }

    #[test]
    fn a_formula_becomes_a_line() {
        let root = format!(
            "<m:rad><m:radPr><m:degHide m:val='1'/></m:radPr><m:deg/><m:e>{}</m:e></m:rad>",
            r("b-4ac")
        );
        let quotient = format!("<m:f><m:num>{}{root}</m:num><m:den>{}</m:den></m:f>", r("-b±"), r("2a"));
        assert_eq!(line(&format!("{}{quotient}", r("x="))), "x=(-b±√(b-4ac))/2a");
        let sum = format!(
            "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:nary>",
            r("i=1"),
            r("n"),
            r("a")
        );
        assert_eq!(line(&sum), "∑_(i=1)^n a");
        let set = format!(
            "<m:d><m:dPr><m:begChr m:val='{{'/><m:endChr m:val='}}'/></m:dPr><m:e>{}</m:e><m:e>{}</m:e></m:d>",
            r("x"),
            r("x>0")
        );
        assert_eq!(line(&set), "{x|x>0}");
        let limit = format!(
            "<m:func><m:fName><m:limLow><m:e>{}</m:e><m:lim>{}</m:lim></m:limLow></m:fName><m:e>{}</m:e></m:func>",
            r("lim"),
            r("n→∞"),
            r("f")
        );
        assert_eq!(line(&limit), "lim_(n→∞) f");
        let matrix = format!(
            "<m:m><m:mPr/><m:mr><m:e>{}</m:e><m:e>{}</m:e></m:mr><m:mr><m:e>{}</m:e></m:mr></m:m>",
            r("1"),
            r("0"),
            r("2")
        );
        assert_eq!(line(&matrix), "1, 0; 2");
        assert_eq!(line(&r("x ")), "x ");
    }

    #[test]
    fn only_a_fraction_with_a_bar_or_a_slash_is_a_division() {
        let fraction = |kind: &str| {
            let (above, below) = (r("n"), r("k"));
            let kind = format!("<m:fPr>{kind}<m:ctrlPr/></m:fPr>");
            format!("<m:f>{kind}<m:num>{above}</m:num><m:den>{below}</m:den></m:f>")
        };
        let binomial = fraction("<m:type m:val='noBar'/>");
        assert_eq!(line(&binomial), "n¦k");
        assert_eq!(line(&format!("<m:d><m:dPr/><m:e>{binomial}</m:e></m:d>")), "(n¦k)");
        for kind in ["", "<m:type m:val='bar'/>", "<m:type m:val='lin'/>", "<m:type m:val='skw'/>"] {
            assert_eq!(line(&fraction(kind)), "n/k", "{kind}");
        }
    }
}
