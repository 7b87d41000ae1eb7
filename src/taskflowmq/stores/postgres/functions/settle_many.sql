-- Writes decided transitions under their fences; returns the ids that matched. The first statement locks in id
-- order, so that the second sees what those who held the rows before have committed (a cancel request, progress).
CREATE OR REPLACE FUNCTION taskflow.settle_many(changes json, at timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql SET enable_seqscan = off SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE settled timestamptz := coalesce(at, clock_timestamp());
BEGIN
  PERFORM 1
  FROM (SELECT x.job_id, x.lease_no FROM json_to_recordset(changes) AS x (job_id uuid, lease_no integer)
        ORDER BY x.job_id OFFSET 0) x
  CROSS JOIN LATERAL (
    SELECT 1 FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE) r;
  RETURN QUERY
  WITH held AS MATERIALIZED (
    SELECT x.*, r.ctid, r.worker_id, r.lane_id, r.started_at, r.tried, r.flags, r.progress,
           CASE WHEN c.asked AND x.goes NOT IN ('completed', 'cancelled', 'dead') THEN 'cancelled' ELSE x.goes END AS state,
           CASE WHEN c.asked AND x.goes NOT IN ('completed', 'cancelled', 'dead') THEN 'cancelled_by_user'
                ELSE x.reason END AS because
    FROM json_to_recordset(changes) AS x (
           job_id uuid, lease_no integer, goes text, reason text, delay_ms bigint, ended text, round smallint,
           attempt smallint, crashes smallint, losses smallint, result json, result_error text, error json,
           fingerprint text)
    CROSS JOIN LATERAL (
      SELECT r.ctid, r.worker_id, r.lane_id, r.started_at, r.attempt AS tried, r.flags, r.progress
      FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE) r
    LEFT JOIN LATERAL (
      SELECT true AS asked FROM taskflow.cancel_request c WHERE c.job_id = x.job_id OFFSET 0) c ON true
  ),
  gone AS (
    DELETE FROM taskflow.running WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held)) RETURNING job_id
  ),
  tried AS (
    INSERT INTO taskflow.attempt (job_id, lease_no, round, attempt, ended, worker_id, started_at, finished_at, error)
    SELECT job_id, lease_no, round, tried, ended, worker_id, started_at, settled, taskflow.storable(error) FROM held WHERE held.ended IS NOT NULL
    ON CONFLICT (job_id, lease_no) DO NOTHING
  ),
  parked AS (
    INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
    SELECT job_id, state, settled + delay_ms * interval '1 millisecond', round, attempt, crashes, losses, lease_no, flags
    FROM held WHERE state IN ('retrying', 'scheduled')
  ),
  ending AS NOT MATERIALIZED (
    SELECT job_id, state, because AS reason, worker_id, started_at, settled AS finished_at, round, attempt, crashes, losses,
           lease_no, flags, taskflow.storable(result) AS result, result_error, taskflow.storable(error) AS error, progress,
           CASE WHEN state = 'dead' THEN fingerprint END AS fingerprint
    FROM held WHERE state IN ('completed', 'cancelled', 'dead')
  ),
  arriving AS NOT MATERIALIZED (
    SELECT h.lane_id, h.job_id, j.task_id, settled AS ready_at, j.expires_at, h.round, h.attempt, h.crashes, h.losses,
           h.lease_no, h.flags
    FROM held h
    CROSS JOIN LATERAL (SELECT j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = h.job_id OFFSET 0) j
    WHERE h.state = 'pending'
  )
  -- include: end_job
  -- include: arrive
  -- Whoever settles such a job counts that it runs again, and does not learn that it was cancelled instead.
  , counted AS (
    INSERT INTO taskflow.stat (minute, writer, queue_id, task_id, counts)
    SELECT date_trunc('minute', settled, 'UTC'), h.worker_id, l.queue_id, j.task_id,
           json_build_object('cancelled', count(*), 'retried', -count(*) FILTER (WHERE h.goes = 'retrying'),
                             'returned', -count(*) FILTER (WHERE h.goes = 'pending'))
    FROM held h
    CROSS JOIN LATERAL (SELECT j.task_id FROM taskflow.job j WHERE j.id = h.job_id OFFSET 0) j
    CROSS JOIN LATERAL (SELECT l.queue_id FROM taskflow.lane l WHERE l.id = h.lane_id OFFSET 0) l
    WHERE h.state <> h.goes
    GROUP BY h.worker_id, l.queue_id, j.task_id
  )
  SELECT job_id FROM gone;
END $$;
