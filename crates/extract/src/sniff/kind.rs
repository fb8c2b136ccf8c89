//! Names of file types that are not read, in words for a person.

use infer::MatcherType;

/// The type of binary data in words, or `None` when nothing is known about it. `extension` tells
/// containers apart whose content looks alike.
pub(crate) fn kind_of_binary(sample: &[u8], extension: &str) -> Option<String> {
    if sample.starts_with(b"SQLite format 3\0") {
        return Some("SQLite database".to_owned());
    }
    let found = infer::get(sample)?;
    let found_extension = match found.extension() {
        // Office files are ZIP or OLE containers, which cannot always be told apart by their start.
        "zip" if is_zip_document(extension) => extension,
        "doc" | "xls" | "ppt" | "msi" if is_ole_document(extension) => extension,
        other => other,
    };
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == found_extension) {
        return Some((*name).to_owned());
    }
    let family = match found.matcher_type() {
        MatcherType::App => "program",
        MatcherType::Archive => "archive",
        MatcherType::Audio => "audio",
        MatcherType::Book => "book",
        MatcherType::Doc => "document",
        MatcherType::Font => "font",
        MatcherType::Image => "image",
        MatcherType::Video => "video",
        _ => "file",
    };
    Some(format!("{} {family}", found_extension.to_ascii_uppercase()))
}

fn is_zip_document(extension: &str) -> bool {
    matches!(extension, "docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp" | "epub" | "jar" | "apk")
}

fn is_ole_document(extension: &str) -> bool {
    matches!(extension, "doc" | "xls" | "ppt" | "msg" | "msi")
}

const NAMES: &[(&str, &str)] = &[
    ("png", "PNG image"),
    ("jpg", "JPEG image"),
    ("gif", "GIF image"),
    ("webp", "WebP image"),
    ("tif", "TIFF image"),
    ("bmp", "BMP image"),
    ("heif", "HEIF image"),
    ("avif", "AVIF image"),
    ("jxl", "JPEG XL image"),
    ("jp2", "JPEG 2000 image"),
    ("ico", "icon"),
    ("psd", "Photoshop image"),
    ("djvu", "DjVu document"),
    ("mp4", "MP4 video"),
    ("mkv", "Matroska video"),
    ("webm", "WebM video"),
    ("mov", "QuickTime video"),
    ("mp3", "MP3 audio"),
    ("m4a", "M4A audio"),
    ("ogg", "Ogg audio"),
    ("flac", "FLAC audio"),
    ("wav", "WAV audio"),
    ("zip", "ZIP archive"),
    ("tar", "TAR archive"),
    ("gz", "gzip archive"),
    ("bz2", "bzip2 archive"),
    ("xz", "XZ archive"),
    ("zst", "Zstandard archive"),
    ("7z", "7-Zip archive"),
    ("rar", "RAR archive"),
    ("deb", "Debian package"),
    ("jar", "Java archive"),
    ("apk", "Android app"),
    ("doc", "Word document (.doc)"),
    ("docx", "Word document (.docx)"),
    ("xls", "Excel workbook (.xls)"),
    ("xlsx", "Excel workbook (.xlsx)"),
    ("ppt", "PowerPoint presentation (.ppt)"),
    ("pptx", "PowerPoint presentation (.pptx)"),
    ("msg", "Outlook message"),
    ("msi", "Windows installer"),
    ("odt", "OpenDocument text"),
    ("ods", "OpenDocument spreadsheet"),
    ("odp", "OpenDocument presentation"),
    ("epub", "EPUB book"),
    ("mobi", "Mobipocket book"),
    ("exe", "Windows program"),
    ("dll", "Windows library"),
    ("elf", "Linux program"),
    ("mach", "macOS program"),
    ("class", "Java class"),
    ("wasm", "WebAssembly program"),
    ("ttf", "TrueType font"),
    ("otf", "OpenType font"),
    ("woff", "WOFF font"),
    ("woff2", "WOFF2 font"),
    ("sqlite", "SQLite database"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_named_after_what_it_holds() {
        let zip = b"PK\x03\x04\x14\0\0\0\x08\0 rest of an archive that says nothing";
        assert_eq!(kind_of_binary(zip, "docx").as_deref(), Some("Word document (.docx)"));
        assert_eq!(kind_of_binary(zip, "zip").as_deref(), Some("ZIP archive"));
    }

    #[test]
    fn nothing_known_is_said_honestly() {
        assert_eq!(kind_of_binary(&[0, 1, 2, 3, 4, 5, 6, 7], "bin"), None);
    }
}
