"""Weighted k-means on integer points; knows no colours."""
