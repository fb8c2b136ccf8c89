//! Formulas as one line of text that a person reads and a search finds: `x = (-b ± √(b^2-4ac))/(2a)`.
//! Two notations are read: MathML (OpenDocument) and that of Office Open XML.

mod mathml;
mod omml;

pub(super) use mathml::mathml;
pub(super) use omml::omml;

/// Deepest nesting of a formula that is followed: what lies deeper is read as its characters.
const MAX_DEPTH: usize = 100;

/// Signs that stand between two things, with room on both sides.
fn is_between(sign: &str) -> bool {
    let mut chars = sign.chars();
    let one = chars.next().filter(|_| chars.next().is_none());
    one.is_some_and(|c| "=+-−±∓×·÷<>≤≥≠≈≡≅∝∈∉⊂⊆∪∩∧∨→←↔⇒⇔∼".contains(c))
        || matches!(sign, ":=" | "==" | "<=" | ">=" | "!=")
}

/// A part in brackets, if it needs them to stay one thing.
fn grouped(part: &str) -> String {
    let part = part.trim();
    let is_one = part.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '′' | '∞'));
    if is_one || is_bracketed(part) { part.to_owned() } else { format!("({part})") }
}

/// Whether one pair of brackets holds the whole part.
fn is_bracketed(part: &str) -> bool {
    let mut depth = 0_usize;
    let mut closed_at = None;
    for (at, c) in part.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && closed_at.is_none() {
                    closed_at = Some(at);
                }
            }
            _ => {}
        }
    }
    part.starts_with('(') && closed_at == Some(part.len() - 1)
}

fn fraction(above: &str, below: &str) -> String {
    match below.trim() {
        "" => above.to_owned(),
        _ => format!("{}/{}", grouped(above), grouped(below)),
    }
}

/// One part above another without a bar between them, as in binomial coefficients: no division. The sign
/// is that of UnicodeMath (Unicode Technical Note 28, section 2.1).
fn stacked(above: &str, below: &str) -> String {
    match (above.trim(), below.trim()) {
        (only, "") | ("", only) => only.to_owned(),
        _ => format!("{}¦{}", grouped(above), grouped(below)),
    }
}

/// A base with what stands below and above it.
fn scripted(base: &str, below: Option<&str>, above: Option<&str>) -> String {
    // Powers of more than one letter are of all of it; limits of sums and integrals are of the sign.
    let mut text = if below.is_none() && base.contains(' ') { grouped(base) } else { base.trim().to_owned() };
    for (sign, part) in [('_', below), ('^', above)] {
        if let Some(part) = part.filter(|part| !part.trim().is_empty()) {
            text.push(sign);
            text.push_str(&grouped(part));
        }
    }
    text
}

fn root(of: &str, degree: Option<&str>) -> String {
    let degree = degree.map(str::trim).filter(|degree| !degree.is_empty() && *degree != "2");
    match degree {
        Some(degree) => format!("√[{degree}]{}", grouped(of)),
        None => format!("√{}", grouped(of)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_stand_where_they_are_needed() {
        assert_eq!(fraction("a", "b"), "a/b");
        assert_eq!(fraction("a+b", "(2a)"), "(a+b)/(2a)");
        assert_eq!(fraction("(a)(b)", "2"), "((a)(b))/2");
        assert_eq!(stacked("n+1", "k"), "(n+1)¦k");
        assert_eq!((stacked("n", " "), stacked("", "k")), ("n".to_owned(), "k".to_owned()));
        assert_eq!(scripted("x", Some("i+1"), Some("2")), "x_(i+1)^2");
        assert_eq!(scripted("a b", None, Some("2")), "(a b)^2");
        assert_eq!(root("b^2-4ac", None), "√(b^2-4ac)");
        assert_eq!(root("x", Some("3")), "√[3]x");
    }
}
