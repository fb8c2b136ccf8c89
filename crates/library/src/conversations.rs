//! Conversations and their messages, with the citations an answer rests on and the passages it used.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::purges::settle;
use crate::row::{json, named};
use docent_corpus::{Citation, ConversationId, DocumentId, MessageId, Passage, RevisionId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

/// A series of questions and answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its title.
    pub title: String,
    /// When it was begun.
    pub created_ms: i64,
    /// When something was last said in it.
    pub updated_ms: i64,
    /// How many messages it has.
    pub messages: u32,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageRole {
    /// The person.
    User,
    /// docent.
    Assistant,
}

impl MessageRole {
    /// Stable name used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageRole::User => "user",
            MessageRole::Assistant => "assistant",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [MessageRole::User, MessageRole::Assistant].into_iter().find(|role| role.as_str() == name)
    }
}

/// A message to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Who said it.
    pub role: MessageRole,
    /// What was said.
    pub text: String,
    /// Which sentences rest on which sentences of documents.
    pub citations: Vec<Citation>,
    /// The passages that were used.
    pub passages: Vec<Passage>,
    /// How strong the evidence was, as the caller names it.
    pub verdict: Option<String>,
    /// Times and sizes, as JSON.
    pub stats_json: Option<String>,
}

/// A message as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Who said it.
    pub role: MessageRole,
    /// What was said.
    pub text: String,
    /// Which sentences rest on which sentences of documents.
    pub citations: Vec<Citation>,
    /// The passages that were used.
    pub passages: Vec<Passage>,
    /// How strong the evidence was.
    pub verdict: Option<String>,
    /// Times and sizes, as JSON.
    pub stats_json: Option<String>,
    /// When it was said.
    pub created_ms: i64,
}

const CONVERSATIONS: &str = "SELECT id, title, created_ms, updated_ms,
    (SELECT COUNT(*) FROM message WHERE conversation_id = conversation.id) AS messages FROM conversation";

fn conversation_of(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: ConversationId(row.get("id")?),
        title: row.get("title")?,
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
        messages: row.get("messages")?,
    })
}

fn message_of(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: MessageId(row.get("id")?),
        conversation: ConversationId(row.get("conversation_id")?),
        role: named(row, "role", MessageRole::parse)?,
        text: row.get("text")?,
        citations: json(row, "citations")?,
        passages: json(row, "passages")?,
        verdict: row.get("verdict")?,
        stats_json: row.get("stats")?,
        created_ms: row.get("created_ms")?,
    })
}

impl Library {
    /// Begins a conversation.
    pub fn create_conversation(&self, title: &str, now_ms: i64) -> Result<ConversationId, LibraryError> {
        let step = "beginning a conversation";
        self.write(step, |tx| {
            let sql = "INSERT INTO conversation (title, created_ms, updated_ms) VALUES (?1, ?2, ?2)";
            tx.execute(sql, params![title, now_ms]).step(step)?;
            Ok(ConversationId(tx.last_insert_rowid()))
        })
    }

    /// How many conversations show text of a document.
    pub fn quoted_in(&self, document: DocumentId) -> Result<usize, LibraryError> {
        let step = "looking for quotations";
        self.read(step, |db| {
            let sql = "SELECT COUNT(DISTINCT m.conversation_id) FROM message_revision r
                       JOIN message m ON m.id = r.message_id JOIN revision v ON v.id = r.revision_id
                       WHERE v.document_id = ?1";
            Ok(db.query_row(sql, [document.0], |row| row.get::<_, i64>(0)).step(step)? as usize)
        })
    }

