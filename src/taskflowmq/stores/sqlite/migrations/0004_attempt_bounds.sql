-- The history of a job has a bound: the first 10 attempts and those of the last 90 claims stay, of the others a count per
-- way of ending. Without it a job that snoozes every second kept 20 MB a day, for as long as it lived.
-- The counts are a row of their own, at the claim 0 that no job has, so that they go wherever attempts go (retention,
-- deletion). Attempts of a job's first 100 claims cost nothing more than before.
CREATE TRIGGER taskflow_bound_attempts AFTER INSERT ON taskflow_attempt WHEN NEW.lease_no > 100
BEGIN
  INSERT INTO taskflow_attempt (job_id, lease_no, round, attempt, ended, finished_at, error)
  SELECT NEW.job_id, 0, 0, 0, 'snoozed', NEW.finished_at, json_group_object(g.ended, g.n)
  FROM (SELECT ended, count(*) AS n FROM taskflow_attempt
        WHERE job_id = NEW.job_id AND lease_no > max(10, NEW.lease_no - 1090) AND lease_no <= NEW.lease_no - 90
        GROUP BY ended) AS g
  GROUP BY NULL
  ON CONFLICT (job_id, lease_no) DO UPDATE SET finished_at = excluded.finished_at, error = (
    SELECT json_group_object(s.key, s.n)
    FROM (SELECT b.key AS key, sum(b.value) AS n
          FROM (SELECT key, value FROM json_each(taskflow_attempt.error)
                UNION ALL SELECT key, value FROM json_each(excluded.error)) AS b
          GROUP BY b.key) AS s);
  DELETE FROM taskflow_attempt
  WHERE job_id = NEW.job_id AND lease_no > max(10, NEW.lease_no - 1090) AND lease_no <= NEW.lease_no - 90;
END;
