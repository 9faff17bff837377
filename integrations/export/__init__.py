"""What leaves the desk for others: the book as PDF and Markdown, and the signed record."""
