"""What is known of image formats before anything is loaded: neither Pillow nor NumPy is needed."""
