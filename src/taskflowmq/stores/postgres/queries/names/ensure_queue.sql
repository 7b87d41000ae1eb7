-- Makes queues that do not exist yet, unless more than a limit would be in use then.
-- All are of one tenant ($5). Returns whether the limit ($2) is why they were not made. A queue that was not used for $4
-- (now: $3) does not count, unless it is paused or has a retention of its own.
WITH n AS MATERIALIZED (
  SELECT coalesce($3::timestamptz, clock_timestamp()) AS at
),
fresh AS (
  SELECT x.name FROM unnest($1::text[]) AS x (name)
  WHERE NOT EXISTS (SELECT FROM taskflow.queue q WHERE q.tenant_id = $5::integer AND q.name = x.name)
),
room AS (
  SELECT (SELECT count(*) FROM taskflow.queue q
          WHERE q.tenant_id = $5::integer
            AND (q.used_at >= (SELECT at FROM n) - $4::interval OR q.paused_at IS NOT NULL
                 OR coalesce((q.settings -> 'retention')::text, '{}') <> '{}'))
         + (SELECT count(*) FROM fresh) <= $2::bigint OR NOT EXISTS (SELECT FROM fresh) AS enough
),
made AS (
  INSERT INTO taskflow.queue (tenant_id, name, used_at)
  SELECT $5::integer, f.name, n.at FROM fresh f CROSS JOIN n WHERE (SELECT r.enough FROM room r)
  ON CONFLICT (tenant_id, name) DO NOTHING
)
SELECT NOT r.enough AS refused FROM room r
