//! Finding text without any index: slow but always there, also while the index is being rebuilt.

use crate::Library;
use crate::error::{LibraryError, Step};
use docent_corpus::ChunkId;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// More words than this narrow a search no further.
const MOST_WORDS: usize = 16;
/// Longer words are cut here (in characters); SQLite refuses patterns of more than 50,000 bytes.
const LONGEST_WORD: usize = 200;

/// The parts of a query between white space. A run of Chinese or Japanese stays one part.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == '\0').filter(|word| !word.is_empty()).take(MOST_WORDS)
}

/// Patterns for LIKE with `\` as escape character that find `text` anywhere, each way of writing it
/// once. LIKE itself equates upper and lower case of ASCII only, hence the other two forms.
pub(crate) fn patterns(text: &str) -> Vec<String> {
    let text: String = text.chars().take(LONGEST_WORD).collect();
    let mut patterns = Vec::new();
    for form in [text.to_lowercase(), text.to_uppercase(), text] {
        let pattern = format!("%{}%", escape(&form));
        if !patterns.iter().any(|known: &String| known.eq_ignore_ascii_case(&pattern)) {
            patterns.push(pattern);
        }
    }
    patterns
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Library {
    /// Up to `limit` live chunks that contain `query` in their text or title, by reading all text:
    /// first those with the query as a whole, then those with all its words. Upper and lower case are
    /// the same. An empty query finds nothing.
    pub fn search_like(&self, query: &str, limit: usize) -> Result<Vec<ChunkId>, LibraryError> {
        let query = query.trim().replace('\0', " ");
        let words: Vec<&str> = words(&query).collect();
        if words.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        self.read("searching text", |db| {
            let mut found = containing(db, &[query.as_str()], limit)?;
            if words.len() > 1 && found.len() < limit {
                let more = containing(db, &words, limit + found.len())?;
                let new: Vec<ChunkId> = more.into_iter().filter(|id| !found.contains(id)).collect();
                found.extend(new);
                found.truncate(limit);
            }
            Ok(found)
        })
    }
}

/// Live chunks that contain every one of `parts`, in the order of their ids.
fn containing(db: &Connection, parts: &[&str], limit: usize) -> Result<Vec<ChunkId>, LibraryError> {
    let step = "searching text";
    let mut sql =
        "SELECT c.id FROM chunk c JOIN revision v ON v.id = c.revision_id WHERE v.state = 'live'".to_owned();
    let mut values = Vec::new();
    for part in parts {
        let forms = patterns(part);
        let tests: Vec<String> = (0..forms.len())
            .map(|n| values.len() + n + 1)
            .map(|n| format!("c.text LIKE ?{n} ESCAPE '\\' OR c.header LIKE ?{n} ESCAPE '\\'"))
            .collect();
        sql.push_str(&format!(" AND ({})", tests.join(" OR ")));
        values.extend(forms.into_iter().map(Value::Text));
    }
    values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    sql.push_str(&format!(" ORDER BY c.id LIMIT ?{}", values.len()));
    let mut statement = db.prepare(&sql).step(step)?;
    let rows = statement.query_map(params_from_iter(&values), |row| row.get(0).map(ChunkId)).step(step)?;
    rows.collect::<rusqlite::Result<_>>().step(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn signs_of_the_pattern_language_are_taken_literally() {
        let world = fixture();
        world.index(
            "a.md",
            "100% sure\n\n100 times sure\n\nsnake_case\n\nsnakeXcase\n\nback\\slash\n\nbackslash",
        );
        let texts = |query: &str| -> Vec<String> {
            let ids = world.library.search_like(query, 9).unwrap();
            let mut chunks = world.library.live_chunks(&ids).unwrap();
            chunks.sort_by_key(|chunk| chunk.id);
            chunks.into_iter().map(|chunk| chunk.text).collect()
        };
        assert_eq!(texts("100%"), ["100% sure"]);
        assert_eq!(texts("snake_case"), ["snake_case"]);
        assert_eq!(texts("back\\slash"), ["back\\slash"]);
        assert_eq!(texts("%"), ["100% sure"]);
        assert_eq!(texts("'; DROP TABLE chunk; --"), Vec::<String>::new());
    }

    #[test]
    fn chinese_is_found_inside_a_run_and_case_does_not_matter() {
        let world = fixture();
        world.index("a.md", "我们在杭州的西湖边散步。\n\nDie ÄPFEL sind reif.\n\nÉcole supérieure");
        let found = |query: &str| world.library.search_like(query, 9).unwrap().len();
        assert_eq!(found("西湖"), 1);
        assert_eq!(found("杭州 散步"), 1);
        assert_eq!(found("äpfel"), 1);
        assert_eq!(found("ÉCOLE"), 1);
        assert_eq!(found("école SUPÉRIEURE"), 1);
        assert_eq!(found("top"), 3, "the header counts too");
        assert_eq!(found("北京"), 0);
        assert_eq!(found(" \u{3000}\t"), 0);
        assert_eq!(found("西\0北"), 0, "a zero does not end the query");
    }

    #[test]
    fn the_whole_query_comes_before_its_words() {
        let world = fixture();
        world.index("a.md", "water and cold\n\ncold water here\n\nwater alone");
        let ids = world.library.search_like("cold water", 9).unwrap();
        let text = |id: ChunkId| world.library.live_chunks(&[id]).unwrap().remove(0).text;
        assert_eq!(ids.iter().map(|id| text(*id)).collect::<Vec<_>>(), ["cold water here", "water and cold"]);
        assert_eq!(world.library.search_like("cold water", 1).unwrap(), ids[..1]);
        assert!(world.library.search_like("cold water", 0).unwrap().is_empty());
    }

    #[test]
    fn a_very_long_query_is_no_error() {
        let world = fixture();
        world.index("a.md", "text");
        assert!(world.library.search_like(&"西%".repeat(100_000), 5).unwrap().is_empty());
        assert!(world.library.search_like(&"w x ".repeat(10_000), 5).unwrap().is_empty());
    }

    #[test]
    fn only_live_text_is_searched() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let batch = world.stage(id, "secret text");
        assert_eq!(world.library.search_like("secret", 5).unwrap().len(), 1, "read, not indexed yet");
        world.library.publish_batch(batch.id, 1, 1).unwrap();
        assert_eq!(world.library.search_like("secret", 5).unwrap().len(), 1);
        world.library.delete_document(id, 2).unwrap();
        assert!(world.library.search_like("secret", 5).unwrap().is_empty());
    }
}
