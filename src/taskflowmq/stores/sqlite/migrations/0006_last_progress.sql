-- The last progress of a job is kept with its outcome: a reader of an ended job sees how far it came.
ALTER TABLE taskflow_outcome ADD COLUMN progress TEXT;
