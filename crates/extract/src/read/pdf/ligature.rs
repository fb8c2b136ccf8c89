//! Letters of fonts that do not say what their characters mean. TeX's fonts of dots have no names, for
//! themselves or for their characters; PDFium then hands out the codes. Those of letters and digits
//! are the usual ones, those of ligatures and dashes are below the space.

/// What `code` stands for in TeX's encodings of text, "T1" and "OT1", if it is no usual code.
pub(super) fn letters(code: u32) -> Option<&'static str> {
    Some(match code {
        0x0B | 0x1B => "ff",
        0x0C | 0x1C => "fi",
        0x0D | 0x1D => "fl",
        0x0E | 0x1E => "ffi",
        0x0F | 0x1F => "ffl",
        0x15 => "–",
        0x16 => "—",
        _ => return None,
    })
}
