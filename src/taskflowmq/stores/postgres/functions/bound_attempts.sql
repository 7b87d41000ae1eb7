-- The history of a job has a bound: the first 10 attempts and those of the last 90 claims stay, of the others a count per
-- way of ending. Without it a job that snoozes every second kept 20 MB a day, for as long as it lived.
-- The counts are a row of their own, at the claim 0 that no job has, so that they go wherever attempts go (retention,
-- deletion). Attempts of a job's first 100 claims cost nothing more than before.
CREATE OR REPLACE FUNCTION taskflow.bound_attempts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  counted json;
BEGIN
  -- From below the last ones only: further down everything went at an earlier claim, and under a long transaction
  -- elsewhere its dead entries are still there to walk over.
  WITH gone AS (
    DELETE FROM taskflow.attempt a
    WHERE a.job_id = NEW.job_id AND a.lease_no > greatest(10, NEW.lease_no - 1090) AND a.lease_no <= NEW.lease_no - 90
    RETURNING a.ended
  )
  SELECT json_object_agg(g.ended, g.n) INTO counted FROM (SELECT ended, count(*) AS n FROM gone GROUP BY ended) g;
  IF counted IS NOT NULL THEN
    INSERT INTO taskflow.attempt AS a (job_id, lease_no, round, attempt, ended, finished_at, error)
    VALUES (NEW.job_id, 0, 0, 0, 'snoozed', NEW.finished_at, counted)
    ON CONFLICT (job_id, lease_no) DO UPDATE SET finished_at = excluded.finished_at, error = (
      SELECT json_object_agg(s.key, s.n)
      FROM (SELECT b.key, sum(b.value::bigint) AS n
            FROM (SELECT * FROM json_each_text(a.error) UNION ALL SELECT * FROM json_each_text(excluded.error)) b
            GROUP BY b.key) s);
  END IF;
  RETURN NULL;
END $$;
