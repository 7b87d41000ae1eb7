"""The composition root: the only place that turns URLs into adapters and names into apps."""
