-- Names and ids of the tasks that a tenant has.
SELECT json_group_object(name, id) FROM taskflow_task WHERE tenant_id = :tenant_id
