-- Finds the view that has a name in a scope.
SELECT v.id FROM taskflow_saved_view AS v WHERE v.tenant = :tenant AND v.scope = :scope AND v.name = :name
