"""Measures how often answers, citations and refusals are right: data sets, measures, run, report."""
