-- Makes lanes that do not exist yet, unless there would be more than a limit then.
-- The queues are of one tenant ($7) and exist. Returns whether the limit ($4) is why lanes were not made. Lanes of queues that
-- do not count (ensure_queue: $5 now, $6 for how long they were not used) do not count either.
WITH fresh AS (
  SELECT q.id, x.priority, x.share
  FROM unnest($1::text[], $2::smallint[], $3::text[]) AS x (queue, priority, share)
  JOIN taskflow.queue q ON q.tenant_id = $7::integer AND q.name = x.queue
  WHERE NOT EXISTS (
    SELECT FROM taskflow.lane l WHERE l.queue_id = q.id AND l.priority = x.priority AND l.share = x.share)
),
room AS (
  SELECT (SELECT count(*) FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id
          WHERE q.tenant_id = $7::integer
            AND (q.used_at >= (SELECT coalesce($5::timestamptz, clock_timestamp())) - $6::interval OR q.paused_at IS NOT NULL
                 OR coalesce((q.settings -> 'retention')::text, '{}') <> '{}'))
         + (SELECT count(*) FROM fresh) <= $4::bigint OR NOT EXISTS (SELECT FROM fresh) AS enough
),
made AS (
  INSERT INTO taskflow.lane (queue_id, priority, share)
  SELECT f.id, f.priority, f.share FROM fresh f WHERE (SELECT r.enough FROM room r)
  ON CONFLICT (queue_id, priority, share) DO NOTHING
)
SELECT NOT r.enough AS refused FROM room r
