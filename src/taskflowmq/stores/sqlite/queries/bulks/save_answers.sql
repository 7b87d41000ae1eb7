-- Stores what became of the jobs of a chunk.
UPDATE taskflow_bulk_chunk SET answers = :answers WHERE bulk_id = :id AND no = :no
