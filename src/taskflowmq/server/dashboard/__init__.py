"""The dashboard's page and its files, answered from memory, without the framework and without a query."""
