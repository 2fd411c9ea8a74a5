"""A language host for Python: serves pulumirpc.LanguageRuntime to the engine."""
