"""The stand-in for GitHub: its REST API and its webhook payloads."""
