-- Releases: versions of the users' programs, as their workers announce them. A name is ASCII. Programs of the version before use
-- none of this, and their workers announce none.
CREATE TABLE taskflow_release (
  id       INTEGER NOT NULL PRIMARY KEY,
  name     TEXT    NOT NULL UNIQUE,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX taskflow_release_first ON taskflow_release (first_at);

ALTER TABLE taskflow_worker ADD COLUMN release_id INTEGER;
