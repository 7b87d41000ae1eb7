-- Deletes counts of failures that are older than they are kept.
DELETE FROM taskflow.error_stat WHERE ctid = ANY(ARRAY(
  SELECT s.ctid FROM unnest('{0,60,3600}'::integer[]) AS x (span)
  CROSS JOIN LATERAL (
    SELECT s.ctid FROM taskflow.error_stat s WHERE s.span = x.span AND s.minute < $1::timestamptz ORDER BY s.minute LIMIT $2::integer) s))
