"""What a model file holds, whether it is as it should be, and whether rnncli works on this machine."""
