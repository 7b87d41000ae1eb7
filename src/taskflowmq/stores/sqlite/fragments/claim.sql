-- The first of the ready jobs of "wanted" that this worker may run, as one JSON array: one step of the statement
-- instead of one per row, because every step of the sqlite3 module releases the GIL (see steps.py). The arguments
-- follow in one piece, with their lengths in the array: quoting JSON within JSON costs more than everything else here.
WITH wanted AS (SELECT * FROM taskflow_ready WHERE lane_id = :lane_id)
-- begin
SELECT json_group_array(json_array(seq, hex(job_id), task_id, round, attempt, crashes, losses, lease_no, flags,
                                   ready_at, tenant_id, created_at, run_at, expires_at, length(CAST(args AS BLOB)), tags
                                   -- include: job_fields.columns
       )),
       CAST(group_concat(args, '') AS BLOB)
FROM (
  SELECT r.seq, r.job_id, r.task_id, r.round, r.attempt, r.crashes, r.losses, r.lease_no, r.flags, r.ready_at,
         j.tenant_id, j.created_at, j.run_at, j.expires_at, j.args, j.tags
         -- include: job_fields.columns
  FROM wanted AS r
  JOIN taskflow_job AS j ON j.id = r.job_id
  WHERE (r.expires_at IS NULL OR r.expires_at > :now)
    AND instr(:tasks, ',' || r.task_id || ',') > 0
  ORDER BY r.seq
  LIMIT :limit
)
-- end
