-- Lists violations of I10 and related invariants, one sentence each, at most 100: every job is in exactly one place, every place
-- belongs to a job and is of its lane, running jobs have a worker, unique keys without a time belong to live jobs.
WITH places AS (
  SELECT job_id, 'ready' AS place FROM taskflow.ready
  UNION ALL SELECT job_id, 'waiting' FROM taskflow.waiting
  UNION ALL SELECT job_id, 'running' FROM taskflow.running
  UNION ALL SELECT job_id, 'outcome' FROM taskflow.outcome
)
SELECT sentence FROM (
  SELECT format('job %s is in %s places: %s', job_id, count(*), string_agg(place, ', ' ORDER BY place)) AS sentence
  FROM places GROUP BY job_id HAVING count(*) > 1
  UNION ALL
  SELECT format('job %s is in no place', j.id) FROM taskflow.job j
  WHERE j.deleted_at IS NULL AND NOT EXISTS (SELECT FROM places p WHERE p.job_id = j.id)
  UNION ALL
  SELECT format('job %s is %s but was deleted or never stored', p.job_id, p.place) FROM places p
  WHERE NOT EXISTS (SELECT FROM taskflow.job j WHERE j.id = p.job_id AND j.deleted_at IS NULL)
  UNION ALL
  SELECT format('job %s is running under worker %s, which does not exist', r.job_id, r.worker_id) FROM taskflow.running r
  WHERE NOT EXISTS (SELECT FROM taskflow.worker w WHERE w.id = r.worker_id)
  UNION ALL
  SELECT format('job %s is %s in lane %s, and its row says %s', p.job_id, p.place, p.lane_id, j.lane_id)
  FROM (SELECT job_id, 'ready' AS place, lane_id FROM taskflow.ready
        UNION ALL SELECT job_id, 'running', lane_id FROM taskflow.running) p
  JOIN taskflow.job j ON j.id = p.job_id AND j.lane_id <> p.lane_id
  UNION ALL
  SELECT format('job %s holds the unique key %L but is not live', u.job_id, u.key) FROM taskflow.unique_lock u
  WHERE u.free_at <> 'time' AND NOT EXISTS (
    SELECT FROM places p WHERE p.job_id = u.job_id AND p.place <> 'outcome' AND NOT (p.place = 'running' AND u.free_at = 'start'))
) v LIMIT 100
