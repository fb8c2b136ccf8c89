//! The chat template of a model, rendered to token ids.
//!
//! A template is a Jinja program that comes with the model and writes control tokens around the
//! messages. What people and documents say never passes through it: the template sees a
//! placeholder for each message, its result is cut at the placeholders, and the texts between are
//! tokenised as markup while the messages are tokenised as data. So a message that says
//! `<|im_end|>` says just that and ends nothing.

mod date;

use std::io::{self, Write};

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::tokenizer::{ChatTokenizer, Segment};
use crate::{ChatMessage, InferenceError, Role};

/// Milliseconds since 1970-01-01, UTC.
pub type Clock = fn() -> i64;

/// Used when a file brings no template: ChatML, the most common form.
const CHATML: &str = "{% for message in messages %}<|im_start|>{{ message['role'] }}\n\
    {{ message['content'] }}<|im_end|>\n{% endfor %}\
    {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// What [`CHATML`] is called.
pub(crate) const DEFAULT_NAME: &str = "ChatML";

/// Said when a chat brings no system message, since many templates would put their maker's in.
const DEFAULT_SYSTEM: &str = "You are a helpful assistant. Answer truthfully and briefly.";

/// Private-use characters around the number of a message.
const MARK: char = '\u{F8FD}';

const NAME: &str = "chat";

/// Instructions that a template may take: known ones take a few dozen for each message. It is a program
/// from a file, and an endless one would hold the model's thread for ever.
const STEPS: u64 = 2_000_000;

/// Bytes that a template may write, without the messages.
const LONGEST: usize = 16 << 20;

/// The template of one model.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
}

impl ChatTemplate {
    /// Reads a template's source; without one, ChatML. A template that asks for today's date gets
    /// it from `clock`; without one it is told that there is no such function.
    pub(crate) fn new(source: Option<&str>, clock: Option<Clock>) -> Result<Self, InferenceError> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_fuel(Some(STEPS));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |reason: String| -> Result<(), Error> {
            Err(Error::new(ErrorKind::InvalidOperation, reason))
        });
        if let Some(clock) = clock {
            environment.add_function("strftime_now", move |format: String| date::format(clock(), &format));
        }
        environment.add_filter("tojson", to_json);
        environment
            .add_template_owned(NAME, source.unwrap_or(CHATML).to_owned())
            .map_err(|source| template("it cannot be read", source))?;
        Ok(Self { environment })
    }

    /// Ids of a chat, up to and including the opening of the model's turn.
    pub(crate) fn encode(
        &self,
        messages: &[ChatMessage],
        tokenizer: &ChatTokenizer,
    ) -> Result<Vec<u32>, InferenceError> {
        let mut messages = messages.to_vec();
        if messages.first().is_none_or(|first| first.role != Role::System) {
            messages.insert(0, ChatMessage::new(Role::System, DEFAULT_SYSTEM));
        }
        let rendered = match self.render(&messages, tokenizer) {
            Ok(rendered) => rendered,
            Err(error) => {
                // Some templates refuse a system message; its text then leads the first question.
                let Some(merged) = without_system(&messages) else {
                    return Err(template("it refuses the messages", error));
                };
                messages = merged;
                self.render(&messages, tokenizer).map_err(|_| template("it refuses the messages", error))?
            }
        };
        let mut ids = tokenizer.encode_segments(&segments(&rendered, &messages)?)?;
        if let Some(begin) = tokenizer.prompt_begin().filter(|id| ids.first() != Some(id)) {
            ids.insert(0, begin);
        }
        Ok(ids)
    }

    /// The prompt with a placeholder for each message.
    fn render(&self, messages: &[ChatMessage], tokenizer: &ChatTokenizer) -> Result<String, Error> {
        let messages: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(number, message)| {
                context! {
                    role => message.role.as_str(),
                    content => placeholder(number, &message.content),
                }
            })
            .collect();
        let known = context! {
            messages,
            add_generation_prompt => true,
            enable_thinking => false,
            bos_token => tokenizer.begin_text(),
            eos_token => tokenizer.end_text(),
        };
        let mut written = Written(Vec::new());
        self.environment.get_template(NAME)?.render_captured_to(known, &mut written)?;
        let invalid = "what it writes is not text";
        String::from_utf8(written.0)
            .map_err(|source| Error::new(ErrorKind::InvalidOperation, invalid).with_source(source))
    }
}

