-- Releases: versions of the users' programs, as their workers announce them. A name is ASCII, which every database can hold.
-- Programs of the version before use none of this, and their workers announce none.
CREATE TABLE taskflow.release (
  id       integer     NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name     text        NOT NULL UNIQUE,
  first_at timestamptz NOT NULL,
  last_at  timestamptz NOT NULL
);
CREATE INDEX release_first ON taskflow.release (first_at);

ALTER TABLE taskflow.worker ADD COLUMN release_id integer;

UPDATE taskflow.store SET schema_version = 23;

-- functions: c40768cefd67b940
