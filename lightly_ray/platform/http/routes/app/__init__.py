"""What the web app reads and writes, one file per thing."""
