"""The airports of the world on DynamoDB: a model, its migrations, and what one does with them."""
