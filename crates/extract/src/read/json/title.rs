//! What a JSON file says it is called. The names of its parts are no title: every map of the world
//! would be called "features".

use super::outline::unescaped;
use super::tape::{Kind, Tape};

/// Members that name a thing, the surest first.
const NAMES: [&str; 8] = ["title", "name", "标题", "標題", "名称", "名稱", "displayName", "label"];
/// Members in which a file tells about itself.
const ABOUT: [&str; 4] = ["info", "metadata", "meta", "properties"];
/// A longer text is no title, in characters.
const TITLE_CHARS: usize = 200;

/// The title that the value at the beginning of the tape tells.
pub(super) fn title(text: &str, tape: &Tape) -> Option<String> {
    let about = ABOUT.iter().filter_map(|name| tape.member(0, text, name));
    std::iter::once(0).chain(about).find_map(|object| named(text, tape, object))
}

/// The name of an object.
fn named(text: &str, tape: &Tape, object: usize) -> Option<String> {
    tape.get(object).filter(|value| value.kind == Kind::Object)?;
    NAMES.iter().find_map(|name| {
        let value = tape.get(tape.member(object, text, name)?).filter(|value| value.kind == Kind::String)?;
        let title = unescaped(text.get(value.range())?);
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        (!title.is_empty() && title.chars().count() <= TITLE_CHARS).then_some(title)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::json::tape::VALUES;

    fn of(text: &str) -> Option<String> {
        title(text, &Tape::read(text, 0..text.len(), VALUES).unwrap())
    }

    #[test]
    fn the_name_of_the_whole_is_its_title() {
        assert_eq!(of(r#"{"name": "harbours", "title": " Häfen\n港口 "}"#).as_deref(), Some("Häfen 港口"));
        let map = r#"{"type": "FeatureCollection", "name": "ports", "features": [{"title": "no"}]}"#;
        assert_eq!(of(map).as_deref(), Some("ports"));
        let api = r#"{"openapi": "3.0", "info": {"title": "Ships API"}, "paths": {"name": "no"}}"#;
        assert_eq!(of(api).as_deref(), Some("Ships API"));
        let feature = r#"{"type": "Feature", "properties": {"name": "Oslo"}, "geometry": null}"#;
        assert_eq!(of(feature).as_deref(), Some("Oslo"));
    }

    #[test]
    fn other_values_are_no_title() {
        for text in [
            r#"{"features": [1]}"#,
            r#"[{"name": "one of many"}]"#,
            r#"{"name": {"first": "Ann"}, "title": ""}"#,
            r#"{"title": 7}"#,
            "\"text\"",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of(&format!(r#"{{"title": "{}"}}"#, "字".repeat(201))), None);
    }
}
