-- Notes what a bulk operation has collected, if no other process has continued its collection and it has not ended meanwhile.
UPDATE taskflow.bulk
SET position = $3::uuid, total = total + $4::integer, chunks = chunks + $5::integer, collected = $6::boolean
WHERE id = $1::uuid AND position IS NOT DISTINCT FROM $2::uuid AND NOT collected AND state IN ('waiting', 'running')
RETURNING id
