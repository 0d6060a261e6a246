"""The enterprise's own pages: who may see what of it, and how it withdraws a consent. Chinese, without JavaScript."""
