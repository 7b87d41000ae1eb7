-- Whether the file has TaskFlow's tables.
SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'taskflow_store'
