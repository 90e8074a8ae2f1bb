"""Recipes, the loss, the schedule, the trainer and its journal."""
