-- Deletes figures by node that are older than the history is kept.
DELETE FROM taskflow_node_stat WHERE rowid IN (
  SELECT s.rowid FROM taskflow_node_stat AS s WHERE s.span IN (60, 3600) AND s.minute < :until LIMIT :limit)
