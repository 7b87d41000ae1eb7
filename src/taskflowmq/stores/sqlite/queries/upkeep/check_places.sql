-- Violations of I10 (each job is in exactly one place) and of what places must agree on.
WITH place (job_id, name) AS (
  SELECT job_id, 'ready' FROM taskflow_ready
  UNION ALL SELECT job_id, 'waiting' FROM taskflow_waiting
  UNION ALL SELECT job_id, 'running' FROM taskflow_running
  UNION ALL SELECT job_id, 'outcome' FROM taskflow_outcome
)
SELECT hex(job_id), 'is in ' || count(*) || ' places: ' || group_concat(name, ', ')
FROM place GROUP BY job_id HAVING count(*) > 1
UNION ALL
SELECT hex(p.job_id), 'is in ' || p.name || ' without a job row'
FROM place AS p LEFT JOIN taskflow_job AS j ON j.id = p.job_id WHERE j.id IS NULL
UNION ALL
SELECT hex(p.job_id), 'is deleted, but still in ' || p.name
FROM place AS p JOIN taskflow_job AS j ON j.id = p.job_id WHERE j.deleted_at IS NOT NULL
UNION ALL
SELECT hex(j.id), 'is in no place'
FROM taskflow_job AS j
WHERE j.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.job_id = j.id)
  AND NOT EXISTS (SELECT 1 FROM taskflow_waiting AS r WHERE r.job_id = j.id)
  AND NOT EXISTS (SELECT 1 FROM taskflow_running AS r WHERE r.job_id = j.id)
  AND NOT EXISTS (SELECT 1 FROM taskflow_outcome AS r WHERE r.job_id = j.id)
UNION ALL
SELECT hex(u.job_id), 'holds the unique key ' || u.key || ' but has ended'
FROM taskflow_unique_lock AS u
WHERE u.free_at <> 'time' AND EXISTS (SELECT 1 FROM taskflow_outcome AS o WHERE o.job_id = u.job_id)
UNION ALL
SELECT hex(u.job_id), 'is gone, but holds the unique key ' || u.key
FROM taskflow_unique_lock AS u
WHERE u.free_at <> 'time' AND NOT EXISTS (SELECT 1 FROM taskflow_job AS j WHERE j.id = u.job_id AND j.deleted_at IS NULL)
UNION ALL
SELECT hex(y.job_id), 'is ready at position ' || y.seq || ', which has not been drawn yet'
FROM taskflow_ready AS y WHERE y.seq >= (SELECT next_seq FROM taskflow_store)
UNION ALL
SELECT hex(r.job_id), 'runs on worker ' || hex(r.worker_id) || ', which does not exist'
FROM taskflow_running AS r WHERE NOT EXISTS (SELECT 1 FROM taskflow_worker AS w WHERE w.id = r.worker_id)
UNION ALL
SELECT hex(p.job_id), 'is ' || p.name || ' in lane ' || p.lane_id || ', and its row says ' || j.lane_id
FROM (SELECT job_id, 'ready' AS name, lane_id FROM taskflow_ready
      UNION ALL SELECT job_id, 'running', lane_id FROM taskflow_running) AS p
JOIN taskflow_job AS j ON j.id = p.job_id AND j.lane_id <> p.lane_id
LIMIT 100
