-- The last progress of a job is kept with its outcome: a reader of an ended job sees how far it came.
-- settle_many is that of 0002, with the search_path of 0007, and takes the progress along.
ALTER TABLE taskflow.outcome ADD COLUMN progress json;

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
    SELECT x.*, r.place, r.worker_id, r.lane_id, r.started_at, r.tried, r.flags, r.progress,
           CASE WHEN c.asked AND x.goes NOT IN ('completed', 'cancelled', 'dead') THEN 'cancelled' ELSE x.goes END AS state,
           CASE WHEN c.asked AND x.goes NOT IN ('completed', 'cancelled', 'dead') THEN 'cancelled_by_user'
                ELSE x.reason END AS because
    FROM json_to_recordset(changes) AS x (
           job_id uuid, lease_no integer, goes text, reason text, delay_ms bigint, ended text, round smallint,
           attempt smallint, crashes smallint, losses smallint, result json, result_error text, error json)
    CROSS JOIN LATERAL (
      SELECT r.ctid AS place, r.worker_id, r.lane_id, r.started_at, r.attempt AS tried, r.flags, r.progress
      FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE) r
    LEFT JOIN LATERAL (
      SELECT true AS asked FROM taskflow.cancel_request c WHERE c.job_id = x.job_id OFFSET 0) c ON true
  ),
  gone AS (
    DELETE FROM taskflow.running WHERE ctid = ANY(ARRAY(SELECT place FROM held)) RETURNING job_id
  ),
  tried AS (
    INSERT INTO taskflow.attempt (job_id, lease_no, round, attempt, ended, worker_id, started_at, finished_at, error)
    SELECT job_id, lease_no, round, tried, ended, worker_id, started_at, settled, taskflow.storable(error) FROM held WHERE held.ended IS NOT NULL
    ON CONFLICT (job_id, lease_no) DO NOTHING
  ),
  finished AS (
    INSERT INTO taskflow.outcome (job_id, state, reason, worker_id, started_at, finished_at, round, attempt, crashes,
                                  losses, lease_no, result, result_error, error, progress)
    SELECT job_id, state, because, worker_id, started_at, settled, round, attempt, crashes, losses, lease_no,
           taskflow.storable(result), result_error, taskflow.storable(error), progress
    FROM held WHERE state IN ('completed', 'cancelled', 'dead')
  ),
  parked AS (
    INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
    SELECT job_id, state, settled + delay_ms * interval '1 millisecond', round, attempt, crashes, losses, lease_no, flags
    FROM held WHERE state IN ('retrying', 'scheduled')
  ),
  back AS (
    INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses,
                                lease_no, flags)
    SELECT h.lane_id, nextval('taskflow.ready_seq'), h.job_id, j.task_id, settled, j.expires_at, h.round, h.attempt,
           h.crashes, h.losses, h.lease_no, h.flags
    FROM held h
    CROSS JOIN LATERAL (SELECT j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = h.job_id OFFSET 0) j
    WHERE h.state = 'pending'
  ),
  freed AS (
    DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
      SELECT u.place FROM held h
      CROSS JOIN LATERAL (SELECT u.ctid AS place FROM taskflow.unique_lock u
                          WHERE u.job_id = h.job_id AND u.free_at IN ('start', 'finish') FOR UPDATE) u
      WHERE h.flags & 3 <> 0 AND h.state IN ('completed', 'cancelled', 'dead')))
  )
  SELECT job_id FROM gone;
END $$;

UPDATE taskflow.store SET schema_version = 8;
