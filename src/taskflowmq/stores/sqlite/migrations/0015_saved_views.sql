-- Saved views of the list of jobs. "scope" is the owner, or empty for what is shared: a name is unique within it. Programs of the
-- version before use none of this.
CREATE TABLE taskflow_saved_view (
  id         BLOB NOT NULL PRIMARY KEY,
  tenant     TEXT NOT NULL,
  scope      TEXT NOT NULL,
  name       TEXT NOT NULL,
  owner      TEXT NOT NULL,
  content    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX taskflow_saved_view_name ON taskflow_saved_view (tenant, scope, name);
