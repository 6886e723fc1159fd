"""One module a group of commands; each parses, calls, prints, and decides nothing itself."""
