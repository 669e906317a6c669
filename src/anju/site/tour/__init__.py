"""A walk through the running system as its people do it: over HTTP, the bus and a gate's own socket, with photographs."""
