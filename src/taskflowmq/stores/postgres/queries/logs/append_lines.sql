-- Stores lines of jobs that exist; one that is stored already stays as it is.
INSERT INTO taskflow.job_log (job_id, lease_no, seq, round, attempt, at, level, message, fields)
SELECT x.job_id, x.lease_no, x.seq, x.round, x.attempt, n.now - x.age_us * interval '1 microsecond', x.level, x.message, x.fields::json
FROM (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now) n
CROSS JOIN unnest($2::uuid[], $3::integer[], $4::bigint[], $5::integer[], $6::integer[], $7::bigint[], $8::smallint[], $9::text[], $10::text[])
  AS x (job_id, lease_no, seq, round, attempt, age_us, level, message, fields)
CROSS JOIN LATERAL (SELECT j.id FROM taskflow.job j WHERE j.id = x.job_id AND j.deleted_at IS NULL OFFSET 0) j
ON CONFLICT DO NOTHING
