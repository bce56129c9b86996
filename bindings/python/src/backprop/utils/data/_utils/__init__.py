"""What the DataLoader is made of: collate (samples to a batch), fetch (indices to a batch), worker and transport (processes), parallel (their loop)."""
