"""A push: a source's tables are recognised, declared, sent, resumed, and answered with receipts."""
