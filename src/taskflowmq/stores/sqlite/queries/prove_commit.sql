-- Prove that the database can commit, by drawing a position that is not used: writing what is there already would
-- not reach the disk.
UPDATE taskflow_store SET next_seq = next_seq + 1 WHERE id = 1
