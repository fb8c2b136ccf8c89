-- The library: sources, documents, their revisions and chunks, the journal of batches, profiles,
-- conversations and settings. Times are milliseconds since 1970 (UTC) unless a name ends in _ns.
-- AUTOINCREMENT wherever an id is also stored outside this file (index rows, citations):
-- such an id must never be handed out twice.

-- One row. `tag` tells this library's index tables from those of another that lay in the same folder.
CREATE TABLE library (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    tag TEXT NOT NULL,
    clean_shutdown INTEGER NOT NULL CHECK (clean_shutdown IN (0, 1))
) STRICT;
INSERT INTO library VALUES (1, lower(hex(randomblob(4))), 1);

CREATE TABLE collection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- `root` is TEXT where the path is Unicode and a BLOB of its bytes where it is not.
-- A removed source keeps its row until the last of its documents is purged.
CREATE TABLE source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    root ANY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('folder', 'file')),
    collection_id INTEGER REFERENCES collection(id) ON DELETE SET NULL,
    added_ms INTEGER NOT NULL,
    last_scan_ms INTEGER,
    reachable INTEGER NOT NULL DEFAULT 1 CHECK (reachable IN (0, 1)),
    removed_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX source_root ON source(root) WHERE removed_ms IS NULL;
CREATE INDEX source_collection ON source(collection_id);

-- `change` counts the states the file was seen in; `reading_change` is the one being read.
-- A deleted document keeps its row until its last revision is purged.
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source(id),
    rel_path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    file_id TEXT,
    change INTEGER NOT NULL DEFAULT 1,
    reading_change INTEGER,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'reading', 'indexed', 'failed', 'skipped', 'missing')),
    error_code TEXT,
    error_detail TEXT,
    content_hash TEXT,
    format TEXT,
    title TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    warnings TEXT NOT NULL DEFAULT '[]',
    extractor TEXT,
    chunker TEXT,
    live_rev INTEGER REFERENCES revision(id) DEFERRABLE INITIALLY DEFERRED,
    n_chunks INTEGER NOT NULL DEFAULT 0,
    updated_ms INTEGER NOT NULL,
    deleted_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX document_path ON document(source_id, rel_path) WHERE deleted_ms IS NULL;
CREATE INDEX document_state ON document(state, source_id, rel_path) WHERE deleted_ms IS NULL;
CREATE INDEX document_counts ON document(source_id, state, n_chunks) WHERE deleted_ms IS NULL;
CREATE INDEX document_hash ON document(content_hash) WHERE content_hash IS NOT NULL AND deleted_ms IS NULL;
CREATE INDEX document_live ON document(live_rev);
CREATE INDEX document_source ON document(source_id);

-- staged: written, not yet visible. live: what readers see. retired: replaced, its index rows still
-- to be removed. purged: no index rows and no chunks left; kept only while a message cites it.
CREATE TABLE revision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES document(id),
    state TEXT NOT NULL CHECK (state IN ('staged', 'live', 'retired', 'purged')),
    document_change INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    extractor TEXT NOT NULL,
    chunker TEXT NOT NULL,
    format TEXT NOT NULL,
    title TEXT,
    metadata TEXT NOT NULL,
    warnings TEXT NOT NULL,
    n_chunks INTEGER NOT NULL
) STRICT;
CREATE INDEX revision_document ON revision(document_id, state);
CREATE INDEX revision_state ON revision(state);

-- `blocks` is the encoding of the module `codec`.
CREATE TABLE revision_text (
    revision_id INTEGER PRIMARY KEY REFERENCES revision(id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    blocks BLOB NOT NULL
) STRICT;

CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    revision_id INTEGER NOT NULL REFERENCES revision(id) ON DELETE CASCADE,
    ord INTEGER NOT NULL,
    text TEXT NOT NULL,
    header TEXT NOT NULL,
    headings TEXT NOT NULL,
    spans BLOB NOT NULL,
    sentences BLOB NOT NULL,
    page INTEGER,
    page_label TEXT,
    line INTEGER,
    tokens INTEGER NOT NULL,
    UNIQUE (revision_id, ord)
) STRICT;

-- `identity` is the profile as JSON. Each generation is another index table.
CREATE TABLE profile (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retired')),
    generation INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX profile_active ON profile(state) WHERE state = 'active';

CREATE TABLE index_state (
    profile_id INTEGER PRIMARY KEY REFERENCES profile(id) ON DELETE CASCADE,
    durable_version INTEGER NOT NULL DEFAULT 0,
    last_ok_ms INTEGER,
    last_error TEXT,
    consecutive_failures INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE ingest_batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES profile(id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'aborted')),
    lance_version INTEGER
) STRICT;
CREATE INDEX ingest_batch_state ON ingest_batch(profile_id, state, lance_version);

CREATE TABLE batch_rev (
    batch_id INTEGER NOT NULL REFERENCES ingest_batch(id) ON DELETE CASCADE,
    revision_id INTEGER NOT NULL REFERENCES revision(id) ON DELETE CASCADE,
    PRIMARY KEY (batch_id, revision_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_rev_revision ON batch_rev(revision_id);

-- The outbox of deletes: index rows of these revisions are still to be removed.
CREATE TABLE purge (
    profile_id INTEGER NOT NULL REFERENCES profile(id) ON DELETE CASCADE,
    revision_id INTEGER NOT NULL REFERENCES revision(id) ON DELETE CASCADE,
    PRIMARY KEY (profile_id, revision_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX purge_revision ON purge(revision_id);

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_updated ON conversation(updated_ms);

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL,
    citations TEXT NOT NULL,
    passages TEXT NOT NULL,
    verdict TEXT,
    stats TEXT,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX message_conversation ON message(conversation_id, id);

-- Which messages show text of which revision, so that the text outlives the revision's replacement.
CREATE TABLE message_revision (
    message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    revision_id INTEGER NOT NULL REFERENCES revision(id) ON DELETE CASCADE,
    PRIMARY KEY (message_id, revision_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_revision_revision ON message_revision(revision_id);

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
