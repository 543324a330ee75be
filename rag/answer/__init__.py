"""From hits to an answer: the prompt, the sentences, their citations, the outcome."""
