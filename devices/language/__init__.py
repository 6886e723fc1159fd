"""What a profile.toml may say (`spec`), where its errors stand (`toml`), and how it is compiled.

Compiled once at load: a message meets only plain functions, never TOML.
"""
