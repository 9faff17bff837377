"""Connectors: one file a source, each fulfilling ``memory.data_source.DataSource``; all of them only read."""
