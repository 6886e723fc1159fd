"""The incident page and the elder's page: everything a worker needs to judge and act on one case.

The board says that something is wrong; these pages say what happened, whom to call, what was done,
and how the elder's day and nights have been. They read through `store` and act through
`stations.work` and `stations.quiet`.
"""
