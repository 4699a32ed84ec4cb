"""What a survey saw: file formats, declared design, direct estimates, family networks →
Evidence.
"""
