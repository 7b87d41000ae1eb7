-- Deletes figures that are older than the history is kept.
DELETE FROM taskflow_stat WHERE rowid IN (
  SELECT s.rowid FROM taskflow_stat AS s WHERE s.span IN (0, 60, 3600) AND s.minute < :until LIMIT :limit)
