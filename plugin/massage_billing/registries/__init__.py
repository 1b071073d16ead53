"""Registries outside the clinic, behind ``ports.NpiRegistry``: the public NPI registry, and its fake."""
