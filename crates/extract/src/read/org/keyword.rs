//! `#+KEY: value` lines: what the file says of itself, and which words are states of tasks.

use super::super::lines::TextLine;
use docent_corpus::Metadata;

/// Words that stand before a task's title by custom, where the file names none.
const STATES: &[&str] = &[
    "TODO",
    "DONE",
    "NEXT",
    "WAITING",
    "WAIT",
    "HOLD",
    "STARTED",
    "INPROGRESS",
    "CANCELLED",
    "CANCELED",
    "SOMEDAY",
];

/// What holds for the whole file.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) metadata: Metadata,
    /// The states of tasks.
    pub(super) keywords: Vec<String>,
    /// Other notes that were linked to so far.
    pub(super) links: Vec<String>,
    /// The label of the footnote whose text is being gathered.
    pub(super) note: Option<String>,
}

impl Settings {
    pub(super) fn of(source: &str, lines: &[TextLine]) -> Self {
        let mut settings =
            Self { keywords: STATES.iter().map(|word| (*word).to_owned()).collect(), ..Self::default() };
        for line in lines {
            let text = source[line.start..line.end].trim();
            if let Some((key, value)) = pair(text).filter(|(_, value)| !value.is_empty()) {
                settings.take(&key.to_ascii_lowercase(), value);
            }
        }
        settings
    }

    fn take(&mut self, key: &str, value: &str) {
        let metadata = &mut self.metadata;
        match key {
            // A title may stand on several lines.
            "title" => match &mut metadata.title {
                Some(title) => *title = format!("{title} {value}"),
                None => metadata.title = Some(value.to_owned()),
            },
            "author" => metadata.author = metadata.author.take().or_else(|| Some(value.to_owned())),
            "date" => metadata.date = metadata.date.take().or_else(|| Some(date(value).to_owned())),
            "language" => metadata.language = metadata.language.take().or_else(|| Some(value.to_owned())),
            "filetags" => {
                let tags = value.split(|c: char| c == ':' || c.is_whitespace()).filter(|tag| !tag.is_empty());
                metadata.tags.extend(tags.map(str::to_owned));
            }
            "keywords" => {
                let tags = value.split([',', ';', '，', '、']).map(str::trim).filter(|tag| !tag.is_empty());
                metadata.tags.extend(tags.map(str::to_owned));
            }
            "todo" | "seq_todo" | "typ_todo" => {
                let words = value.split_whitespace().filter(|word| *word != "|");
                self.keywords.extend(words.map(|word| word.split('(').next().unwrap_or(word).to_owned()));
            }
            _ => {}
        }
    }
}

/// A date without the brackets of a timestamp.
fn date(value: &str) -> &str {
    value.trim_matches(['<', '>', '[', ']'])
}

/// The key and the value of a keyword line.
pub(super) fn pair(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("#+")?;
    let end = rest.find([':', '['])?;
    let key = &rest[..end];
    // A caption may have a short form in brackets.
    let behind =
        if rest[end..].starts_with('[') { rest[end..].find("]:").map(|at| end + at + 1)? } else { end };
    let named = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    named.then(|| (key, rest[behind + 1..].trim()))
}

/// Whether a line ends a block.
pub(super) fn is_end(line: &str) -> bool {
    line.get(.."#+end_".len()).is_some_and(|mark| mark.eq_ignore_ascii_case("#+end_"))
}
