-- What operators did. Rows are added in the transaction of the act, and deleted by age. Programs of the version before add none.
CREATE TABLE taskflow_audit (
  id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  tenant  TEXT NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  object  TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX taskflow_audit_at ON taskflow_audit (at);
CREATE INDEX taskflow_audit_object ON taskflow_audit (object, id);
