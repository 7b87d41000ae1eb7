-- Cancels a job that has not started (it is ready or waiting) and frees its unique key; false if it has.
CREATE OR REPLACE FUNCTION taskflow.cancel_unstarted(wanted uuid, why text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c record;
  was_ready boolean := false;
  done boolean;
BEGIN
  DELETE FROM taskflow.waiting WHERE job_id = wanted
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags INTO c;
  IF NOT FOUND THEN
    DELETE FROM taskflow.ready WHERE job_id = wanted
    RETURNING job_id, round, attempt, crashes, losses, lease_no, flags INTO c;
    was_ready := true;
  END IF;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  WITH ending AS (
    SELECT job_id, 'cancelled' AS state, why AS reason, at AS finished_at
           -- include: not_run
    FROM (SELECT c.job_id, c.round, c.attempt, c.crashes, c.losses, c.lease_no, c.flags) gone
  )
  -- include: end_job
  SELECT true INTO done;
  -- Producers that replace jobs were not granted this before there was a history: they are not counted then.
  IF has_table_privilege('taskflow.stat', 'INSERT') THEN
    INSERT INTO taskflow.stat (minute, writer, queue_id, task_id, counts)
    SELECT date_trunc('minute', at, 'UTC'), '00000000-0000-0000-0000-000000000000', l.queue_id, j.task_id,
           json_build_object('cancelled', 1, 'cancelled_ready', was_ready::integer)
    FROM taskflow.job j JOIN taskflow.lane l ON l.id = j.lane_id WHERE j.id = wanted;
  END IF;
  RETURN done;
END $$;
