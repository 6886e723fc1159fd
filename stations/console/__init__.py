"""The duty console: server-rendered pages that stay live, for a tired worker with one screen.

Reads and acts through `store` and `stations.work`; it decides nothing about incidents itself.
"""
