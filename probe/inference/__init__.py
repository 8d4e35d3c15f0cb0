"""Pure statistics: from stored outcomes to states, degraded intervals and recommendations. Time and randomness are arguments."""
