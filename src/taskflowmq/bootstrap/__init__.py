"""Where everything is put together: the only place that turns URLs into adapters and names into apps."""
