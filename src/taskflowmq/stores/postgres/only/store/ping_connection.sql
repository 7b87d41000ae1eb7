-- Proves that the connection answers.
SELECT 1
