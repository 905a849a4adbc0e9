"""What every request passes where it enters: redaction, recall marks, and the trust of its channel."""
