-- Stores what programs announce of their tasks, and that they were seen now.
-- Nothing is written if nothing is new: every process announces the same task. For an hour after the last announcement,
-- those of programs that only enqueue (:keep) are ignored.
INSERT INTO taskflow_task AS t (tenant_id, name, args_schema, options, seen_at)
SELECT :tenant_id, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), :now FROM json_each(:rows)
WHERE true
ON CONFLICT (tenant_id, name) DO UPDATE
SET args_schema = excluded.args_schema, options = coalesce(excluded.options, t.options), seen_at = max(t.seen_at, excluded.seen_at)
WHERE (NOT :keep OR t.args_schema IS NULL OR t.seen_at <= excluded.seen_at - 3600000000)
  AND (t.args_schema IS NOT excluded.args_schema
       OR t.options IS NOT coalesce(excluded.options, t.options)
       OR t.seen_at <= excluded.seen_at - 60000000)
