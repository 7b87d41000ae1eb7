-- What operators did. Rows are added in the transaction of the act, and deleted by age. Programs of the version before add none.
CREATE TABLE taskflow.audit (
  id      bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL,
  tenant  text        NOT NULL,
  actor   text        NOT NULL,
  action  text        NOT NULL,
  object  text        NOT NULL,
  details json        NOT NULL
);
CREATE INDEX audit_at ON taskflow.audit (at);
CREATE INDEX audit_object ON taskflow.audit (object, id);

UPDATE taskflow.store SET schema_version = 16;

-- functions: 24a4f1599341e2e5
