"""Words for people: catalogues of messages, one Fluent file per language, and what turns notes into sentences."""
