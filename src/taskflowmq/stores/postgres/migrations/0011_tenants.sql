-- Queues and tasks belong to a tenant. What is there, and what programs of schema version 10 and older make beside this, belongs
-- to the tenant "default", or to the first one where nobody used that. Their statements say ON CONFLICT (name), so that names
-- stay unique in the whole store until finish/0011_tenants.sql.
-- In a new store the first tenant that is used, whatever its name, gets the number 1.
INSERT INTO taskflow.tenant (name)
SELECT 'default'
WHERE NOT EXISTS (SELECT FROM taskflow.tenant)
  AND (EXISTS (SELECT FROM taskflow.queue) OR EXISTS (SELECT FROM taskflow.task));

DO $$
DECLARE
  owner integer := coalesce((SELECT id FROM taskflow.tenant ORDER BY name <> 'default', id LIMIT 1), 1);
BEGIN
  EXECUTE format('ALTER TABLE taskflow.queue ADD COLUMN tenant_id integer NOT NULL DEFAULT %s', owner);
  EXECUTE format('ALTER TABLE taskflow.task ADD COLUMN tenant_id integer NOT NULL DEFAULT %s', owner);
END $$;

ALTER TABLE taskflow.queue ADD CONSTRAINT queue_name UNIQUE (tenant_id, name);
ALTER TABLE taskflow.task ADD CONSTRAINT task_name UNIQUE (tenant_id, name);

UPDATE taskflow.store SET schema_version = 11;

-- functions: 227b3eff8100ab2e
