-- Counts the jobs of the CTE "ending", which end without a worker, in the history; "from_ready" says whether they were ready.
WITH ending AS (
  SELECT job_id, started_at AS finished_at, true AS from_ready FROM taskflow.running
)
-- begin
, counted AS (
  INSERT INTO taskflow.stat (minute, writer, queue_id, task_id, counts)
  SELECT date_trunc('minute', e.finished_at, 'UTC'), '00000000-0000-0000-0000-000000000000', l.queue_id, j.task_id,
         json_build_object('cancelled', count(*), 'cancelled_ready', count(*) FILTER (WHERE e.from_ready))
  FROM ending e
  CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id FROM taskflow.job j WHERE j.id = e.job_id OFFSET 0) j
  CROSS JOIN LATERAL (SELECT l.queue_id FROM taskflow.lane l WHERE l.id = j.lane_id OFFSET 0) l
  GROUP BY 1, l.queue_id, j.task_id
)
-- end
SELECT job_id FROM ending
