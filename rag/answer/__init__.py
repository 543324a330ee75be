"""From hits to an answer: `understand` the question, `quote` sentences, `gather` more of them, write a `reply`."""
