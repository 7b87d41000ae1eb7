-- The history by node, the host that a process ran on. What processes append says which worker wrote it; the duty that joins it also adds
-- it up here, per minute and node, and later per hour. A duty of the version before joins without this: such minutes have no nodes.
CREATE TABLE taskflow.node_stat (
  span      integer     NOT NULL,
  minute    timestamptz NOT NULL,
  tenant_id integer     NOT NULL,
  node      text        NOT NULL,
  counts    json        NOT NULL
);
CREATE INDEX node_stat_span ON taskflow.node_stat (span, minute);

UPDATE taskflow.store SET schema_version = 25;

-- functions: 9faf257506350b33
