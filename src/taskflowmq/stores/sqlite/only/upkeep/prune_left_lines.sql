-- Deletes log lines of jobs made before :before that are gone: programs of an older version leave them.
DELETE FROM taskflow_job_log WHERE (job_id, lease_no, seq) IN (
  SELECT l.job_id, l.lease_no, l.seq FROM taskflow_job_log AS l
  WHERE l.job_id < :before AND NOT EXISTS (SELECT 1 FROM taskflow_job AS j WHERE j.id = l.job_id)
  LIMIT :limit)
