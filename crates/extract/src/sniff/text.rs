//! What a file of text is.

use super::Sniffed;
use super::container::{OPEN_DOCUMENT, open_document};
use docent_corpus::Format;

/// Endings of programs' source code, with the name of the language.
const LANGUAGES: &[(&str, &str)] = &[
    ("rs", "rust"),
    ("py", "python"),
    ("pyi", "python"),
    ("js", "javascript"),
    ("mjs", "javascript"),
    ("cjs", "javascript"),
    ("jsx", "javascript"),
    ("ts", "typescript"),
    ("tsx", "typescript"),
    ("svelte", "svelte"),
    ("vue", "vue"),
    ("c", "c"),
    ("h", "c"),
    ("cc", "cpp"),
    ("cpp", "cpp"),
    ("cxx", "cpp"),
    ("hpp", "cpp"),
    ("hh", "cpp"),
    ("m", "objective-c"),
    ("mm", "objective-c"),
    ("cs", "csharp"),
    ("java", "java"),
    ("kt", "kotlin"),
    ("kts", "kotlin"),
    ("scala", "scala"),
    ("groovy", "groovy"),
    ("swift", "swift"),
    ("go", "go"),
    ("rb", "ruby"),
    ("php", "php"),
    ("pl", "perl"),
    ("pm", "perl"),
    ("lua", "lua"),
    ("r", "r"),
    ("jl", "julia"),
    ("hs", "haskell"),
    ("ml", "ocaml"),
    ("mli", "ocaml"),
    ("fs", "fsharp"),
    ("clj", "clojure"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("erl", "erlang"),
    ("lisp", "lisp"),
    ("el", "lisp"),
    ("scm", "scheme"),
    ("dart", "dart"),
    ("zig", "zig"),
    ("nim", "nim"),
    ("f90", "fortran"),
    ("for", "fortran"),
    ("vb", "vb"),
    ("bas", "basic"),
    ("pas", "pascal"),
    ("asm", "asm"),
    ("s", "asm"),
    ("sh", "bash"),
    ("bash", "bash"),
    ("zsh", "bash"),
    ("fish", "fish"),
    ("ps1", "powershell"),
    ("bat", "batch"),
    ("cmd", "batch"),
    ("sql", "sql"),
    ("css", "css"),
    ("scss", "scss"),
    ("less", "less"),
    ("proto", "protobuf"),
    ("graphql", "graphql"),
    ("cmake", "cmake"),
    ("mk", "make"),
    ("nix", "nix"),
    ("tf", "terraform"),
    ("yaml", "yaml"),
    ("yml", "yaml"),
    ("toml", "toml"),
    ("ini", "ini"),
    ("cfg", "ini"),
    ("conf", "ini"),
    ("properties", "properties"),
    ("xml", "xml"),
    ("xsl", "xml"),
    ("xsd", "xml"),
];

/// Starts of header lines that every mail message has some of.
const MAIL_HEADERS: &[&str] = &[
    "received:",
    "return-path:",
    "delivered-to:",
    "message-id:",
    "mime-version:",
    "from:",
    "to:",
    "subject:",
    "date:",
    "x-mozilla-status:",
    "dkim-signature:",
    "reply-to:",
    "content-type:",
];

/// Endings of Office files under which programs write something else.
const OFFICE_ENDINGS: &[&str] = &["xls", "xlt", "xlsx", "doc", "dot", "docx", "ppt", "pptx"];

/// Elements with which a page may begin that has no `html` around it.
const PAGE_ELEMENTS: &[&str] = &[
    "head", "title", "meta", "link", "style", "script", "body", "table", "thead", "tbody", "tr", "div",
    "span", "center", "font", "form", "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "b", "ul", "ol", "pre",
];

/// A beginning of a file that is longer than this may have been cut, in bytes.
const LONG_HEADER: usize = 2048;

/// The language of source code whose name ends so.
pub(crate) fn language(extension: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(ending, _)| *ending == extension).map(|(_, language)| *language)
}

/// Every ending that stands for source code.
pub(super) fn code_endings() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(ending, _)| *ending)
}

/// What text is that begins with `head` and whose file's name ends in `extension`.
pub(super) fn format(head: &str, extension: &str) -> Sniffed {
    let head = head.trim_start_matches('\u{FEFF}').trim_start();
    for (mark, kind) in [
        ("%!PS", "PostScript document"),
        ("-----BEGIN PGP MESSAGE", "encrypted message"),
        ("-----BEGIN CERTIFICATE", "certificate"),
        ("-----BEGIN PRIVATE KEY", "private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY", "private key"),
    ] {
        if head.starts_with(mark) {
            return Sniffed::Unsupported(kind.to_owned());
        }
    }
    if head.starts_with("{\\rtf") {
        return Sniffed::Known(Format::Rtf);
    }
    if let Some(format) = by_extension(extension) {
        return Sniffed::Known(format);
    }
    let root = root_element(head);
    match root.as_deref() {
        Some("svg") => return Sniffed::Unsupported("SVG image".to_owned()),
        Some("html" | "!doctype html") => return Sniffed::Known(Format::Html),
        Some(root) => {
            if let Some(office) = office_xml(root, head).or_else(|| flat_open_document(root, head)) {
                return office;
            }
        }
        None => {}
    }
    let for_office = OFFICE_ENDINGS.contains(&extension);
    Sniffed::Known(match extension {
        // Web pages and tables under the name of an Office file, because Office opens them all.
        _ if for_office && root.as_deref().is_some_and(is_page_element) => Format::Html,
        _ if is_saved_page(head) => Format::Mail,
        "html" | "htm" | "xhtml" => Format::Html,
        "mbox" | "mbx" if head.starts_with("From ") => Format::Mbox,
        "eml" | "emlx" | "mht" | "mhtml" if begins_with_header(head) => Format::Mail,
        _ if is_mailbox(head) => Format::Mbox,
        _ if is_mail(head) => Format::Mail,
        "xls" | "xlt" if head.contains('\t') => Format::Csv,
        _ if language(extension).is_some() => Format::Code,
        _ => Format::PlainText,
    })
}

