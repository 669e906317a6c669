"""Security incidents: who was affected, who is told, by when."""
