"""What recipients (banks and others) ask over HTTP: tokens, changes, views, questions and scores."""
