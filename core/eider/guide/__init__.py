"""What an agent is given before it answers: policy and injected lines."""
