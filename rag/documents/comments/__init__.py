"""Finds readers' comments and posts, with the author, the date and the addressee of each."""
