-- Stores jobs without a unique key, each in its place, all or none, in id order.
-- An id that exists is skipped if its content is the same, and refuses the batch if it is not. Positions are
-- drawn on rows that come out of the job insert: the transaction has its xid before it draws (see cursors.py).
WITH n AS MATERIALIZED (
  SELECT c.now FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) c
  WHERE NOT taskflow.refuse_unless(
    $11::bigint >= extract(epoch FROM c.now) * 1000 - 86400000 AND $12::bigint <= extract(epoch FROM c.now) * 1000 + 86400000,
    'TF001', 'an id is more than 24 h off the store''s clock')
),
stored AS (
  INSERT INTO taskflow.job (
  -- include: job_columns
  )
  SELECT x.id, x.tenant_id, x.lane_id, x.task_id, taskflow.storable(convert_from(x.args, 'UTF8')::json), n.now,
         coalesce(x.run_at, n.now + coalesce(x.delay_ms, 0) * interval '1 millisecond'),
         n.now + x.expires_in_ms * interval '1 millisecond', x.tags::text[]
         -- include: job_fields.of_batch
  FROM n CROSS JOIN unnest($2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::bytea[], $7::bigint[],
                           $8::timestamptz[], $9::bigint[], $10::text[]
                           -- include: job_fields.arrays
                           )
    AS x (id, tenant_id, lane_id, task_id, args, delay_ms, run_at, expires_in_ms, tags
          -- include: job_fields.columns
          )
  ON CONFLICT (id) DO UPDATE SET deleted_at = job.deleted_at
  WHERE taskflow.refuse_unless(
    job.tenant_id = excluded.tenant_id AND job.task_id = excluded.task_id
      AND (job.args::text = excluded.args::text OR job.deleted_at IS NOT NULL),
    'TF001', format('job %s exists with other content', job.id))
  RETURNING id, lane_id, task_id, run_at, expires_at, created_at
),
later AS (
  INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
  SELECT id, 'scheduled', run_at, 1, 0, 0, 0, 0, 0 FROM stored WHERE run_at > created_at
),
arriving AS (
  SELECT lane_id, id AS job_id, task_id, created_at AS ready_at, expires_at, 1 AS round, 0 AS attempt, 0 AS crashes,
         0 AS losses, 0 AS lease_no, 0 AS flags
  FROM stored WHERE run_at <= created_at
)
-- include: arrive
SELECT CASE WHEN count(*) < cardinality($2::uuid[]) THEN coalesce(array_agg(id), '{}') END AS created,
       (SELECT n.now FROM n) AS stored_at
FROM stored
