-- Counts the jobs of one of several tenants per state and queue; otherwise as count_states. Ended jobs are found by the
-- index of jobs of tenants, which has those of all but the first tenant; for the first tenant, the tenant of each ended
-- job is looked up. The condition on :tenant_id alone skips the other half. Without unlikely(), SQLite would read the
-- whole index if few tenants share it.
WITH ended (jobs, cancelled, dead) AS MATERIALIZED (
  SELECT count(*), count(*) FILTER (WHERE state = 'cancelled'), count(*) FILTER (WHERE state = 'dead')
  FROM (
    SELECT o.state
    FROM taskflow_outcome AS o CROSS JOIN taskflow_job AS j ON j.id = o.job_id
    WHERE :tenant_id = 1 AND j.tenant_id = :tenant_id
    UNION ALL
    SELECT o.state
    FROM taskflow_job AS j CROSS JOIN taskflow_outcome AS o ON o.job_id = j.id
    WHERE :tenant_id > 1 AND j.tenant_id > 1 AND unlikely(j.tenant_id = :tenant_id)
    LIMIT 3 * :most)
),
-- If more jobs ended than were read, all that are not completed are counted.
rest (cancelled, dead) AS MATERIALIZED (
  SELECT CASE WHEN :most < 0 OR jobs < 3 * :most THEN cancelled
              ELSE (SELECT count(*) FROM (
                SELECT 1 FROM taskflow_outcome AS o CROSS JOIN taskflow_job AS j ON j.id = o.job_id
                WHERE o.state <> 'completed' AND o.state = 'cancelled' AND j.tenant_id = :tenant_id LIMIT :most)) END,
         CASE WHEN :most < 0 OR jobs < 3 * :most THEN dead
              ELSE (SELECT count(*) FROM (
                SELECT 1 FROM taskflow_outcome AS o CROSS JOIN taskflow_job AS j ON j.id = o.job_id
                WHERE o.state <> 'completed' AND o.state = 'dead' AND j.tenant_id = :tenant_id LIMIT :most)) END
  FROM ended
),
lane (id, queue) AS MATERIALIZED (
  SELECT l.id, q.name FROM taskflow_queue AS q CROSS JOIN taskflow_lane AS l ON l.queue_id = q.id WHERE q.tenant_id = :tenant_id
),
live (state, queue, jobs) AS MATERIALIZED (
  SELECT 'pending', queue, count(*)
  FROM (SELECT l.queue FROM lane AS l CROSS JOIN taskflow_ready AS r ON r.lane_id = l.id LIMIT :most) GROUP BY queue
  UNION ALL
  SELECT 'running', queue, count(*)
  FROM (SELECT l.queue FROM taskflow_running AS r CROSS JOIN lane AS l ON l.id = r.lane_id LIMIT :most) GROUP BY queue
  UNION ALL
  SELECT why, queue, count(*)
  FROM (SELECT w.why, l.queue
        FROM taskflow_waiting AS w
        CROSS JOIN taskflow_job AS j ON j.id = w.job_id
        CROSS JOIN lane AS l ON l.id = j.lane_id
        LIMIT :most)
  GROUP BY why, queue
),
counted (state, queue, jobs) AS (
  SELECT state, queue, jobs FROM live
  UNION ALL SELECT 'completed', NULL, jobs - rest.cancelled - rest.dead FROM ended CROSS JOIN rest
  UNION ALL SELECT 'cancelled', NULL, cancelled FROM rest
  UNION ALL SELECT 'dead', NULL, dead FROM rest
)
SELECT state, (SELECT name FROM taskflow_tenant WHERE id = :tenant_id), queue, iif(:most < 0, jobs, min(jobs, :most)) FROM counted
