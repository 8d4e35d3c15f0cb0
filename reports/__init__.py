"""Reports: stored outcomes turned into blocks, and blocks into text, Markdown, HTML, JSON and plots."""
