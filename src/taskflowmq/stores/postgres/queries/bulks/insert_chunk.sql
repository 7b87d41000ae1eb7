-- Stores a chunk of the ids that a bulk operation acts on.
INSERT INTO taskflow.bulk_chunk (bulk_id, no, ids) VALUES ($1::uuid, $2::integer, $3::uuid[])
