-- Whether any unique key or cancel request exists: usually none does, and then a flush needs no query per job.
SELECT EXISTS (SELECT 1 FROM taskflow_unique_lock), EXISTS (SELECT 1 FROM taskflow_cancel_request)
