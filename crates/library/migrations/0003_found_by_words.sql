-- Words of chunks that were live before the index held them, so that a document can be found as soon as
-- it is read. Folded and parted by our own rules. Says nothing of whether a chunk is still wanted, and is
-- emptied when the index has caught up.
CREATE VIRTUAL TABLE unindexed USING fts5(
    words, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Serves counting how documents stand, which looks at all of these.
DROP INDEX document_counts;
CREATE INDEX document_counts ON document(source_id, state, error_code, live_rev, n_chunks, reading_change)
    WHERE deleted_ms IS NULL;
