"""How often answers are right, cited right and refused right: cases, measures, run, report."""
