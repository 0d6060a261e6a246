"""The rating: values of indicators become scores, grades and reasons, by every model that was published."""
