"""Outcomes in words."""
