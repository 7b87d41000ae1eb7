-- Whether a job "j" is one that a list asks for, by what its row says.
SELECT j.id FROM taskflow_job AS j
WHERE true
-- begin
AND j.deleted_at IS NULL AND j.tenant_id = (SELECT t.id FROM taskflow_tenant AS t WHERE t.name = :tenant)
AND (:queue IS NULL OR j.lane_id IN (
  SELECT l.id FROM taskflow_tenant AS t
  JOIN taskflow_queue AS q ON q.tenant_id = t.id
  JOIN taskflow_lane AS l ON l.queue_id = q.id
  WHERE t.name = :tenant AND q.name = :queue))
AND (:task IS NULL OR j.task_id = (
  SELECT k.id FROM taskflow_tenant AS t JOIN taskflow_task AS k ON k.tenant_id = t.id WHERE t.name = :tenant AND k.name = :task))
AND (:created_after IS NULL OR j.created_at >= :created_after) AND (:created_before IS NULL OR j.created_at < :created_before)
AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(j.tags) AS g WHERE g.value = :tag))
AND (:needle IS NULL OR instr(j.args, :needle) > 0 OR instr(j.args, '\') > 0)
AND (:text IS NULL
  OR instr(lower(j.args), :text) > 0 OR instr(j.args, '\') > 0
  OR instr(lower(j.meta), :text) > 0 OR instr(j.meta, '\') > 0
  OR instr(lower(j.tags), :text) > 0 OR instr(j.tags, '\') > 0
  OR j.task_id IN (SELECT k.id FROM taskflow_task AS k WHERE instr(lower(k.name), :text) > 0)
  OR EXISTS (SELECT 1 FROM taskflow_attempt AS a WHERE a.job_id = j.id)
  OR (SELECT p.state FROM taskflow_outcome AS p WHERE p.job_id = j.id) <> 'completed')
-- end
