-- Stores one new job that is ready at once, as insert_alike does: most callers enqueue one at a time (ADR 10).
WITH stored AS (
  INSERT INTO taskflow.job (
  -- include: job_columns
  )
  SELECT $3::uuid, $6::integer, $7::integer, $8::integer,
         CASE WHEN $5::boolean THEN $4::text::json ELSE taskflow.storable($4::text::json) END, n.now, n.now,
         n.now + $9::bigint * interval '1 millisecond', $10::text::text[]
         -- include: job_fields.given
  FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
  WHERE NOT taskflow.refuse_unless(
    abs($2::bigint - extract(epoch FROM n.now) * 1000) <= 86400000, 'TF001', 'an id is more than 24 h off the store''s clock')
  RETURNING id, created_at, expires_at
),
arriving AS (
  SELECT $7::integer AS lane_id, id AS job_id, $8::integer AS task_id, created_at AS ready_at, expires_at, 1 AS round,
         0 AS attempt, 0 AS crashes, 0 AS losses, 0 AS lease_no, 0 AS flags
  FROM stored
)
-- include: arrive
SELECT created_at AS stored_at FROM stored