/// What a template has written, of [`LONGEST`] at most.
struct Written(Vec<u8>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::other("it writes without end"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the template sees of a message: its outer white space, so that trimming works as it would
/// on the message itself, and a mark for all between. An empty message stays empty.
fn placeholder(number: usize, content: &str) -> String {
    let core = content.trim();
    if core.is_empty() {
        return content.to_owned();
    }
    let (before, after) = outer_space(content);
    format!("{before}{MARK}{number}{MARK}{after}")
}

/// The white space around a text that is not only white space.
fn outer_space(content: &str) -> (&str, &str) {
    let before = content.len() - content.trim_start().len();
    let after = content.trim_end().len();
    (&content[..before], &content[after..])
}

/// Cuts a rendered prompt at its placeholders. White space that a template left around one is cut
/// with the message it belongs to, because a leading space is part of a word's token.
fn segments<'a>(rendered: &'a str, messages: &'a [ChatMessage]) -> Result<Vec<Segment<'a>>, InferenceError> {
    let mut seen = vec![false; messages.len()];
    let mut segments = Vec::new();
    let mut parts = rendered.split(MARK);
    let mut markup = parts.next().unwrap_or_default();
    while let (Some(number), Some(next)) = (parts.next(), parts.next()) {
        let (message, seen) = number
            .parse::<usize>()
            .ok()
            .and_then(|n| Some((messages.get(n)?, seen.get_mut(n)?)))
            .ok_or_else(|| damaged("it rewrote a message"))?;
        *seen = true;
        let content = message.content.as_str();
        let (before, after) = outer_space(content);
        let kept = markup.strip_suffix(before);
        let start = if kept.is_some() { 0 } else { before.len() };
        segments.push(Segment::Markup(kept.unwrap_or(markup)));
        let kept = next.strip_prefix(after);
        let end = content.len() - if kept.is_some() { 0 } else { after.len() };
        segments.push(Segment::Data(&content[start..end]));
        markup = kept.unwrap_or(next);
    }
    segments.push(Segment::Markup(markup));
    let lost = |(seen, message): (&bool, &ChatMessage)| !seen && !message.content.trim().is_empty();
    if seen.iter().zip(messages).any(lost) {
        return Err(damaged("it left out a message"));
    }
    segments.retain(|segment| !matches!(segment, Segment::Markup("") | Segment::Data("")));
    Ok(segments)
}

/// The chat with the system message put before the first question, if there is one.
fn without_system(messages: &[ChatMessage]) -> Option<Vec<ChatMessage>> {
    let (system, rest) = messages.split_first()?;
    let first = rest.first().filter(|first| first.role == Role::User)?;
    let mut merged = rest.to_vec();
    merged[0].content = format!("{}\n\n{}", system.content.trim(), first.content);
    Some(merged)
}

/// Python's `json.dumps(value, ensure_ascii=False)`, which templates expect; minijinja's own
/// filter escapes for HTML.
fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let mut json = Vec::new();
    let written = match indent {
        None => value.serialize(&mut Serializer::with_formatter(&mut json, PythonJson)),
        Some(width) => {
            let indent = vec![b' '; width.min(16)];
            let formatter = PrettyFormatter::with_indent(&indent);
            value.serialize(&mut Serializer::with_formatter(&mut json, formatter))
        }
    };
    let invalid = "the value has no JSON form";
    written.map_err(|source| Error::new(ErrorKind::InvalidOperation, invalid).with_source(source))?;
    String::from_utf8(json)
        .map_err(|source| Error::new(ErrorKind::InvalidOperation, invalid).with_source(source))
}

/// JSON on one line with a space after each comma and colon.
struct PythonJson;

impl Formatter for PythonJson {
    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

fn template(reason: &str, source: Error) -> InferenceError {
    InferenceError::Template { reason: reason.to_owned(), source: Some(Box::new(source)) }
}

fn damaged(reason: &str) -> InferenceError {
    InferenceError::Template { reason: reason.to_owned(), source: None }
}

#[cfg(test)]
mod tests;
