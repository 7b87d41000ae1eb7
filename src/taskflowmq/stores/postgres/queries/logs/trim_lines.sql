-- Deletes stored lines in the middle of an attempt, which make room for its later ones.
DELETE FROM taskflow.job_log l
USING unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[]) AS x (job_id, lease_no, keep_to, keep_from)
WHERE l.job_id = x.job_id AND l.lease_no = x.lease_no AND l.seq > x.keep_to AND l.seq < x.keep_from
