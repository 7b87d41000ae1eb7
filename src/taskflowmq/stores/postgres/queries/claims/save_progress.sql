-- Stores progress of running jobs whose fence still fits.
UPDATE taskflow.running SET progress = taskflow.storable(convert_from(x.progress, 'UTF8')::json)
FROM (
  SELECT x.progress, r.job_id
  FROM unnest($1::uuid[], $2::integer[], $3::bytea[]) AS x (job_id, lease_no, progress)
  CROSS JOIN LATERAL (
    SELECT r.job_id FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR NO KEY UPDATE) r
) x
WHERE running.job_id = x.job_id
