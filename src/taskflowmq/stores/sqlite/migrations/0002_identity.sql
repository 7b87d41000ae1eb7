-- Which store this is. A process that has it open compares the id when it opens the file again: the file may have been
-- replaced meanwhile.
ALTER TABLE taskflow_store ADD COLUMN identity BLOB;
UPDATE taskflow_store SET identity = randomblob(16) WHERE id = 1;
