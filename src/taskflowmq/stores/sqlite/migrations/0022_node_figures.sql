-- The history by node, the host that a process ran on. What processes append says which worker wrote it; the duty that joins it also adds
-- it up here, per minute and node, and later per hour. A duty of the version before joins without this: such minutes have no nodes.
CREATE TABLE taskflow_node_stat (
  span      INTEGER NOT NULL,
  minute    INTEGER NOT NULL,
  tenant_id INTEGER NOT NULL,
  node      TEXT    NOT NULL,
  counts    TEXT    NOT NULL
) STRICT;
CREATE INDEX taskflow_node_stat_span ON taskflow_node_stat (span, minute);
