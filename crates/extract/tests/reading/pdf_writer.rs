//! A tiny writer of PDF files, so that every coordinate in a test is known.

use std::fmt::Write;

/// One page: its dictionary entries and its content.
pub(crate) struct MadePage {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Degrees clockwise.
    pub(crate) rotate: u16,
    /// Left, bottom, right, top, when the visible part is smaller.
    pub(crate) crop: Option<[f32; 4]>,
    pub(crate) content: String,
    /// Annotation dictionaries; widgets are fields of a form. Object 8 is a drawing of the words "Stamped
    /// words".
    pub(crate) annotations: Vec<&'static str>,
}

impl MadePage {
    pub(crate) fn new() -> Self {
        Self {
            width: 612.0,
            height: 792.0,
            rotate: 0,
            crop: None,
            content: String::new(),
            annotations: Vec::new(),
        }
    }

    /// Text at a place from the lower left corner, in Helvetica (`F1`), bold (`F2`) or Courier (`F3`).
    pub(crate) fn text(mut self, font: &str, size: f32, x: f32, y: f32, text: &str) -> Self {
        let text = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        writeln!(self.content, "BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET").unwrap();
        self
    }

    /// Lines below each other, 1.2 times the size apart.
    pub(crate) fn lines(mut self, size: f32, x: f32, y: f32, lines: &[&str]) -> Self {
        for (index, line) in lines.iter().enumerate() {
            self = self.text("F1", size, x, y - index as f32 * size * 1.2, line);
        }
        self
    }

    /// Draws the picture `Im1` over a rectangle.
    pub(crate) fn picture(mut self, x: f32, y: f32, width: f32, height: f32) -> Self {
        writeln!(self.content, "q {width} 0 0 {height} {x} {y} cm /Im1 Do Q").unwrap();
        self
    }
}

/// A document with a title and pages. The picture `Im1` is a grey pixel.
pub(crate) fn pdf(title: &str, pages: &[MadePage]) -> Vec<u8> {
    let entries =
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8";
    pdf_with(stream(entries, "\x60"), title, pages)
}

fn pdf_with(picture: String, title: &str, pages: &[MadePage]) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(), // the pages, known at the end
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>".to_owned(),
        picture,
        format!("<< /Title ({title}) /Author (A. Writer) /CreationDate (D:20261121093000Z) >>"),
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 3 0 R >> >>",
            "BT /F1 12 Tf 2 4 Td (Stamped words) Tj ET",
        ),
    ];
    let (mut kids, mut fields) = (String::new(), String::new());
    for page in pages {
        let mut annotations = String::new();
        for annotation in &page.annotations {
            objects.push((*annotation).to_owned());
            let reference = format!("{} 0 R ", objects.len());
            annotations += &reference;
            if annotation.contains("/Widget") {
                fields += &reference;
            }
        }
        let crop = page.crop.map(|[l, b, r, t]| format!("/CropBox [{l} {b} {r} {t}]")).unwrap_or_default();
        objects.push(stream("", &page.content));
        let content = objects.len();
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] {crop} /Rotate {} /Annots [{annotations}] /Contents {content} 0 R \
             /Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> /XObject << /Im1 6 0 R >> >> >>",
            page.width,
            page.height,
            page.rotate,
        ));
        write!(kids, "{} 0 R ", objects.len()).unwrap();
    }
    if !fields.is_empty() {
        objects[0] = format!(
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] /NeedAppearances true >> >>"
        );
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len());
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let table = file.len();
    let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        writeln!(end, "{offset:010} 00000 n ").unwrap();
    }
    write!(
        end,
        "trailer\n<< /Size {} /Root 1 0 R /Info 7 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    )
    .unwrap();
    file.extend(end.bytes());
    file
}

fn stream(entries: &str, content: &str) -> String {
    format!("<< {entries} /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// A document of one page of A4 that is nothing but a JPEG picture.
pub(crate) fn scan(jpeg: &[u8], width: u32, height: u32) -> Vec<u8> {
    let hex: String = jpeg.iter().map(|byte| format!("{byte:02x}")).collect();
    let picture = stream(
        &format!(
            "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB \
             /BitsPerComponent 8 /Filter [/ASCIIHexDecode /DCTDecode]"
        ),
        &format!("{hex}>"),
    );
    let page = MadePage { width: 595.0, height: 842.0, ..MadePage::new() }.picture(0.0, 0.0, 595.0, 842.0);
    pdf_with(picture, "Scan", &[page])
}

/// A page whose content unpacks to `bytes` spaces.
pub(crate) fn flate_bomb(bytes: usize) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let piece = vec![b' '; 1 << 20];
    for _ in 0..bytes >> 20 {
        std::io::Write::write_all(&mut packed, &piece).unwrap();
    }
    let packed = packed.finish().unwrap();
    let mut file = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
        2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
        3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>\nendobj\n"
        .to_vec();
    file.extend(format!("4 0 obj\n<< /Filter /FlateDecode /Length {} >>\nstream\n", packed.len()).bytes());
    file.extend(packed);
    // Without a table of contents: readers look for the objects then.
    file.extend(b"\nendstream\nendobj\ntrailer\n<< /Size 5 /Root 1 0 R >>\n%%EOF\n");
    file
}
