"""What many small trainings show about data and settings; each training is a job of :mod:`rnncli.jobs`."""
