"""Recognising faces: arrays in, results out. No network, no files but the models, nothing remembered."""
