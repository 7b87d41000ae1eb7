-- Reads one window of ids, newest first: at most $3 below $2 and not below $4, of jobs in the states $1 (no state: of all).
-- Returns those that fit (tenant $5, queue $6, task $7, created from $8 until $9, with the tag $11; null means any; at most $10),
-- how many were read, and the last of them. Names that do not exist end a list at once.
-- Jobs without an index of their own (completed ones, a queue's, a task's) are scanned among others, and "meant" marks them:
-- so a window costs the same however many jobs died, and only marked jobs are looked up. Bounds and order of the dead
-- and the cancelled name the state as well, so that no plan scans completed jobs for them.
WITH names AS MATERIALIZED (
  SELECT (SELECT t.id FROM taskflow.tenant t WHERE t.name = $5::text) AS tenant_id,
         (SELECT k.id FROM taskflow.task k JOIN taskflow.tenant t ON t.id = k.tenant_id WHERE t.name = $5::text AND k.name = $7::text) AS task_id,
         ARRAY(SELECT l.id FROM taskflow.tenant t JOIN taskflow.queue u ON u.tenant_id = t.id JOIN taskflow.lane l ON l.queue_id = u.id
               WHERE t.name = $5::text AND u.name = $6::text) AS lanes
),
size AS MATERIALIZED (
  SELECT CASE WHEN tenant_id IS NOT NULL AND ($6::text IS NULL OR cardinality(lanes) > 0)
                   AND ($7::text IS NULL OR task_id IS NOT NULL) THEN $3::integer ELSE 0 END AS most
  FROM names
),
looked AS MATERIALIZED (
  SELECT w.id, w.meant FROM (
    SELECT * FROM (
      SELECT j.id, ($6::text IS NULL OR j.lane_id = ANY((SELECT lanes FROM names)::integer[]))
                   AND ($7::text IS NULL OR j.task_id = (SELECT task_id FROM names)) AS meant
      FROM taskflow.job j
      WHERE cardinality($1::text[]) = 0 AND j.id < $2::uuid AND j.id >= $4::uuid
      ORDER BY j.id DESC LIMIT (SELECT most FROM size)) a
    UNION ALL SELECT * FROM (
      SELECT r.job_id, true FROM taskflow.ready r
      WHERE 'pending' = ANY($1::text[]) AND r.job_id < $2::uuid AND r.job_id >= $4::uuid
      ORDER BY r.job_id DESC LIMIT (SELECT most FROM size)) b
    UNION ALL SELECT * FROM (
      SELECT w.job_id, w.why = ANY($1::text[]) FROM taskflow.waiting w
      WHERE $1::text[] && ARRAY['scheduled', 'retrying', 'blocked', 'suspended']
        AND w.job_id < $2::uuid AND w.job_id >= $4::uuid
      ORDER BY w.job_id DESC LIMIT (SELECT most FROM size)) c
    UNION ALL SELECT * FROM (
      SELECT r.job_id, true FROM taskflow.running r
      WHERE 'running' = ANY($1::text[]) AND r.job_id < $2::uuid AND r.job_id >= $4::uuid
      ORDER BY r.job_id DESC LIMIT (SELECT most FROM size)) d
    UNION ALL SELECT * FROM (
      SELECT o.job_id, o.state = ANY($1::text[]) FROM taskflow.outcome o
      WHERE 'completed' = ANY($1::text[]) AND o.job_id < $2::uuid AND o.job_id >= $4::uuid
      ORDER BY o.job_id DESC LIMIT (SELECT most FROM size)) e
    UNION ALL SELECT * FROM (
      SELECT o.job_id, true FROM taskflow.outcome o
      WHERE 'cancelled' = ANY($1::text[]) AND NOT 'completed' = ANY($1::text[])
        AND o.state <> 'completed' AND (o.state, o.job_id) < ('cancelled', $2::uuid) AND (o.state, o.job_id) >= ('cancelled', $4::uuid)
      ORDER BY o.state DESC, o.job_id DESC LIMIT (SELECT most FROM size)) f
    UNION ALL SELECT * FROM (
      SELECT o.job_id, true FROM taskflow.outcome o
      WHERE 'dead' = ANY($1::text[]) AND NOT 'completed' = ANY($1::text[])
        AND o.state <> 'completed' AND (o.state, o.job_id) < ('dead', $2::uuid) AND (o.state, o.job_id) >= ('dead', $4::uuid)
      ORDER BY o.state DESC, o.job_id DESC LIMIT (SELECT most FROM size)) g
  ) w
  ORDER BY w.id DESC LIMIT (SELECT most FROM size)
)
SELECT ARRAY(
         SELECT w.id FROM looked w
         CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = w.id OFFSET 0) j
         WHERE w.meant AND j.deleted_at IS NULL AND j.tenant_id = (SELECT tenant_id FROM names)
           AND ($6::text IS NULL OR j.lane_id = ANY((SELECT lanes FROM names)::integer[]))
           AND ($7::text IS NULL OR j.task_id = (SELECT task_id FROM names))
           AND ($8::timestamptz IS NULL OR j.created_at >= $8) AND ($9::timestamptz IS NULL OR j.created_at < $9)
           AND ($11::text IS NULL OR $11::text = ANY(j.tags))
         ORDER BY w.id DESC LIMIT $10::integer) AS fit,
       (SELECT count(*) FROM looked) AS looked, (SELECT id FROM looked ORDER BY id LIMIT 1) AS last
