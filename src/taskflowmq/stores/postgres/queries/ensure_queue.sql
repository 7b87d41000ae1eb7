-- Makes queues that do not exist yet, unless there would be more than $2 then; tells whether that is why they were not made.
WITH fresh AS (
  SELECT x.name FROM unnest($1::text[]) AS x (name)
  WHERE NOT EXISTS (SELECT FROM taskflow.queue q WHERE q.name = x.name)
),
room AS (
  SELECT (SELECT count(*) FROM taskflow.queue) + (SELECT count(*) FROM fresh) <= $2::bigint OR NOT EXISTS (SELECT FROM fresh) AS enough
),
made AS (
  INSERT INTO taskflow.queue (name) SELECT f.name FROM fresh f WHERE (SELECT r.enough FROM room r) ON CONFLICT (name) DO NOTHING
)
SELECT NOT r.enough AS refused FROM room r
