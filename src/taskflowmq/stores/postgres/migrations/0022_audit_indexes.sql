-- The audit is read by tenant, and by who did it or what was done: a rare actor, or a small tenant, is found without a walk through
-- the acts of others. Programs of the version before use none of these.
CREATE INDEX audit_tenant ON taskflow.audit (tenant, id);
CREATE INDEX audit_actor ON taskflow.audit (tenant, actor, id);
CREATE INDEX audit_action ON taskflow.audit (tenant, action, id);

UPDATE taskflow.store SET schema_version = 22;

-- functions: c40768cefd67b940
