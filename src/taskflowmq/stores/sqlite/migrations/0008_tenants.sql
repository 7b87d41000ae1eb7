-- Queues and tasks belong to a tenant. Programs of the version before may run beside this: they know no tenants of queues, and
-- what they make falls to the tenant 1 by the default. It exists in every store that has names: ids count from
-- 1, and tenants are never deleted; a store with names and without a tenant gets `default` for it here. That it is always the same
-- number is why the default can be a literal, which SQLite demands. In a new store the first tenant that is used gets it.
-- UNIQUE (name) stays, because those programs say ON CONFLICT (name); finish/0008_tenants.sql removes it.
INSERT INTO taskflow_tenant (id, name)
SELECT 1, 'default'
WHERE NOT EXISTS (SELECT 1 FROM taskflow_tenant)
  AND (EXISTS (SELECT 1 FROM taskflow_queue) OR EXISTS (SELECT 1 FROM taskflow_task));
ALTER TABLE taskflow_queue ADD COLUMN tenant_id INTEGER NOT NULL DEFAULT 1;
ALTER TABLE taskflow_task ADD COLUMN tenant_id INTEGER NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX taskflow_queue_tenant ON taskflow_queue (tenant_id, name);
CREATE UNIQUE INDEX taskflow_task_tenant ON taskflow_task (tenant_id, name);
