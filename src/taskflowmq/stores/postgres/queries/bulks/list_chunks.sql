-- Lists chunks of a bulk operation, from one on.
SELECT no, ids, answers FROM taskflow.bulk_chunk
WHERE bulk_id = $1::uuid AND no >= $2::integer ORDER BY no LIMIT $3::integer
