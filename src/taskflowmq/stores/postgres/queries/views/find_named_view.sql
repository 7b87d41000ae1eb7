-- Finds the view that has a name in a scope.
SELECT v.id FROM taskflow.saved_view v WHERE v.tenant = $1::text AND v.scope = $2::text AND v.name = $3::text
