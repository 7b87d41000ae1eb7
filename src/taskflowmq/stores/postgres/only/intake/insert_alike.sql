-- Stores new jobs that are ready at once and differ only in id and arguments; otherwise as enqueue_jobs, at half its
-- cost, and returns the time that it stored. An id that exists is an error here, and enqueue_jobs then decides about
-- it. Arguments come as one text, split at a character that JSON never holds; $5: nothing in them needs a check (a
-- tenth of the statement's time). Positions are drawn on rows that come out of the job insert (see cursors.py).
WITH n AS MATERIALIZED (
  SELECT c.now FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) c
  WHERE NOT taskflow.refuse_unless(
    ($2::bigint[])[1] >= extract(epoch FROM c.now) * 1000 - 86400000 AND ($2::bigint[])[2] <= extract(epoch FROM c.now) * 1000 + 86400000,
    'TF001', 'an id is more than 24 h off the store''s clock')
),
stored AS (
  INSERT INTO taskflow.job (
  -- include: job_columns
  )
  SELECT x.id, $6::integer, $7::integer, $8::integer,
         CASE WHEN $5::boolean THEN x.args::json ELSE taskflow.storable(x.args::json) END, n.now, n.now,
         n.now + $9::bigint * interval '1 millisecond', $10::text::text[]
         -- include: job_fields.given
  FROM n CROSS JOIN (SELECT unnest($3::text::uuid[]) AS id, string_to_table($4::text, chr(31)) AS args) x
  RETURNING id
),
arriving AS (
  SELECT $7::integer AS lane_id, stored.id AS job_id, $8::integer AS task_id, n.now AS ready_at,
         n.now + $9::bigint * interval '1 millisecond' AS expires_at, 1 AS round, 0 AS attempt, 0 AS crashes, 0 AS losses,
         0 AS lease_no, 0 AS flags
  FROM n CROSS JOIN stored
)
-- include: arrive
SELECT n.now AS stored_at FROM n
