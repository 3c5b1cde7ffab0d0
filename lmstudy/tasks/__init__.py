"""What a pretrained model is fine-tuned for: examples, how answers are judged, and what they are held against."""
