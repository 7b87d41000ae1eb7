-- Reads lines of a tenant's job behind a place, in the order in which they were written.
SELECT l.lease_no, l.round, l.attempt, l.seq, l.at, l.level, l.message, convert_to(l.fields::text, 'UTF8') AS fields
FROM taskflow.job_log l
WHERE l.job_id = (
    SELECT j.id FROM taskflow.job j JOIN taskflow.tenant t ON t.id = j.tenant_id
    WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text)
  AND (l.lease_no, l.seq) > ($3::integer, $4::bigint) AND l.level >= $5::integer
  AND ($6::text IS NULL OR strpos(lower(l.message COLLATE "C"), lower($6::text COLLATE "C")) > 0
       OR strpos(lower(l.fields::text COLLATE "C"), lower($6::text COLLATE "C")) > 0)
  AND ($7::integer IS NULL OR l.attempt = $7::integer) AND ($8::integer IS NULL OR l.round = $8::integer)
ORDER BY l.lease_no, l.seq
LIMIT $9::integer
