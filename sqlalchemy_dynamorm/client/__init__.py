"""Requests to responses: boto3, the embedded server, the catalog."""
