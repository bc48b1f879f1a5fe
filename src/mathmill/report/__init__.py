"""Stage `report`: figures and tables."""
