-- Stores one new job that is ready at once: as insert_alike, for most callers enqueue one at a time (ADR 10).
WITH stored AS (
  INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, args, args_version, max_attempts, timeout_ms, created_at,
                            run_at, expires_at, tags, meta, headers)
  SELECT $3::uuid, $5::integer, $6::integer, $7::integer,
         CASE WHEN $15::boolean THEN $4::text::json ELSE taskflow.storable($4::text::json) END, $8::smallint, $9::smallint,
         $10::bigint, n.now, n.now, n.now + $11::bigint * interval '1 millisecond', $12::text::text[], $13::text::json,
         $14::text::json
  FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
  WHERE NOT taskflow.refuse_unless(
    abs($2::bigint - extract(epoch FROM n.now) * 1000) <= 86400000, 'TF001', 'an id is more than 24 h off the store''s clock')
  RETURNING id, created_at, expires_at
)
INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses, lease_no,
                            flags)
SELECT $6::integer, nextval('taskflow.ready_seq'), id, $7::integer, created_at, expires_at, 1, 0, 0, 0, 0, 0 FROM stored
RETURNING ready_at AS stored_at
