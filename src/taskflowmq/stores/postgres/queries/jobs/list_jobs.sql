-- Reads one window of ids, newest first, and returns those of jobs that fit, how many were read, and the last of them.
-- At most $3 ids below $2 and not below $4, of jobs in the states $1 (no state: of all). At most $10 fit, by tenant $5, queue $6,
-- task $7, created from $8 until $9, tag $11, worker $12, ended from $13 until $14; null means any. Names that do not exist end a
-- list at once. $15 and $16: texts by which list_wanted passes over jobs that cannot fit a filter. $17: the fingerprint of dead jobs.
-- Jobs without an index of their own (completed ones, a queue's, a task's) are scanned among others, and "meant" marks them:
-- so a window costs the same however many jobs died, and only marked jobs are looked up. Bounds and order of the dead
-- and the cancelled name the state as well, so that no plan scans completed jobs for them.
WITH
-- include: list_names
,
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
      SELECT r.job_id, $12::uuid IS NULL OR r.worker_id = $12::uuid FROM taskflow.running r
      WHERE 'running' = ANY($1::text[]) AND r.job_id < $2::uuid AND r.job_id >= $4::uuid
      ORDER BY r.job_id DESC LIMIT (SELECT most FROM size)) d
    UNION ALL SELECT * FROM (
      SELECT o.job_id, o.state = ANY($1::text[])
        -- include: list_ended
      FROM taskflow.outcome o
      WHERE 'completed' = ANY($1::text[]) AND o.job_id < $2::uuid AND o.job_id >= $4::uuid
      ORDER BY o.job_id DESC LIMIT (SELECT most FROM size)) e
    UNION ALL SELECT * FROM (
      SELECT o.job_id, true
        -- include: list_ended
      FROM taskflow.outcome o
      WHERE 'cancelled' = ANY($1::text[]) AND NOT 'completed' = ANY($1::text[])
        AND o.state <> 'completed' AND (o.state, o.job_id) < ('cancelled', $2::uuid) AND (o.state, o.job_id) >= ('cancelled', $4::uuid)
      ORDER BY o.state DESC, o.job_id DESC LIMIT (SELECT most FROM size)) f
    UNION ALL SELECT * FROM (
      SELECT o.job_id, true
        -- include: list_ended
      FROM taskflow.outcome o
      WHERE 'dead' = ANY($1::text[]) AND NOT 'completed' = ANY($1::text[])
        AND o.state <> 'completed' AND (o.state, o.job_id) < ('dead', $2::uuid) AND (o.state, o.job_id) >= ('dead', $4::uuid)
        AND $17::text IS NULL
      ORDER BY o.state DESC, o.job_id DESC LIMIT (SELECT most FROM size)) g
    UNION ALL SELECT * FROM (
      SELECT o.job_id, true
        -- include: list_ended
      FROM taskflow.outcome o
      WHERE 'dead' = ANY($1::text[]) AND NOT 'completed' = ANY($1::text[]) AND o.fingerprint IS NOT NULL
        AND (o.fingerprint, o.job_id) < ($17::text, $2::uuid) AND (o.fingerprint, o.job_id) >= ($17::text, $4::uuid)
      ORDER BY o.fingerprint DESC, o.job_id DESC LIMIT (SELECT most FROM size)) h
  ) w
  ORDER BY w.id DESC LIMIT (SELECT most FROM size)
)
SELECT ARRAY(
         SELECT w.id FROM looked w
         CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = w.id OFFSET 0) j
         WHERE w.meant
         -- include: list_wanted
         ORDER BY w.id DESC LIMIT $10::integer) AS fit,
       (SELECT count(*) FROM looked) AS looked, (SELECT id FROM looked ORDER BY id LIMIT 1) AS last
