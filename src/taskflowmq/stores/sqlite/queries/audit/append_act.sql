-- Adds an act to the audit.
INSERT INTO taskflow_audit (at, tenant, actor, action, object, details)
VALUES (:now, :tenant, :actor, :action, :object, :details)
