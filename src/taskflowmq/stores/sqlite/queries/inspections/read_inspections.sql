-- Reads the requests of jobs of a tenant, with their answers if wanted, and what their states follow from.
SELECT i.id, i.job_id, i.kind, i.seconds, i.asked_at, i.asked_by, i.worker_id, i.answered_at,
       CASE WHEN :with_answer THEN i.answer END, i.until <= :now,
       EXISTS (SELECT 1 FROM taskflow_running AS r WHERE r.job_id = i.job_id AND r.lease_no = i.lease_no)
FROM json_each(:rows) AS x
CROSS JOIN taskflow_inspection AS i ON i.job_id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_job AS j ON j.id = i.job_id
WHERE j.tenant_id = (SELECT t.id FROM taskflow_tenant AS t WHERE t.name = :tenant) AND j.deleted_at IS NULL
  AND (:kind IS NULL OR i.kind = :kind)
ORDER BY i.job_id, i.kind
