[alembic]
script_location = ${script_location}
prepend_sys_path = .
path_separator = os

# For AWS: dynamodb://eu-west-1. Credentials come from the usual chain.
sqlalchemy.url = dynamodb://localhost:8000
