"""The monthly report of an area: what was answered, how soon, and by whom it could have been."""
