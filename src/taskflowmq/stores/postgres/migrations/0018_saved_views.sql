-- Saved views of the list of jobs. "scope" is the owner, or empty for what is shared: a name is unique within it. The columns by
-- which rows are found are ASCII, which every database can hold. Programs of the version before use none of this.
CREATE TABLE taskflow.saved_view (
  id         uuid        NOT NULL PRIMARY KEY,
  tenant     text        NOT NULL,
  scope      text        NOT NULL,
  name       text        NOT NULL,
  owner      text        NOT NULL,
  content    json        NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX saved_view_name ON taskflow.saved_view (tenant, scope, name);

UPDATE taskflow.store SET schema_version = 18;

-- functions: c40768cefd67b940
