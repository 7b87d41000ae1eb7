-- Deletes counts of failures that are older than they are kept.
DELETE FROM taskflow_error_stat WHERE rowid IN (
  SELECT s.rowid FROM taskflow_error_stat AS s WHERE s.span IN (0, 60, 3600) AND s.minute < :until LIMIT :limit)
