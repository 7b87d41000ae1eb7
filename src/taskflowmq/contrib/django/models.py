"""No models: TaskFlow keeps its own tables. Django tells ``migrate`` only to applications that have this module."""