    /// All conversations, the one last spoken in first.
    pub fn conversations(&self) -> Result<Vec<Conversation>, LibraryError> {
        let step = "listing conversations";
        self.read(step, |db| {
            let mut statement =
                db.prepare(&format!("{CONVERSATIONS} ORDER BY updated_ms DESC, id DESC")).step(step)?;
            let rows = statement.query_map([], conversation_of).step(step)?;
            rows.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// One conversation.
    pub fn conversation(&self, id: ConversationId) -> Result<Conversation, LibraryError> {
        let step = "reading a conversation";
        let sql = format!("{CONVERSATIONS} WHERE id = ?1");
        self.read(step, |db| db.query_row(&sql, [id.0], conversation_of).optional().step(step))?
            .ok_or_else(|| not_found(id))
    }

    /// Gives a conversation another title.
    pub fn rename_conversation(&self, id: ConversationId, title: &str) -> Result<(), LibraryError> {
        let step = "renaming a conversation";
        self.write(step, |tx| {
            let sql = "UPDATE conversation SET title = ?2 WHERE id = ?1";
            let changed = tx.execute(sql, params![id.0, title]).step(step)?;
            if changed == 0 { Err(not_found(id)) } else { Ok(()) }
        })
    }

    /// Deletes a conversation with its messages, and texts of replaced revisions that only it cited.
    pub fn delete_conversation(&self, id: ConversationId) -> Result<(), LibraryError> {
        let step = "deleting a conversation";
        self.write(step, |tx| {
            let cited = cited_by(tx, id)?;
            let changed = tx.execute("DELETE FROM conversation WHERE id = ?1", [id.0]).step(step)?;
            if changed == 0 {
                return Err(not_found(id));
            }
            cited.into_iter().try_for_each(|revision| settle(tx, revision))
        })
    }

    /// Adds a message to a conversation. Scores that are not numbers are kept as 0.
    pub fn append_message(
        &self,
        conversation: ConversationId,
        mut message: NewMessage,
        now_ms: i64,
    ) -> Result<MessageId, LibraryError> {
        let step = "keeping a message";
        make_finite(&mut message);
        let citations = serde_json::to_string(&message.citations).step(step)?;
        let passages = serde_json::to_string(&message.passages).step(step)?;
        self.write(step, |tx| {
            let sql = "UPDATE conversation SET updated_ms = ?2 WHERE id = ?1";
            if tx.execute(sql, params![conversation.0, now_ms]).step(step)? == 0 {
                return Err(not_found(conversation));
            }
            let sql = "INSERT INTO message (conversation_id, role, text, citations, passages, verdict, stats, created_ms)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let role = message.role.as_str();
            let NewMessage { text, verdict, stats_json, .. } = &message;
            let values = params![conversation.0, role, text, citations, passages, verdict, stats_json, now_ms];
            tx.execute(sql, values).step(step)?;
            let id = tx.last_insert_rowid();
            for revision in shown_in(&message) {
                let sql = "INSERT INTO message_revision SELECT ?1, id FROM revision WHERE id = ?2";
                tx.execute(sql, [id, revision.0]).step(step)?;
            }
            Ok(MessageId(id))
        })
    }

    /// The messages of a conversation, oldest first.
    pub fn messages(&self, conversation: ConversationId) -> Result<Vec<Message>, LibraryError> {
        let step = "reading messages";
        self.read(step, |db| {
            let sql = "SELECT * FROM message WHERE conversation_id = ?1 ORDER BY id";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement.query_map([conversation.0], message_of).step(step)?;
            rows.collect::<rusqlite::Result<_>>().step(step)
        })
    }
}

fn not_found(id: ConversationId) -> LibraryError {
    LibraryError::not_found(format_args!("conversation {id}"))
}

fn shown_in(message: &NewMessage) -> BTreeSet<RevisionId> {
    let cited = message.citations.iter().map(|citation| citation.revision);
    cited.chain(message.passages.iter().map(|passage| passage.revision)).collect()
}

fn cited_by(tx: &Connection, conversation: ConversationId) -> Result<Vec<RevisionId>, LibraryError> {
    let step = "deleting a conversation";
    let sql = "SELECT DISTINCT r.revision_id FROM message_revision r JOIN message m ON m.id = r.message_id
               WHERE m.conversation_id = ?1";
    let mut statement = tx.prepare(sql).step(step)?;
    let ids = statement.query_map([conversation.0], |row| row.get(0).map(RevisionId)).step(step)?;
    ids.collect::<rusqlite::Result<_>>().step(step)
}

/// JSON has no way to write what is not a number, and the message could not be read again.
fn make_finite(message: &mut NewMessage) {
    let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
    for citation in &mut message.citations {
        citation.support = finite(citation.support);
    }
    for passage in &mut message.passages {
        passage.score = finite(passage.score);
        passage.cosine = passage.cosine.map(finite);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, fixture};
    use docent_corpus::{ChunkId, DocumentId, SourceId, Span};

    fn citation(document: DocumentId, revision: RevisionId) -> Citation {
        let (answer, span) = (Span::new(0, 3), Span::new(4, 8));
        Citation {
            number: 1,
            answer,
            chunk: ChunkId(1),
            revision,
            document,
            span,
            quote: "引文".into(),
            support: 0.5,
        }
    }

    fn passage(score: f32) -> Passage {
        Passage {
            chunk: ChunkId(1),
            revision: RevisionId(1),
            document: DocumentId(1),
            source: SourceId(1),
            title: "t".into(),
            path: "p".into(),
            headings: vec!["h".into()],
            page: Some(3),
            page_label: Some("iv".into()),
            line: None,
            spot: None,
            member: None,
            spans: vec![Span::new(0, 2)],
            sentences: vec![Span::new(0, 2)],
            text: "te".into(),
            score,
            vector_rank: Some(1),
            text_rank: None,
            cosine: Some(score),
        }
    }

    fn said(role: MessageRole, text: &str) -> NewMessage {
        let (citations, passages) = (vec![], vec![]);
        NewMessage { role, text: text.into(), citations, passages, verdict: None, stats_json: None }
    }

    fn cite(world: &Fixture, conversation: ConversationId, document: DocumentId) -> RevisionId {
        let revision = world.library.document(document).unwrap().live_revision.unwrap();
        let message = NewMessage {
            citations: vec![citation(document, revision)],
            ..said(MessageRole::Assistant, "Yes [1].")
        };
        world.library.append_message(conversation, message, 10).unwrap();
        revision
    }

    /// Replaces the document's text and purges what it replaced.
    fn replace(world: &Fixture, document: DocumentId, text: &str) {
        let batch = world.stage(document, text);
        world.library.publish_batch(batch.id, 2, 11).unwrap();
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
    }

    #[test]
    fn messages_come_back_in_order_with_all_they_carry() {
        let world = fixture();
        let first = world.library.create_conversation("First", 1).unwrap();
        let second = world.library.create_conversation("第二", 2).unwrap();
        let answer = NewMessage {
            citations: vec![citation(DocumentId(1), RevisionId(1))],
            passages: vec![passage(0.25)],
            verdict: Some("found".into()),
            stats_json: Some("{\"ms\":3}".into()),
            ..said(MessageRole::Assistant, "答案。")
        };
        let asked = world.library.append_message(first, said(MessageRole::User, "Why?"), 3).unwrap();
        let answered = world.library.append_message(first, answer.clone(), 4).unwrap();
        let messages = world.library.messages(first).unwrap();
        assert_eq!(messages.iter().map(|message| message.id).collect::<Vec<_>>(), [asked, answered]);
        let kept = &messages[1];
        assert_eq!((kept.role, &kept.text, kept.created_ms), (answer.role, &answer.text, 4));
        assert_eq!((&kept.citations, &kept.passages), (&answer.citations, &answer.passages));
        assert_eq!((&kept.verdict, &kept.stats_json), (&answer.verdict, &answer.stats_json));
        let listed = world.library.conversations().unwrap();
        assert_eq!(listed.iter().map(|conversation| conversation.id).collect::<Vec<_>>(), [first, second]);
        assert_eq!((listed[0].messages, listed[0].updated_ms, listed[0].created_ms), (2, 4, 1));
        world.library.rename_conversation(first, "Renamed").unwrap();
        assert_eq!(world.library.conversation(first).unwrap().title, "Renamed");
        world.library.delete_conversation(first).unwrap();
        assert!(world.library.messages(first).unwrap().is_empty());
        assert_eq!(world.library.conversation(first).unwrap_err().code(), "not_found");
        let late = world.library.append_message(first, said(MessageRole::User, "?"), 5);
        assert_eq!(late.unwrap_err().code(), "not_found");
        assert_eq!(world.library.delete_conversation(first).unwrap_err().code(), "not_found");
    }

    #[test]
    fn scores_that_are_not_numbers_do_not_make_a_message_unreadable() {
        let world = fixture();
        let id = world.library.create_conversation("c", 1).unwrap();
        let mut message =
            NewMessage { passages: vec![passage(f32::NAN)], ..said(MessageRole::Assistant, "a") };
        message.citations.push(Citation { support: f32::INFINITY, ..citation(DocumentId(1), RevisionId(1)) });
        world.library.append_message(id, message, 2).unwrap();
        let kept = world.library.messages(id).unwrap().remove(0);
        assert_eq!(
            (kept.passages[0].score, kept.passages[0].cosine, kept.citations[0].support),
            (0.0, Some(0.0), 0.0)
        );
    }

    #[test]
    fn a_cited_text_outlives_its_replacement_until_the_conversation_goes() {
        let world = fixture();
        let id = world.library.create_conversation("c", 1).unwrap();
        let document = world.index("a.md", "cited text");
        let cited = cite(&world, id, document);
        replace(&world, document, "newer text");
        let text = world.library.revision_text(cited).unwrap();
        assert_eq!((text.text.as_str(), text.live, text.document), ("cited text", false, document));
        assert!(world.library.chunks_of(cited).unwrap().is_empty(), "but it cannot be found any more");
        assert_eq!(world.live_texts(), ["newer text"]);
        world.library.delete_conversation(id).unwrap();
        assert_eq!(world.library.revision_text(cited).unwrap_err().code(), "not_found");
        assert_eq!(world.live_texts(), ["newer text"], "a live text does not depend on conversations");
    }

    #[test]
    fn deleting_a_document_deletes_its_text_even_if_cited() {
        let world = fixture();
        let id = world.library.create_conversation("c", 1).unwrap();
        let document = world.index("a.md", "first text");
        let first = cite(&world, id, document);
        replace(&world, document, "second text");
        let second = cite(&world, id, document);
        world.library.delete_document(document, 12).unwrap();
        assert_eq!(world.library.revision_text(first).unwrap_err().code(), "not_found");
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        assert_eq!(due, [second]);
        world.library.finish_purges(world.profile, &due).unwrap();
        assert_eq!(world.library.revision_text(second).unwrap_err().code(), "not_found");
        assert_eq!(world.library.messages(id).unwrap().len(), 2, "what was said stays");
    }
}
