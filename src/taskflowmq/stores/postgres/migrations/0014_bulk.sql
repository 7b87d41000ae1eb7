-- Bulk operations: which jobs, what is done to each, and how far it is. The ids are collected in chunks; "answers" holds what
-- became of each job of a chunk, one byte each, and is null until the chunk was acted on.
CREATE TABLE taskflow.bulk (
  id          uuid        NOT NULL PRIMARY KEY,
  tenant_id   integer     NOT NULL,
  action      text        NOT NULL,
  filter      text,
  reason      text,
  actor       text        NOT NULL,
  rate        integer,
  key         text,
  fingerprint text,
  state       text        NOT NULL,
  created_at  timestamptz NOT NULL,
  undo_until  timestamptz,
  started_at  timestamptz,
  finished_at timestamptz,
  total       integer     NOT NULL DEFAULT 0,
  collected   boolean     NOT NULL DEFAULT false,
  position    uuid,
  chunks      integer     NOT NULL DEFAULT 0,
  acted       integer     NOT NULL DEFAULT 0,
  next_at     timestamptz,
  counts      json        NOT NULL DEFAULT '{}',
  problem     text
);
CREATE UNIQUE INDEX bulk_key ON taskflow.bulk (tenant_id, key) WHERE key IS NOT NULL;
CREATE INDEX bulk_tenant ON taskflow.bulk (tenant_id, id);
CREATE INDEX bulk_live ON taskflow.bulk (id) WHERE state IN ('waiting', 'running');
CREATE INDEX bulk_ended ON taskflow.bulk (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE taskflow.bulk_chunk (
  bulk_id uuid    NOT NULL,
  no      integer NOT NULL,
  ids     uuid[]  NOT NULL,
  answers bytea,
  PRIMARY KEY (bulk_id, no)
);

UPDATE taskflow.store SET schema_version = 14;

-- functions: 438ee37c9f65b92a
