-- Deletes figures by node that are older than the history is kept.
DELETE FROM taskflow.node_stat WHERE ctid = ANY(ARRAY(
  SELECT s.ctid FROM unnest('{60,3600}'::integer[]) AS x (span)
  CROSS JOIN LATERAL (
    SELECT s.ctid FROM taskflow.node_stat s WHERE s.span = x.span AND s.minute < $1::timestamptz ORDER BY s.minute LIMIT $2::integer) s))
