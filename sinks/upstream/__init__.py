"""Uploads to the platform above (上传): profiles as data, projected records, batches, receipts."""
