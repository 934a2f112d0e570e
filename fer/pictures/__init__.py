"""The only decoder of pictures: bytes of unknown origin in, pixels, PNG and JPEG out."""
