-- Places of every format, collections of sources and documents, rules of sources, copies of one
-- content, tags and links of documents, and versions of notes.

-- Where a chunk begins in an original without pages and lines (JSON), and in which inner file.
ALTER TABLE chunk ADD COLUMN spot TEXT;
ALTER TABLE chunk ADD COLUMN member TEXT;

-- A document whose bytes are those of another one has no revision of its own: it is found through it.
ALTER TABLE document ADD COLUMN copy_of INTEGER REFERENCES document(id) ON DELETE SET NULL;
CREATE INDEX document_copy ON document(copy_of) WHERE copy_of IS NOT NULL;
-- Serves counting how documents stand, which looks at all of these.
DROP INDEX document_counts;
CREATE INDEX document_counts ON document(source_id, state, error_code, live_rev, n_chunks) WHERE deleted_ms IS NULL;

-- A source or a document may be in several collections.
CREATE TABLE collection_source (
    collection_id INTEGER NOT NULL REFERENCES collection(id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
    PRIMARY KEY (collection_id, source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_source_source ON collection_source(source_id);
CREATE TABLE collection_document (
    collection_id INTEGER NOT NULL REFERENCES collection(id) ON DELETE CASCADE,
    document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE,
    PRIMARY KEY (collection_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_document_document ON collection_document(document_id);
INSERT INTO collection_source
    SELECT collection_id, id FROM source WHERE collection_id IS NOT NULL AND removed_ms IS NULL;

-- `rules` is JSON: what of the source is read. A column that refers to another table cannot be
-- dropped, so the table is made anew.
DROP INDEX source_root;
DROP INDEX source_collection;
CREATE TABLE source_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    root ANY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('folder', 'file')),
    rules TEXT NOT NULL DEFAULT '{}',
    added_ms INTEGER NOT NULL,
    last_scan_ms INTEGER,
    reachable INTEGER NOT NULL DEFAULT 1 CHECK (reachable IN (0, 1)),
    removed_ms INTEGER
) STRICT;
INSERT INTO source_new (id, root, kind, added_ms, last_scan_ms, reachable, removed_ms)
    SELECT id, root, kind, added_ms, last_scan_ms, reachable, removed_ms FROM source;
-- Ids are never used twice, also those of sources that are gone.
UPDATE sqlite_sequence SET seq = max(seq, (SELECT seq FROM sqlite_sequence WHERE name = 'source'))
    WHERE name = 'source_new' AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'source');
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'source_new', seq FROM sqlite_sequence
    WHERE name = 'source' AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'source_new');
DROP TABLE source;
ALTER TABLE source_new RENAME TO source;
CREATE UNIQUE INDEX source_root ON source(root) WHERE removed_ms IS NULL;

-- Of the live revision.
CREATE TABLE document_tag (
    document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (document_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_tag_tag ON document_tag(tag);
CREATE TABLE document_link (
    document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    PRIMARY KEY (document_id, target)
) STRICT, WITHOUT ROWID;

-- What a note held before it was saved over, renamed or deleted. `path` is below the notes' folder.
CREATE TABLE note_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    saved_ms INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX note_version_path ON note_version(path, saved_ms);
