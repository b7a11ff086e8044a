"""Memory: learns lessons from what happened, without any model."""
