-- Bulk operations: which jobs, what is done to each, and how far it is. The ids are collected in chunks; "answers" holds what
-- became of each job of a chunk, one byte each, and is null until the chunk was acted on.
CREATE TABLE taskflow_bulk (
  id          BLOB NOT NULL PRIMARY KEY,
  tenant_id   INTEGER NOT NULL,
  action      TEXT NOT NULL,
  filter      TEXT,
  reason      TEXT,
  actor       TEXT NOT NULL,
  rate        INTEGER,
  key         TEXT,
  fingerprint TEXT,
  state       TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  undo_until  INTEGER,
  started_at  INTEGER,
  finished_at INTEGER,
  total       INTEGER NOT NULL DEFAULT 0,
  collected   INTEGER NOT NULL DEFAULT 0,
  position    BLOB,
  chunks      INTEGER NOT NULL DEFAULT 0,
  acted       INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER,
  counts      TEXT NOT NULL DEFAULT '{}',
  problem     TEXT
) STRICT;
CREATE UNIQUE INDEX taskflow_bulk_key ON taskflow_bulk (tenant_id, key) WHERE key IS NOT NULL;
CREATE INDEX taskflow_bulk_tenant ON taskflow_bulk (tenant_id, id);
CREATE INDEX taskflow_bulk_live ON taskflow_bulk (id) WHERE state IN ('waiting', 'running');
CREATE INDEX taskflow_bulk_ended ON taskflow_bulk (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE taskflow_bulk_chunk (
  bulk_id BLOB NOT NULL,
  no      INTEGER NOT NULL,
  ids     BLOB NOT NULL,
  answers BLOB,
  PRIMARY KEY (bulk_id, no)
) STRICT, WITHOUT ROWID;
