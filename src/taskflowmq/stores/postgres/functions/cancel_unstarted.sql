-- Cancels a job that has not started (it is ready or waiting) and frees its unique key; false if it has.
CREATE OR REPLACE FUNCTION taskflow.cancel_unstarted(wanted uuid, why text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c record;
  done boolean;
BEGIN
  DELETE FROM taskflow.waiting WHERE job_id = wanted
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags INTO c;
  IF NOT FOUND THEN
    DELETE FROM taskflow.ready WHERE job_id = wanted
    RETURNING job_id, round, attempt, crashes, losses, lease_no, flags INTO c;
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
  RETURN done;
END $$;
