"""Models and trainings that explain networks: a worked example, architectures side by side, a training to watch."""
