-- What is announced with a task beside its schema: queue, priority, attempts, timeout, unique. NULL: by an older program.
ALTER TABLE taskflow_task ADD COLUMN options TEXT;
