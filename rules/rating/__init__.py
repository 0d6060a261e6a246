"""The rating (信用评价) of an enterprise: models as data, and how its score, grade and reasons follow from them."""
