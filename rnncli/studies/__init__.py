"""Questions that many small trainings answer, and what to label or to check next."""
