"""Pictures, archives and videos in; results and annotated copies out."""
