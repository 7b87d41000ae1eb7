-- Names and ids of the tasks that are known.
SELECT json_group_object(name, id) FROM taskflow_task
