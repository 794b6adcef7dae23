"""Each command under the name that is typed."""
