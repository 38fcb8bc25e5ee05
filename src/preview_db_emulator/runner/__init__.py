"""The stand-in for GitHub's runner: files, workflow commands, masks."""
