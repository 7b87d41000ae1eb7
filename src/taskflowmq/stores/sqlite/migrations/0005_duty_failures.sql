-- Why the last turn of a duty failed, for whoever asks why something is not done.
ALTER TABLE taskflow_duty ADD COLUMN failed_at INTEGER;
ALTER TABLE taskflow_duty ADD COLUMN problem TEXT;
