//! What a file is.

use serde::{Deserialize, Serialize};

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a file is, decided by its content first and its name second.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $variant,)*
        }

        impl Format {
            /// Every format.
            pub const ALL: &[Format] = &[$(Format::$variant,)*];

            /// Stable name used in the database and on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Format::$variant => $name,)*
                }
            }
        }
    };
}

formats! {
    /// Text without markup, in any encoding.
    PlainText = "plain_text",
    /// Markdown (CommonMark with tables and front matter).
    Markdown = "markdown",
    /// HTML or XHTML.
    Html = "html",
    /// Portable Document Format.
    Pdf = "pdf",
    /// Org mode.
    Org = "org",
    /// reStructuredText.
    Rst = "rst",
    /// Values separated by commas, semicolons or tabs.
    Csv = "csv",
    /// One JSON value.
    Json = "json",
    /// One JSON value per line.
    JsonLines = "json_lines",
    /// Source code of a program.
    Code = "code",
    /// Rich Text Format.
    Rtf = "rtf",
    /// Word, Office Open XML.
    Docx = "docx",
    /// Word 97 to 2003.
    Doc = "doc",
    /// OpenDocument text.
    Odt = "odt",
    /// PowerPoint, Office Open XML.
    Pptx = "pptx",
    /// PowerPoint 97 to 2003.
    Ppt = "ppt",
    /// OpenDocument presentation.
    Odp = "odp",
    /// Excel, Office Open XML.
    Xlsx = "xlsx",
    /// Excel 97 to 2003.
    Xls = "xls",
    /// Excel, binary.
    Xlsb = "xlsb",
    /// OpenDocument spreadsheet.
    Ods = "ods",
    /// Electronic book.
    Epub = "epub",
    /// One mail message.
    Mail = "mail",
    /// A box of mail messages.
    Mbox = "mbox",
    /// ZIP archive.
    Zip = "zip",
    /// TAR archive, packed by gzip or xz or not at all.
    Tar = "tar",
    /// One file packed by gzip or xz.
    Packed = "packed",
    /// A picture whose text can be recognised.
    Image = "image",
}

impl Format {
    /// The inverse of [`Format::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name)
    }

    /// Whether pages of this format can be drawn.
    pub fn has_pages(self) -> bool {
        matches!(self, Format::Pdf | Format::Image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_survive_their_names() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), Some(*format));
            let json = serde_json::to_string(format).unwrap();
            assert_eq!(json, format!("\"{}\"", format.as_str()));
        }
        assert_eq!(Format::parse("exe"), None);
    }
}
