"""Who sends, who reads, and what each of them may."""
