-- Whether any unique key or cancel request exists at all: mostly not, and then a flush need not look per job.
SELECT EXISTS (SELECT 1 FROM taskflow_unique_lock), EXISTS (SELECT 1 FROM taskflow_cancel_request)
