"""Store and broker from wheels: started, watched and stopped by us, for a demo or a test.

Neither needs root, Docker or a system service; both keep their data in a folder that the caller
names, listen on loopback only, and end with the process that started them, however it ends.
"""