/// What a document of Office in one XML file is: a workbook or a text of Office 2003, or a package of
/// parts ("flat OPC"). Their roots are named like many others, so that the namespace decides.
fn office_xml(root: &str, head: &str) -> Option<Sniffed> {
    let local = root.rsplit(':').next().unwrap_or(root);
    let says = |word: &str| head.contains(word);
    let format = match local {
        "workbook" if says("urn:schemas-microsoft-com:office:spreadsheet") => Format::Xls,
        "worddocument" if says("http://schemas.microsoft.com/office/word/2003/wordml") => Format::Docx,
        "package" if says("http://schemas.microsoft.com/office/2006/xmlPackage") => match () {
            () if says("Word.Document") || says("word/document.xml") => Format::Docx,
            () if says("PowerPoint.Show") || says("ppt/presentation.xml") => Format::Pptx,
            () if says("Excel.Sheet") || says("xl/workbook.xml") => Format::Xlsx,
            () => return Some(Sniffed::Unsupported("Office file as XML".to_owned())),
        },
        _ => return None,
    };
    Some(Sniffed::Known(format))
}

/// What an OpenDocument file is that is one XML file, by the type that its root tells.
fn flat_open_document(root: &str, head: &str) -> Option<Sniffed> {
    let says_so = root == "office:document" && head.contains("urn:oasis:names:tc:opendocument");
    let (_, named) = head.split_once(OPEN_DOCUMENT).filter(|_| says_so)?;
    let kind: String = named.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
    Some(open_document(&kind))
}

/// Whether a piece of a web page begins with this element.
fn is_page_element(name: &str) -> bool {
    PAGE_ELEMENTS.contains(&name.trim_end_matches('/'))
}

/// A web page in one file, as Word and Excel save it: of the fields of a mail it has only these two.
fn is_saved_page(head: &str) -> bool {
    let header = head.split("\n\n").next().and_then(|header| header.split("\r\n\r\n").next());
    let header = header.unwrap_or_default().to_ascii_lowercase();
    header.starts_with("mime-version:") && header.contains("multipart/related")
}

fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "md" | "markdown" | "mdown" | "mkd" | "mkdn" => Format::Markdown,
        "org" => Format::Org,
        "rst" => Format::Rst,
        "csv" | "tsv" | "tab" => Format::Csv,
        "json" | "geojson" | "ipynb" | "webmanifest" => Format::Json,
        "jsonl" | "ndjson" => Format::JsonLines,
        _ => return None,
    })
}

/// A mailbox begins with `From`, an address and a date (RFC 4155), and a header follows.
fn is_mailbox(head: &str) -> bool {
    let mut lines = head.lines();
    let Some(first) = lines.next().and_then(|line| line.strip_prefix("From ")) else { return false };
    let clock = first
        .split(' ')
        .any(|word| word.split(':').count() >= 2 && word.split(':').all(|part| part.parse::<u8>().is_ok()));
    clock && lines.next().is_some_and(is_header)
}

/// A mail message begins with header lines, at least three of them well known, up to an empty line.
/// Apple Mail puts the number of its bytes in front.
fn is_mail(head: &str) -> bool {
    let counted = head.split_once('\n').filter(|(first, _)| first.trim().parse::<u64>().is_ok());
    let head = counted.map_or(head, |(_, rest)| rest);
    // Headers may be longer than what is looked at, which then ends within a line.
    let whole = head.rsplit_once('\n').filter(|_| head.len() > LONG_HEADER);
    let head = whole.map_or(head, |(whole, _)| whole);
    let mut known = 0;
    for line in head.lines() {
        if line.is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        known += usize::from(MAIL_HEADERS.iter().any(|name| lower.starts_with(name)));
        if !is_header(line) {
            return false;
        }
    }
    known >= 3
}

/// Whether text named as mail is mail: its first line is the field of a header, apart from what Apple
/// Mail and mailboxes put in front.
fn begins_with_header(head: &str) -> bool {
    let mut lines = head.lines();
    let Some(first) = lines.next() else { return false };
    let in_front = first.trim().parse::<u64>().is_ok() || first.starts_with("From ");
    is_header(if in_front { lines.next().unwrap_or_default() } else { first })
}

/// `Name: value`, or a line that goes on with the one before.
fn is_header(line: &str) -> bool {
    line.starts_with([' ', '\t'])
        || line.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// The first tag of marked-up text, in lower case, behind an XML declaration and comments; for a
/// document type also its name.
fn root_element(mut head: &str) -> Option<String> {
    loop {
        head = head.trim_start();
        let end = if head.starts_with("<?") {
            head.find("?>")? + 2
        } else if head.starts_with("<!--") {
            head.find("-->")? + 3
        } else {
            break;
        };
        head = &head[end..];
    }
    let mut words = head.strip_prefix('<')?.split(|c: char| c.is_whitespace() || c == '>' || c == '[');
    let first = words.next()?.to_ascii_lowercase();
    if first != "!doctype" {
        return Some(first);
    }
    let name = words.find(|word| !word.is_empty())?.to_ascii_lowercase();
    Some(if name == "html" { "!doctype html".to_owned() } else { name })
}
