"""The privacy documents as published: versions, what changed, who has to be asked again."""
