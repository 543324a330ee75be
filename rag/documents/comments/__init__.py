"""Finds readers' comments and posts: where they begin, who wrote each, when, to whom."""
