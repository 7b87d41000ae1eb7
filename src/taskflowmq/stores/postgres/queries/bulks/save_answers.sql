-- Stores what became of the jobs of a chunk.
UPDATE taskflow.bulk_chunk SET answers = $3::bytea WHERE bulk_id = $1::uuid AND no = $2::integer
