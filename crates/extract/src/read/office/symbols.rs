//! Characters of symbol fonts, which Office writes as a font and a number.

/// Characters of the font Symbol from 0x21 (Adobe Symbol encoding); a blank stands for none.
const SYMBOL: &str =
    "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_ αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";
/// The same from 0xA1.
const SYMBOL_UPPER: &str = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…   ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑";
/// Signs of the Wingdings fonts that stand for words: marks, arrows, boxes, numbers.
const WINGDINGS: &[(u32, char)] = &[
    (0x22, '✂'),
    (0x28, '☎'),
    (0x2A, '✉'),
    (0x4A, '☺'),
    (0x4C, '☹'),
    (0x6C, '●'),
    (0x6D, '○'),
    (0x6E, '■'),
    (0x6F, '□'),
    (0x71, '❑'),
    (0x75, '◆'),
    (0x76, '❖'),
    (0x77, '⬥'),
    (0xA1, '○'),
    (0xA7, '▪'),
    (0xA8, '☐'),
    (0xD8, '➢'),
    (0xDF, '←'),
    (0xE0, '→'),
    (0xE1, '↑'),
    (0xE2, '↓'),
    (0xE8, '➔'),
    (0xF0, '⇨'),
    (0xFB, '✗'),
    (0xFC, '✓'),
    (0xFD, '☒'),
    (0xFE, '☑'),
];

/// The character that `font` draws for a number, also one in the private area F000 to F0FF.
/// `None` for a sign that has no counterpart here.
pub(in crate::read) fn symbol(code: u32, font: &str) -> Option<char> {
    let low = if (0xF000..=0xF0FF).contains(&code) { code - 0xF000 } else { code };
    let font = font.to_lowercase();
    let found = if font.starts_with("wingdings") {
        WINGDINGS.iter().find(|(number, _)| *number == low).map(|(_, c)| *c)
    } else if font.starts_with("symbol") {
        match low {
            0x20 => Some(' '),
            0x21..=0x7E => SYMBOL.chars().nth(low as usize - 0x21),
            0xA1..=0xFF => SYMBOL_UPPER.chars().nth(low as usize - 0xA1),
            _ => None,
        }
        .filter(|c| *c != ' ' || low == 0x20)
    } else if low == code {
        char::from_u32(code)
    } else {
        char::from_u32(low).filter(char::is_ascii_graphic)
    };
    found.filter(|c| !crate::script::is_dropped(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greek_and_marks_are_known() {
        assert_eq!(symbol(0xF061, "Symbol"), Some('α'));
        assert_eq!(symbol(0xF057, "Symbol"), Some('Ω'));
        assert_eq!(symbol(0x7E, "Symbol"), Some('∼'));
        assert_eq!(symbol(0xF0A3, "Symbol"), Some('≤'));
        assert_eq!(symbol(0xF0E5, "Symbol"), Some('∑'));
        assert_eq!(symbol(0xF0FC, "Wingdings"), Some('✓'));
        assert_eq!(symbol(0x4E2D, "SimSun"), Some('中'));
        assert_eq!(symbol(0xF001, "Webdings"), None);
    }
}
